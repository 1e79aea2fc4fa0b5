"""Every service has the same rooms, so that who knows one finds their way in all."""

from collections.abc import Iterator
from pathlib import Path

from tools.lints.source import Finding

ROOMS = ("domain", "handlers", "queries", "store", "publish", "subscribers", "settings", "app", "__main__")
GATEWAY_ROOMS = ("routes", "settings", "app", "__main__")


def missing_rooms(root: Path) -> Iterator[Finding]:
    """Rooms that are neither a file nor a package of that name, and services without their card."""
    for service in sorted(path for path in (root / "services").iterdir() if (path / "__init__.py").exists()):
        name = service.relative_to(root).as_posix()
        for room in GATEWAY_ROOMS if service.name == "gateway" else ROOMS:
            if not (service / f"{room}.py").exists() and not (service / room / "__init__.py").exists():
                yield Finding(f"{name}/{room}.py", 1, "rooms", "every service has this room")
        if not (service / "README.md").exists():
            yield Finding(f"{name}/README.md", 1, "rooms", "owns, commands in, events out, events in, invariants")
