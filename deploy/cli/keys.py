"""`lounge keys`: what opens the servers and signs the tokens, changed while everything runs."""

from typing import Annotated

import typer

from deploy.cli.options import DEFAULT, AsJson, Data

Names = Annotated[list[str] | None, typer.Argument(help="As `lounge keys list` shows them: booking, gateway, ops, …")]
Every = Annotated[bool, typer.Option("--all", help="All of them but the sites' own, instead of names.")]
Now = Annotated[bool, typer.Option("--now", help="A key was stolen: cut off whoever still uses the former.")]
Patience = Annotated[float, typer.Option("--patience", min=1, help="Seconds to wait for every process to change over.")]

app = typer.Typer(help="Keys: list them, and change them without a restart.", no_args_is_help=True)


@app.command("list", epilog="Example: lounge keys list --json")
def list_(data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Everybody's public nkey, and a former one that still opens the server."""
    from deploy.cli import rotating, showing

    showing.table(rotating.listed(data), as_json=as_json)


@app.command(epilog="Example: lounge keys rotate booking gateway")
def rotate(
    names: Names = None,
    every: Every = False,
    now: Now = False,
    patience: Patience = 150.0,
    data: Data = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Give services and ops new nkeys; said again after a stop in the middle, it goes on where it was."""
    from deploy.cli import rotating, showing

    if bool(names) is every:
        raise typer.BadParameter("give names, or --all")
    showing.table(rotating.rotated(data, names, patience=0 if now else patience), as_json=as_json)


@app.command(epilog="Example: lounge keys rotate-signing")
def rotate_signing(data: Data = DEFAULT, as_json: AsJson = False) -> None:
    """Publish a new key for access tokens now; it signs in six minutes, the old one's tokens live out."""
    from deploy.cli import rotating, showing

    showing.table(rotating.signing(data), as_json=as_json)
