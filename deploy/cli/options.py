"""Options that most commands of `lounge` take."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", envvar="LOUNGE_DATA", help="Data folder of the running system.")]
AsJson = Annotated[bool, typer.Option("--json", help="Facts as JSON on stdout, nothing else.")]
DEFAULT = Path(".lounge")
