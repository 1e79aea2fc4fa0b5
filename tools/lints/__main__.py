"""`python -m tools.lints [root]`: prints each finding, exits 1 if there is one."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.lints import calls, shapes, walls
from tools.lints.rooms import missing_rooms
from tools.lints.source import Finding, Source, sources

FOLDERS = ("services", "shared", "deploy", "tools", "tests")
RULES = (*walls.RULES, *calls.RULES, *shapes.RULES)


def findings(source: Source) -> Iterator[Finding]:
    """What every rule finds in `source`, less what its lines allow with a reason."""
    for rule in RULES:
        for found in rule(source):
            if not source.allows(found.line, found.rule):
                yield found


def main(root: Path) -> int:
    found = [each for source in sources(root, FOLDERS) for each in findings(source)]
    found += missing_rooms(root)
    for each in found:
        print(each)
    print(f"{len(found)} findings by {len(RULES) + 1} rules of our own")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()))
