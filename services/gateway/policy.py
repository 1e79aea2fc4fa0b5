"""Who may use a door at all, as data. What a principal may see or change behind it, its service decides."""

from dataclasses import dataclass

from services.gateway.refusals import NotForThisPrincipal, Unauthenticated
from shared.contracts.message import Principal


@dataclass(frozen=True, slots=True)
class Policy:
    """`kinds` of principals, of whom one of `roles` is asked where any are named; `scope` binds programs alone."""

    anonymous: bool = False
    kinds: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    scope: str = ""

    def admit(self, principal: Principal | None) -> None:
        """Raises Unauthenticated where nobody asks, NotForThisPrincipal where somebody else should."""
        if self.anonymous:
            return
        if principal is None:
            raise Unauthenticated
        if principal.kind not in self.kinds:
            raise NotForThisPrincipal
        if principal.kind == "site":
            return
        if self.roles and not self.roles & principal.roles:
            raise NotForThisPrincipal
        if principal.kind == "program" and not self._covered(principal.scopes):
            raise NotForThisPrincipal

    def _covered(self, scopes: frozenset[str]) -> bool:
        """`<thing>:write` covers `<thing>:read`."""
        return self.scope in scopes or f"{self.scope.partition(':')[0]}:write" in scopes

    def within(self, scope: str) -> "Policy":
        """The same, for programs that hold `scope`."""
        return Policy(self.anonymous, self.kinds, self.roles, scope)


_PEOPLE = frozenset({"member", "program"})
_STAFF = frozenset({"site_staff", "operator"})

ANYONE = Policy(anonymous=True)
SESSION = Policy(kinds=frozenset({"member"}))
"""A person who signed in, never a key."""
SIGNED_IN = Policy(kinds=_PEOPLE)
EVERY_PRINCIPAL = Policy(kinds=_PEOPLE | {"site"})
ADMIN = Policy(kinds=_PEOPLE, roles=_STAFF | {"organization_admin"})
STAFF = Policy(kinds=_PEOPLE, roles=_STAFF)
STAFF_IN_PERSON = Policy(kinds=frozenset({"member"}), roles=_STAFF)
"""What would let a program in as somebody else: no key does it."""
SITE = Policy(kinds=frozenset({"site"}))
SITE_OR_STAFF = Policy(kinds=_PEOPLE | {"site"}, roles=_STAFF)
OPERATOR = Policy(kinds=_PEOPLE, roles=frozenset({"operator"}))
