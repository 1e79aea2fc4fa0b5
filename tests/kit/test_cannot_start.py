"""A real process that cannot start: one clear line that names the setting, status 2, and never a secret."""

import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support.replica import replica
from tests.support.servers import Servers
from tests.support.waiting import until

TAKEN, RUBBISH = "taken", "rubbish"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nats_url": None}, "LOUNGE_NATS_URL: Field required"),
    ({"nats_url": "nats://127.0.0.1:1"}, "LOUNGE_NATS_URL: no nats-server answers at 127.0.0.1:1"),
    ({"nats_seed_file": "/nowhere/booking.nk"}, "/nowhere/booking.nk: No such file or directory"),
    ({"nats_seed_file": TAKEN}, "LOUNGE_NATS_SEED_FILE: the nats-server at {nats} refuses this key"),
    ({"nats_seed_file": RUBBISH}, "LOUNGE_NATS_SEED_FILE: {rubbish} holds no nkey seed"),
    ({"nats_ca_file": RUBBISH}, "LOUNGE_NATS_CA_FILE: {rubbish} is no file of certificates"),
    ({"nats_seeed_file": "x"}, "LOUNGE_NATS_SEEED_FILE: there is no such setting; is LOUNGE_NATS_SEED_FILE meant?"),
    ({"mongo_url": "postgres://a:secret@h"}, "LOUNGE_MONGO_URL: it is not like mongodb://"),
    ({"module": "tests.support.late_service"}, "LOUNGE_CLOCK: the system's clock is "),
    ({"mongo_url": None}, "LOUNGE_MONGO_URL: it is not set, and neither is LOUNGE_MONGO_URL_FILE"),
    ({"mongo_url": "mongodb://a:secret@127.0.0.1:1"}, "LOUNGE_MONGO_URL: no primary answers at 127.0.0.1:1"),
    ({"mongo_url": TAKEN}, "LOUNGE_MONGO_URL: MongoDB at {mongo} refuses: Authentication failed."),
    ({"mongo_url_file": "/nowhere/url", "mongo_url": None}, "LOUNGE_MONGO_URL_FILE: /nowhere/url cannot be read"),
    ({"http_port": TAKEN}, "LOUNGE_HTTP_PORT: 127.0.0.1:{port} cannot be opened: Address already in use"),
    ({"crash": "relay.nowhere:kill"}, "LOUNGE_CRASH: there is no crash point 'relay.nowhere'"),
    ({"clock": "sundial"}, "LOUNGE_CLOCK is 'system' or 'virtual:<file>', not 'sundial'"),
    (
        {"clock": "virtual:/tmp/x", "testing": "false"},
        "LOUNGE_CLOCK, LOUNGE_CRASH and LOUNGE_OUTBOUND_ALLOW are for tests",
    ),
]


async def test_a_process_that_cannot_start_says_why_in_one_line_and_exits_2(clean: Servers, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_text("secret rubbish")
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with ExitStack() as processes:
            started = []
            for number, (wrong, _) in enumerate(WRONG):
                folder = tmp_path / str(number)
                folder.mkdir()
                settings: dict[str, Any] = {
                    k: taken(clean, k, port) if v == TAKEN else rubbish if v == RUBBISH else v for k, v in wrong.items()
                }
                started.append(processes.enter_context(replica(clean, folder, connect_seconds=0.5, **settings)))
            await until(lambda: all(each.ended for each in started), seconds=40)
        for each, (wrong, sentence) in zip(started, WRONG, strict=True):
            mongo = f"127.0.0.1:{clean.mongo.port}"
            whole = sentence.format(port=port, nats=clean.nats_url[7:], mongo=mongo, rubbish=rubbish)
            assert each.text.splitlines()[-1].startswith(f"lounge: cannot start: {whole}"), each.text
            assert each.status == 2, wrong
            assert "secret" not in each.text
            assert "Traceback" not in each.text


def taken(servers: Servers, name: str, port: int) -> str:
    if name == "http_port":
        return str(port)
    if name == "nats_seed_file":
        return str(servers.seed_file("stranger"))
    return servers.mongo_url("booking").replace("booking:", "booking:secret")
