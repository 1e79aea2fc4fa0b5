"""Who asks, and what that makes them."""

from __future__ import annotations

from dataclasses import dataclass

from services.members.domain.member import Role

_STAFF = {Role.SITE_STAFF, Role.OPERATOR}
_GRANTED_BY_ADMIN = {Role.MEMBER, Role.ORGANIZATION_ADMIN}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `organization` is the one acted for; `organizations` begins with the home organization."""

    id: str
    roles: frozenset[str] = frozenset()
    organization: str | None = None
    organizations: tuple[str, ...] = ()
    site: str | None = None
    is_program: bool = False

    @property
    def is_operator(self) -> bool:
        return Role.OPERATOR in self.roles

    @property
    def is_staff(self) -> bool:
        return bool(_STAFF & self.roles)

    @property
    def administers(self) -> str | None:
        """An admin's rights hold in the home organization, and only while acting for it."""
        home = self.organizations[0] if self.organizations else self.organization
        return home if Role.ORGANIZATION_ADMIN in self.roles and self.organization in (None, home) else None

    def may_grant(self, roles: frozenset[Role], site: str | None) -> bool:
        """Nobody gives more than they have: an operator all, site staff their own site's, an admin neither."""
        if self.is_operator:
            return True
        if Role.SITE_STAFF in self.roles:
            return Role.OPERATOR not in roles and (Role.SITE_STAFF not in roles or site == self.site)
        return self.administers is not None and roles <= _GRANTED_BY_ADMIN
