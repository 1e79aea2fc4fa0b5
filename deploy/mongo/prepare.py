"""`python -m deploy.mongo.prepare HOST:PORT[,…] KEYS [CA]`: users, roles and indexes, as declared; repeatable."""

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.mongo.admin import Passwords, connect_as_member, grant, index_all
from deploy.trouble import plainly


def prepare(hosts: Sequence[str], passwords: Passwords, *, ca: Path | None = None) -> None:
    """Needs a primary among `hosts`. Raises CannotStart where an index stands that differs from its declaration."""
    grant(hosts, passwords, ca=ca)
    with connect_as_member(hosts, passwords.key_file().read_text().strip(), ca=ca) as client:
        index_all(client)


if __name__ == "__main__":
    with plainly():
        prepare(sys.argv[1].split(","), Passwords(Path(sys.argv[2])), ca=Path(sys.argv[3]) if sys.argv[3:] else None)
