"""What handlers of members log, as they say it."""

from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Lines:
    """In the place of a module's `log`; (event, fields) of each line, oldest first."""

    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **fields: Any) -> None:
        self.said.append((event, fields))

    warning = info


def logged(monkeypatch: pytest.MonkeyPatch, module: Any) -> Lines:
    """From now on, what `module` logs."""
    lines = Lines()
    monkeypatch.setattr(module, "log", lines)
    return lines
