"""Whose bookings somebody may see and touch; to all others they are not there."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Self

from shared.kernel.refusal import Forbidden


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

    def speaks_for(self, parties: Collection[str]) -> bool:
        """Whether it is one of these people, or somebody who assists one; else it is the house that speaks."""
        return not self.assisted.union((self.member,)).isdisjoint(parties)

    def has_charge_of(self, site: str) -> None:
        """Raises Forbidden for all but the site's staff and operators."""
        if not self.sees_all_of(site):
            raise Forbidden


ITSELF = Viewer("booking", everything=True)
"""The service itself, acting by the clock or for somebody who is not to be named."""
