"""`lounge up`: the whole system on this machine, from nothing to the ready line, and down again."""

import asyncio
import signal

from deploy.embedded import readiness
from deploy.embedded.binaries import mongod, nats_server
from deploy.embedded.folder import DataFolder
from deploy.embedded.plan import House, Wanted
from deploy.embedded.supervisor import Supervisor
from deploy.told import refuse_unknown, store_bytes
from deploy.waiting import busy


def up(wanted: Wanted) -> int:
    """Run until SIGTERM, SIGINT or SIGHUP. Raises CannotStart, with nothing damaged, if it cannot."""
    refuse_unknown()
    store_bytes()
    mongod(), nats_server()
    folder = DataFolder(wanted.data)
    folder.take()
    try:
        return asyncio.run(_live(House(folder, wanted)))
    finally:
        folder.release()


async def _live(house: House) -> int:
    stopping = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, stopping.set)
    supervisor = Supervisor(lambda: house.folder.tell(house.urls, supervisor.running()))
    tasks = [asyncio.create_task(_rise_and_keep(house, supervisor)), asyncio.create_task(stopping.wait())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await supervisor.stop()
    return 0


async def _rise_and_keep(house: House, supervisor: Supervisor) -> None:
    """Everything starts at once; the services then wait for the servers, the gateway for the services."""
    with busy("Starting mongod and nats-server") as say:
        for kept in [*house.servers(), *house.services()]:
            supervisor.add(kept)
        await asyncio.gather(readiness.nats(house), readiness.mongo(house))
        house.word["services"].touch()
        watching = asyncio.create_task(supervisor.watch())
        try:
            say("Starting the services")
            await readiness.services(house, supervisor.kept)
            if not house.wanted.empty:
                say("Furnishing the demonstration")
                await readiness.furnished(house)
            say("Opening the gateway")
            house.word["gateway"].touch()
            await readiness.gateway(house, supervisor.kept)
        except BaseException:
            watching.cancel()
            raise
    print(ready_line(house), flush=True)
    try:
        await watching
    finally:
        watching.cancel()


def ready_line(house: House) -> str:
    """The one line that says it is up: the address, and three commands to try."""
    data = "" if house.wanted.data.name == ".lounge" else f" --data {house.wanted.data}"
    if house.wanted.empty:
        first = [f"lounge operator add you@linkj.example{data}", f"lounge status{data}"]
        return " · ".join([f"Ready: {house.gateway_url}", *first, f"curl {house.gateway_url}/health/ready"])
    token = f"lounge token member-a@special.example{data}"
    asks = f'curl -H "Authorization: Bearer $({token})" {house.gateway_url}/v1/sites/nyc/availability'
    return " · ".join([f"Ready: {house.gateway_url}", asks, f"lounge mail{data}", f"lounge status{data}"])
