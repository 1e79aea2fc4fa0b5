"""Resources, what is sold of them, and when."""

from typing import Annotated

from pydantic import Field

from shared.contracts.booking.words import Cursor, Limit, Quarter, ResourceKind, Steps, WallTime, Weekday
from shared.contracts.members.said import OrganizationKind
from shared.contracts.message import BilingualView, Command, Id, Line, Model, Query, SiteId, Text, View, Why

Band = Annotated[tuple[OrganizationKind, ...], Field(min_length=1, max_length=8)]
"""Kinds of organizations that wait in one line."""


class Opening(Model):
    """Open on `days` from `opens` to `closes`, wall clock of the site; a `closes` not after `opens` is the next day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    opens: WallTime
    closes: WallTime


class CheckInRule(Model):
    """One checks in from `before_minutes` before the start until `after_minutes` after it; else it is a no-show."""

    before_minutes: Annotated[int, Field(ge=0, le=240)] = 15
    after_minutes: Annotated[int, Field(ge=1, le=240)] = 10


class ResourceRules(Model):
    """`hold_minutes`, `provisional_days`: for how long a hold or a provisional booking keeps the place.

    What is cancelled later than `cancel_cutoff_minutes` before its start keeps the hours it drew. `needs_approval`:
    staff of the site say yes or no to each booking. `boundaries`: the wall times at which alone a use begins and ends,
    instead of each granule: a desk by half-day and day has three. `check_in` null: nobody has to check in.
    `offer_minutes`: for how long of their waking hours freed time is offered to somebody who waits; `bands`: kinds of
    organizations in the first are asked first, those in none last.
    """

    shortest_minutes: Steps = 15
    longest_minutes: Steps = 480
    hold_minutes: Annotated[int, Field(ge=1, le=60)] = 5
    provisional_days: Annotated[int, Field(ge=1, le=60)] = 7
    cancel_cutoff_minutes: Annotated[int, Field(ge=0, le=43_200)] = 0
    needs_approval: bool = False
    boundaries: Annotated[tuple[Quarter, ...], Field(max_length=24)] = ()
    check_in: CheckInRule | None = None
    offer_minutes: Annotated[int, Field(ge=5, le=2_880)] = 120
    bands: Annotated[tuple[Band, ...], Field(max_length=8)] = ()


class CheckInRuleView(View):
    """As CheckInRule."""

    before_minutes: int
    after_minutes: int


class ResourceRulesView(View):
    """As ResourceRules, in answers: readers pass over a rule they do not know."""

    shortest_minutes: int
    longest_minutes: int
    hold_minutes: int
    provisional_days: int
    cancel_cutoff_minutes: int
    needs_approval: bool
    boundaries: tuple[str, ...]
    check_in: CheckInRuleView | None = None
    offer_minutes: int = 120
    bands: tuple[tuple[str, ...], ...] = ()


class ResourceView(View):
    id: Id
    site: SiteId
    kind: ResourceKind
    name: BilingualView
    capacity: int
    granule_minutes: int
    buffer_minutes: int
    opening_hours: tuple[Opening, ...] | None
    parts: tuple[Id, ...]
    equipment: tuple[str, ...]
    rules: ResourceRulesView
    version: int


class ResourcePage(View):
    items: tuple[ResourceView, ...]
    next: str | None = None


class PutResource(Command, wire="cmd.booking.put_resource.v1", reply=ResourceView):
    """Operators, and staff of the site. `opening_hours` null: always open. `parts`: a room made of other rooms, which
    no later definition changes.
    """

    site: SiteId
    id: Id
    kind: ResourceKind
    name: Text
    capacity: Annotated[int, Field(ge=1, le=10_000)] = 1
    granule_minutes: Annotated[Steps, Field(le=1_440)] = 15
    buffer_minutes: Annotated[int, Field(ge=0, le=1_440, multiple_of=15)] = 0
    opening_hours: Annotated[tuple[Opening, ...], Field(max_length=28)] | None = None
    parts: Annotated[tuple[Id, ...], Field(max_length=10)] = ()
    equipment: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    rules: ResourceRules = ResourceRules()
    reason: Why = None


class ListResources(Query, wire="qry.booking.resources.v1", reply=ResourcePage):
    """In the order they were first put."""

    site: SiteId
    kind: ResourceKind | None = None
    limit: Limit = 100
    after: Cursor | None = None
