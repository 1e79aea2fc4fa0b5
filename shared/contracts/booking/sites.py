"""Sites and their calendars of public holidays."""

from datetime import date

from shared.contracts.booking.words import CalendarName, Cursor, Limit
from shared.contracts.message import BilingualView, Command, Model, Query, SiteId, Text, View, Zone


class Calendar(Model):
    """A calendar of public holidays; they close the site only if `closes`, else they are merely shown."""

    name: CalendarName
    closes: bool


class HolidayView(View):
    date: date
    calendar: CalendarName
    name: BilingualView
    closes: bool


class SiteView(View):
    """`holidays` are those of the coming twelve months, from the data of `holidays_version`."""

    id: SiteId
    name: BilingualView
    time_zone: str
    producer: bool
    calendars: tuple[Calendar, ...]
    holidays: tuple[HolidayView, ...]
    holidays_version: str
    version: int


class SitePage(View):
    items: tuple[SiteView, ...]
    next: str | None = None


class DefineSite(Command, wire="cmd.booking.define_site.v1", reply=SiteView):
    """Operators only. Makes the site, or changes it; the same definition again writes nothing."""

    id: SiteId
    name: Text
    time_zone: Zone
    producer: bool = False
    calendars: tuple[Calendar, ...] = ()


class GetSite(Query, wire="qry.booking.site.v1", reply=SiteView):
    id: SiteId


class ListSites(Query, wire="qry.booking.sites.v1", reply=SitePage):
    limit: Limit = 100
    after: Cursor | None = None
