"""`lounge dlq`: messages that could not be handled, why, and again."""

from typing import Annotated

import typer

from deploy.cli.options import DEFAULT, AsJson, Data

Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers as `lounge dlq list` shows them.")]
Every = Annotated[bool, typer.Option("--all", help="All of them, instead of numbers.")]
Of = Annotated[str | None, typer.Option("--durable", help="Only those this consumer could not handle.")]

app = typer.Typer(help="Dead letters: list, show, replay, discard.", no_args_is_help=True)


@app.command("list", epilog="Example: lounge dlq list --durable notify__booking_placed")
def list_(durable: Of = None, data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """What is parked, oldest first: number, consumer, subject, reason."""
    from deploy.cli import parked, showing

    showing.table(parked.listed(data, durable), as_json=as_json)


@app.command(epilog="Example: lounge dlq show 17")
def show(number: int, data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """One dead letter with its content."""
    from deploy.cli import parked, showing

    showing.facts(parked.shown(data, number), as_json=as_json)


@app.command(epilog="Example: lounge dlq replay 17 18")
def replay(
    numbers: Numbers = None, every: Every = False, durable: Of = None, data: Data = DEFAULT, as_json: AsJson = False
) -> None:
    """Put the original back on its subject, then take it off the dead letters."""
    from deploy.cli import parked, showing

    _one_way(numbers, every=every)
    showing.table(parked.replayed(data, numbers, durable), as_json=as_json)


@app.command(epilog="Example: lounge dlq discard --all --durable notify__seminar_changed")
def discard(
    numbers: Numbers = None, every: Every = False, durable: Of = None, data: Data = DEFAULT, as_json: AsJson = False
) -> None:
    """Take them off for good."""
    from deploy.cli import parked, showing

    _one_way(numbers, every=every)
    showing.table(parked.discarded(data, numbers, durable), as_json=as_json)


def _one_way(numbers: list[int] | None, *, every: bool) -> None:
    if bool(numbers) is every:
        raise typer.BadParameter("give numbers, or --all")
