"""The `lounge` command: its words and options. What each does is imported only when it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import dead_letters, erasures, keys, producers
from deploy.cli.options import DEFAULT, AsJson, Data

app = typer.Typer(
    help="LINK-J Lounge: run it, ask it, repair it. Exit status: 0 done, 1 refused or failed, 2 cannot even begin.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
operators = typer.Typer(help="People who may do everything.", no_args_is_help=True)
app.add_typer(operators, name="operator")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(producers.app, name="site")
app.add_typer(keys.app, name="keys")
app.add_typer(erasures.app, name="erasures")


@app.command(epilog="Example: lounge up --port 9000 --scale booking=3")
def up(
    data: Annotated[Path, typer.Option("--data", envvar="LOUNGE_DATA", help="Where everything is kept.")] = DEFAULT,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The gateway's port; 0 takes a free one.")] = 8080,
    scale: Annotated[list[str] | None, typer.Option(help="Replicas, as booking=3; may be repeated.")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Without the demonstration data.")] = False,
    more: Annotated[list[str] | None, typer.Argument(metavar="SERVICE=N", help="More of --scale.")] = None,
) -> None:
    """Run the whole system on this machine until Ctrl-C."""
    from deploy.embedded.plan import Wanted, scale_of
    from deploy.embedded.up import up as run

    try:
        replicas = scale_of([*(scale or []), *(more or [])])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(run(Wanted(data=data, port=port, scale=replicas, empty=empty)))


@app.command(epilog="Example: LOUNGE_NATS_URL=nats://hub:4222 … lounge serve booking")
def serve(service: Annotated[str, typer.Argument(help="booking, members, events, notify or gateway.")]) -> None:
    """Run one replica of one service, configured by its environment (LOUNGE_…)."""
    import runpy

    from shared.contracts.topology import SERVICES

    if service not in (*SERVICES, "gateway"):
        raise typer.BadParameter(f"there is no service {service!r}")
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)


@app.command(epilog='Example: curl -H "Authorization: Bearer $(lounge token staff@linkj.example)" …')
def token(email: str, data: Data = DEFAULT, as_json: AsJson = False) -> None:  # noqa: ARG001 — bare either way
    """Print an access token of this member, for scripts; always the bare token."""
    from deploy.cli import asking

    print(asking.token(data, email))


@app.command(epilog="Example: lounge mail --to staff@linkj.example --json | jq -r '.[-1].text'")
def mail(
    to: Annotated[str | None, typer.Option(help="Only those to this address.")] = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show the mails the embedded sink holds, newest last."""
    from deploy.cli import showing

    showing.mail(data, to, as_json=as_json)


@app.command(epilog="Example: lounge status --json | jq .status")
def status(data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Services and replicas, consumer lag, oldest unsent event, dead letters."""
    from deploy.cli import asking, showing

    showing.status(asking.status(data), as_json=as_json)


@app.command(epilog="Example: lounge republish --since 2026-12-15T00:00:00Z")
def republish(
    since: Annotated[str | None, typer.Option(help="All events from this instant on (RFC 3339 with offset).")] = None,
    state: Annotated[str | None, typer.Option(help="Every state of this service that the stream lacks.")] = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Send events or states again, with new message ids; consumers do nothing twice."""
    from deploy.cli import asking, showing

    if (since is None) is (state is None):
        raise typer.BadParameter("give either --since or --state")
    showing.table(asking.republish(data, since, state), as_json=as_json)


@app.command(epilog="Example: lounge verify --against /backups/2026-12-15 --json | jq '.services[].problems'")
def verify(
    service: Annotated[str | None, typer.Option(help="Only this one's record.")] = None,
    against: Annotated[Path | None, typer.Option(help="A back-up that the record must still follow from.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The nkeys' folder, where it is not the data's.")] = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Check every log: numbers, chains, anchors, what was sent against the stream. Exit status 1 where one is wrong."""
    from deploy.cli import showing, verifying

    told = verifying.verify(data, service, against=against, keys=keys)
    showing.verified(told, as_json=as_json)
    raise typer.Exit(1 if any(each["problems"] for each in told) else 0)


@app.command(epilog="Example: lounge anchor --json")
def anchor(
    service: Annotated[str | None, typer.Option(help="Only this one's documents.")] = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Sign where every log stands, now; the services do it by themselves once a day."""
    from deploy.cli import showing, verifying

    showing.table(verifying.anchor(data, service), as_json=as_json)


@app.command(epilog="Example: lounge migrate --dry-run --json")
def migrate(
    service: Annotated[str | None, typer.Option(help="Only this one's documents.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, and try whether each could be.")] = False,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Rewrite documents that stand in an older form, beside everything else; begun again it goes on."""
    from deploy.cli import migrating, showing

    rows = migrating.migrate(data, service, dry_run=dry_run)
    showing.table(rows, as_json=as_json)
    raise typer.Exit(1 if any(row["faults"] for row in rows) else 0)


@app.command(epilog="Example: lounge retime --dry-run --json | jq '.[].stayed'")
def retime(
    site: Annotated[str | None, typer.Option(help="Only this one's bookings.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """After new rules of time zones: what is to come keeps its wall time. Exit status 1 where something could not."""
    from deploy.cli import retiming, showing

    rows = retiming.retime(data, site, dry_run=dry_run)
    showing.retimed(rows, as_json=as_json)
    raise typer.Exit(1 if any(row["stayed"] for row in rows) else 0)


@app.command(epilog="Example: lounge storage --limit 20G")
def storage(
    limit: Annotated[str | None, typer.Option(help="What each server may store from now on, as 20G.")] = None,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What JetStream has stored, by server and by stream; changes what it may, without a restart."""
    from deploy.cli import showing, storage

    showing.storage(storage.stored(data, limit), as_json=as_json)


@app.command(epilog="Example: lounge backup --to /backups/2026-12-15 --json | jq .documents")
def backup(
    to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="The data folder's keys as well: guard it so.")
    ] = False,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Copy every service's database as it is at one moment, while it runs."""
    from deploy.cli import backups, showing

    showing.facts(backups.backup(data, to, with_keys=with_keys), as_json=as_json)


@app.command(epilog="Example: lounge restore --from /backups/2026-12-15 --data .lounge")
def restore(
    source: Annotated[Path, typer.Option("--from", help="The folder of a back-up.")],
    check: Annotated[bool, typer.Option("--check", help="Only read it, and say whether it is whole.")] = False,
    streams_anew: Annotated[
        bool, typer.Option("--streams-anew", help="Where NATS was not lost: make its streams begin anew.")
    ] = False,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Bring a back-up into an empty installation whose services do not run."""
    from deploy.cli import backups, finding, showing

    if check:
        return showing.facts(backups.check(source), as_json=as_json)
    told = backups.restore(data, source, finding.clock(), streams_anew=streams_anew)
    return showing.facts(told, as_json=as_json)


@operators.command("add", epilog="Example: lounge operator add ops@linkj.example")
def operator_add(email: str, data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Make the member of this address an operator; makes the member if there is none."""
    from deploy.cli import asking, showing

    showing.facts(asking.add_operator(data, email), as_json=as_json)


@app.command(epilog="Example: lounge trace 06pbq2k4tk5…   (the X-Request-Id of an answer)")
def trace(correlation_id: str, data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Walk through all services' logs along one request, from HTTP to the sent mail."""
    from deploy.cli import showing

    showing.trace(data, correlation_id, as_json=as_json)


def main() -> None:
    """The entry point: a known trouble is one sentence on stderr, never a traceback."""
    from deploy.trouble import plainly

    with plainly():
        app()


if __name__ == "__main__":
    main()
