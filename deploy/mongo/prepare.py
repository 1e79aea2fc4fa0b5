"""`python -m deploy.mongo.prepare PORT KEYS`: users, roles and indexes, as declared; repeatable."""

import sys
from pathlib import Path

from deploy.mongo.admin import ADMIN, Passwords, connect, grant, index_all


def prepare(port: int, passwords: Passwords) -> None:
    """Needs a primary on this port. Raises RuntimeError where an index stands that differs from its declaration."""
    grant(port, passwords)
    with connect(port, passwords.of(ADMIN)) as client:
        index_all(client)


if __name__ == "__main__":
    prepare(int(sys.argv[1]), Passwords(Path(sys.argv[2])))
