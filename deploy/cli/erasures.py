"""`lounge erasures`: who was forgotten, and forgetting them again after an older back-up was restored."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import DEFAULT, AsJson, Data

app = typer.Typer(help="Erasures of people: list them, repeat them after a restore.", no_args_is_help=True)


@app.command("list", epilog="Example: lounge erasures list --json > /elsewhere/erasures.json")
def list_(data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Every erasure with its parts and its seal: ids and counts, no names. Keep the list apart from the back-ups."""
    from deploy.cli import erasing, showing

    found = erasing.listed(data)
    if not as_json:
        found = [
            {name: each[name] for name in ("member", "status", "asked_at", "completed_at", "intact")}
            | {"waits_for": ", ".join(part["service"] for part in each["parts"] if part["done_at"] is None)}
            for each in found
        ]
    showing.table(found, as_json=as_json)


@app.command(epilog="Example: lounge erasures replay --from /elsewhere/erasures.json")
def replay(
    source: Annotated[Path, typer.Option("--from", help="What `lounge erasures list --json` printed before.")],
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Forget once more whoever of that list is there again."""
    from deploy.cli import erasing, showing

    showing.table(erasing.replayed(data, source), as_json=as_json)
