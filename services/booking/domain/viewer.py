"""Whose bookings somebody may see and touch; to all others they are not there."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member sees what they booked or what was booked for them; staff of `site` its bookings too; operators all."""

    member: str
    site: str | None = None
    everything: bool = False

    @classmethod
    def of(cls, member: str, roles: Collection[str], site: str | None) -> Self:
        """`site` is whose staff they are, if they have that role."""
        return cls(member, site if "site_staff" in roles else None, "operator" in roles)

    def sees_all_of(self, site: str | None) -> bool:
        """Whether all bookings of that site (None: of every site) are theirs to see."""
        return self.everything or (site is not None and site == self.site)


ITSELF = Viewer("", everything=True)
"""The service itself, acting by the clock."""
