"""One parsed file, what a rule may find in it, and how a line asks for an exception."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ALLOW = re.compile(r"#\s*lint: allow (?P<rule>[a-z-]+) [—-] \S.{7,}")
"""`# lint: allow publish-in-kit — why this one line may`: a reason of a few words is part of the syntax."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A line that breaks a rule, and what to do about it."""

    path: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.advice}"


@dataclass(frozen=True)
class Source:
    """A Python file by its path from the checkout's root, with `/`."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """Line number and text of every comment; what looks like one inside a string is none."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(each.start[0], each.string) for each in tokens if each.type == tokenize.COMMENT]

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).parts

    @property
    def in_domain(self) -> bool:
        """Part of a service's `domain`, be it a package or one file."""
        return self.parts[0] == "services" and len(self.parts) > 2 and self.parts[2].removesuffix(".py") == "domain"

    def is_room(self, room: str) -> bool:
        """Whether this is `services/<any>/<room>.py`, or a file of the package of that name."""
        return self.parts[0] == "services" and len(self.parts) > 2 and self.parts[2].removesuffix(".py") == room

    def under(self, *folders: str) -> bool:
        return any(self.path.startswith(f"{folder}/") for folder in folders)

    def allows(self, line: int, rule: str) -> bool:
        """Whether that line carries a reasoned exception to `rule`."""
        found = ALLOW.search(self.lines[line - 1]) if line <= len(self.lines) else None
        return found is not None and found["rule"] == rule


def sources(root: Path, folders: tuple[str, ...]) -> Iterator[Source]:
    """Every Python file under `folders`, in order of path."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a name or an attribute chain; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
