"""A person: names as written, one address, organizations, roles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from services.members.domain.address import Address
from services.members.domain.reserved import NameReserved, looks_official
from shared.kernel.decision import Decision
from shared.kernel.names import Name
from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Language, Text


class Role(StrEnum):
    MEMBER = "member"
    ORGANIZATION_ADMIN = "organization_admin"
    SITE_STAFF = "site_staff"
    OPERATOR = "operator"


class SiteRequired(Invalid):
    code = "site-required"
    message = Text(ja="site_staff には拠点の指定が必要です。", en="The role site_staff needs a site.")


class EmailTaken(Refusal):
    code = "email-taken"
    message = Text(ja="このメールアドレスは登録済みです。", en="A member with this e-mail address exists already.")


@dataclass(frozen=True, slots=True)
class MemberCreated:
    id: str
    organization: str


@dataclass(frozen=True, slots=True)
class MemberChanged:
    id: str
    changed: tuple[str, ...]


MemberEvent = MemberCreated | MemberChanged


@dataclass(frozen=True, slots=True)
class MemberChange:
    """None leaves a field as it is. `further` are the organizations beside the home organization, all of them;
    `assistants` are all that the person has.
    """

    organization: str | None = None
    further: tuple[str, ...] | None = None
    address: Address | None = None
    name: Name | None = None
    language: Language | None = None
    time_zone: str | None = None
    roles: frozenset[Role] | None = None
    site: str | None = None
    active: bool | None = None
    assistants: tuple[str, ...] | None = None

    @property
    def is_personal(self) -> bool:
        """True where it touches only what everyone decides about themselves."""
        own = MemberChange(name=self.name, language=self.language, time_zone=self.time_zone, assistants=self.assistants)
        return self == own


@dataclass(frozen=True, slots=True)
class Member:
    """`organizations` begins with the home organization; `site` is the one a site_staff works for.

    `assistants` are the ids of those who may book for this person, and see what is booked for them. `era` counts how
    often everything was ended in which they were signed in: a session of an earlier era is over; `keys_era` likewise
    for their own API keys.
    """

    id: str
    organizations: tuple[str, ...]
    address: Address
    name: Name
    language: Language
    time_zone: str
    roles: frozenset[Role]
    site: str | None = None
    active: bool = True
    assistants: tuple[str, ...] = ()
    era: int = 0
    keys_era: int = 0

    @property
    def organization(self) -> str:
        return self.organizations[0]

    @property
    def claims(self) -> tuple[str, ...]:
        """Held for ever, also when inactive: an address is one person's."""
        return (email_claim(self.address),)

    def enrol(self) -> Decision[Member, MemberEvent]:
        """The person becomes known. Raises SiteRequired, NameReserved."""
        _check_name(self)
        return Decision(_valid(self), [MemberCreated(self.id, self.organization)])

    def erase(self) -> Decision[ErasedMember, MemberEvent]:
        """Nothing is left of the person but the id, which nobody else will ever have."""
        return Decision(ErasedMember(self.id), [MemberChanged(self.id, ("erased",))])

    def revise(self, change: MemberChange) -> Decision[Member, MemberEvent]:
        """Raises SiteRequired; NameReserved for a new name only: who stops being staff keeps the one they have."""
        further = self.organizations[1:] if change.further is None else change.further
        revised = _valid(
            replace(
                self,
                organizations=belonging(change.organization or self.organization, further),
                address=change.address or self.address,
                name=change.name or self.name,
                language=change.language or self.language,
                time_zone=change.time_zone or self.time_zone,
                roles=change.roles or self.roles,
                site=change.site or self.site,
                active=self.active if change.active is None else change.active,
                assistants=self.assistants if change.assistants is None else self._others(change.assistants),
            )
        )
        changed = tuple(f for f in _FIELDS if getattr(self, f) != getattr(revised, f))
        if "name" in changed:
            _check_name(revised)
        return Decision(self._turned(revised), [MemberChanged(self.id, changed)] if changed else [])

    def _turned(self, revised: Member) -> Member:
        """In the next era, where whoever is signed in as them, or has their mailbox, must not go on as before."""
        left = self.active and not revised.active
        less = not revised.roles.issuperset(self.roles) or (Role.SITE_STAFF in self.roles and revised.site != self.site)
        ends = left or less or revised.address.key != self.address.key
        return replace(revised, era=self.era + ends, keys_era=self.keys_era + left)

    def _others(self, people: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each for each in dict.fromkeys(people) if each != self.id)


@dataclass(frozen=True, slots=True)
class ErasedMember:
    """A stub: it keeps the id from coming back to life, and claims no address."""

    id: str


_FIELDS = ("organizations", "address", "name", "language", "time_zone", "roles", "site", "active", "assistants")


def email_claim(address: Address) -> str:
    """The string that at most one member holds."""
    return f"email|{address.key}"


def belonging(home: str, further: tuple[str, ...]) -> tuple[str, ...]:
    """The home organization first, each once."""
    return tuple(dict.fromkeys((home, *further)))


def _check_name(member: Member) -> None:
    """Those who run the lounge may be named for what they do."""
    if not member.roles & {Role.SITE_STAFF, Role.OPERATOR} and looks_official(member.name):
        raise NameReserved


def _valid(member: Member) -> Member:
    if Role.SITE_STAFF in member.roles and member.site is None:
        raise SiteRequired
    return member
