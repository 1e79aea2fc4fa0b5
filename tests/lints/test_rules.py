"""Each rule of the house finds what it forbids, and leaves alone what it allows."""

import pytest

from tools.lints.__main__ import findings
from tools.lints.source import Source

DOMAIN = "services/booking/domain/booking.py"
SUBSCRIBERS = "services/notify/subscribers.py"
HANDLERS = "services/booking/handlers.py"

FORBIDDEN = [
    ("domain-imports", DOMAIN, "import pydantic\n"),
    ("domain-imports", DOMAIN, "from services.booking.store import Bookings\n"),
    ("domain-imports", DOMAIN, "import random\n"),
    ("domain-imports", DOMAIN, "from random import choice\n"),
    ("domain-imports", "services/booking/domain.py", "from . import store\n"),
    ("domain-is-pure", DOMAIN, "async def place() -> None: ...\n"),
    ("domain-is-pure", DOMAIN, "@dataclass(slots=True)\nclass Booking: ...\n"),
    ("domain-is-pure", DOMAIN, "@dataclass\nclass Booking: ...\n"),
    ("kernel-imports", "shared/kernel/text.py", "from shared.contracts.message import Text\n"),
    ("publish-in-kit", HANDLERS, "async def f(js):\n    await js.publish('evt.x', b'')\n"),
    ("subscribers-translate", SUBSCRIBERS, "def f(x):\n    if x: pass\n"),
    ("subscribers-translate", SUBSCRIBERS, "def f(x):\n    return 1 if x else 2\n"),
    ("subscribers-translate", "services/notify/subscribers/mail.py", "def f():\n    try: g()\n    except E: pass\n"),
    ("subscribers-explicit", SUBSCRIBERS, "@service.event(stream='EVENTS', model=M)\nasync def f(e): ...\n"),
    ("log-events", HANDLERS, "log.info(f'placed {x}')\n"),
    ("log-events", HANDLERS, "def f():\n    log.info('Booking placed', id=1)\n"),
    ("nothing-at-import", HANDLERS, "client = connect('x')\n"),
    ("nothing-at-import", HANDLERS, "SEED = os.environ['SEED']\n"),
    ("nothing-at-import", HANDLERS, "start()\n"),
    ("nothing-at-import", HANDLERS, "TEMPLATE = Path('x').read_text()\n"),
    ("length", HANDLERS, "x = 1\n" * 301),
    ("length", DOMAIN, "x = 1\n" * 201),
    ("names", "services/booking/utils.py", ""),
    ("names", "shared/kit/common/text.py", ""),
    ("names", "services/booking/service.py", ""),
    ("reasons", HANDLERS, "x = eval('1')  # noqa: S307\n"),
    ("reasons", HANDLERS, "x = 1  # type: ignore[assignment]\n"),
    ("reasons", HANDLERS, "x = 1  # type: ignore\n"),
]

ALLOWED = [
    (DOMAIN, "from dataclasses import dataclass\nfrom shared.kernel.ids import new_id\n"),
    (DOMAIN, "from services.booking.domain.quota import Quota\n"),
    (DOMAIN, "from random import Random\n"),
    (DOMAIN, "@dataclass(frozen=True, slots=True)\nclass Booking: ...\n"),
    ("shared/kit/relay.py", "async def f(js):\n    await js.publish('evt.x', b'')\n"),
    (
        "deploy/site/publish.py",
        "def f(js):\n    js.publish('x')  # lint: allow publish-in-kit — a site is a producer\n",
    ),
    (
        SUBSCRIBERS,
        "@service.event(stream='EVENTS', durable='d', model=M, ack_policy=A.NACK_ON_ERROR)\nasync def f(e): ...\n",
    ),
    (HANDLERS, "def f():\n    log.info('booking.placed', booking=1)\n"),
    (HANDLERS, "LIMIT = int('4')\nrouter = Router()\n"),
    ("services/booking/__main__.py", "run(build(Settings()))\n"),
    ("tests/booking/test_x.py", "start()\n"),
    (HANDLERS, "x = 1\n" * 300),
    (HANDLERS, "x = eval('1')  # noqa: S307 — the text is a constant of ours\n"),
    (HANDLERS, "x = 1  # type: ignore[assignment] # the stub is older than the library\n"),
    (HANDLERS, "advice = '# noqa: S307'\n"),
]


def rules_broken(path: str, text: str) -> set[str]:
    return {found.rule for found in findings(Source(path, text))}


@pytest.mark.parametrize(("rule", "path", "text"), FORBIDDEN)
def test_what_is_forbidden_is_found(rule: str, path: str, text: str) -> None:
    assert rule in rules_broken(path, text)


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_what_is_allowed_is_left_alone(path: str, text: str) -> None:
    assert rules_broken(path, text) == set()


def test_an_exception_without_a_reason_allows_nothing() -> None:
    line = "def f(js):\n    js.publish('x')  # lint: allow publish-in-kit\n"
    assert rules_broken("deploy/site/publish.py", line) == {"publish-in-kit"}


def test_an_exception_allows_only_the_rule_it_names() -> None:
    line = "def f(js):\n    js.publish('x')  # lint: allow log-events — a site is a producer\n"
    assert rules_broken("deploy/site/publish.py", line) == {"publish-in-kit"}


def test_a_finding_names_the_file_the_line_and_what_to_do() -> None:
    found = list(findings(Source(HANDLERS, "\n\nstart()\n")))
    assert str(found[0]).startswith(f"{HANDLERS}:3: nothing-at-import: ")
