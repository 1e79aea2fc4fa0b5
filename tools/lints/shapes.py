"""Sizes, names, and exceptions that say why. (Statements and arguments of a function are ruff's to count.)"""

import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

LONGEST, LONGEST_DOMAIN = 300, 200
BANNED = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "base", "data", "process", "misc"})
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|nosec|pragma: no cover)(?P<rest>.*)$")
CODES = re.compile(r"^(\[[^\]]*\]|:?\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)")
SHORTEST_REASON = 8


def length(source: Source) -> Iterator[Finding]:
    """A file has at most 300 lines, one of a domain 200: more is a package of the same name."""
    longest = LONGEST_DOMAIN if source.in_domain else LONGEST
    if len(source.lines) > longest:
        advice = f"{len(source.lines)} lines, at most {longest}: make it a package of the same name"
        yield Finding(source.path, longest, "length", advice)


def names(source: Source) -> Iterator[Finding]:
    """A module is named for what it holds. `service.py` inside a service would say nothing either."""
    for part in source.parts:
        name = part.removesuffix(".py")
        if name in BANNED or (name == "service" and source.under("services")):
            yield Finding(source.path, 1, "names", f"{name!r} says nothing; name it for what it holds")


def reasons(source: Source) -> Iterator[Finding]:
    """A silenced check says why on its line: `# noqa: S310 — the address is a constant`."""
    for number, comment in source.comments:
        found = EXCEPTION.search(comment)
        if found and len(CODES.sub("", found["rest"]).strip(" #—-:")) < SHORTEST_REASON:
            yield Finding(source.path, number, "reasons", "say on the line why the check does not apply")


RULES = (length, names, reasons)
