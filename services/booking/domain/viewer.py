"""Whose bookings somebody may see and touch; to all others they are not there."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member sees what they booked or what was booked for them; staff of `site` its bookings too; operators all.

    An assistant sees what those see whom they assist (`assisted`), as far as it is of an organization of their own
    (`organizations`).
    """

    member: str
    site: str | None = None
    everything: bool = False
    assisted: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()

    @classmethod
    def of(cls, member: str, roles: Collection[str], site: str | None) -> Self:
        """`site` is whose staff they are, if they have that role."""
        return cls(member, site if "site_staff" in roles else None, "operator" in roles)

    def assisting(self, members: Iterable[str], organizations: Iterable[str]) -> Self:
        """The same, who assists them too."""
        return replace(self, assisted=frozenset(members), organizations=frozenset(organizations))

    def sees_all_of(self, site: str | None) -> bool:
        """Whether all bookings of that site (None: of every site) are theirs to see."""
        return self.everything or (site is not None and site == self.site)


ITSELF = Viewer("", everything=True)
"""The service itself, acting by the clock."""
