"""Which clocks and names a reader is shown: the site's first, then their own."""

from services.notify.store import Person, Sites
from services.notify.wording import Facts, Reader
from shared.contracts.booking import BookingEvent, SeriesEvent, WaitEvent
from shared.contracts.members import OrganizationStatusChanged, RenewalDue, SessionReused


def place_of(facts: Facts) -> tuple[str, str]:
    """(site, the zone the event itself speaks of); both empty where it is of no place."""
    if isinstance(facts, SessionReused | OrganizationStatusChanged | RenewalDue):
        return "", ""
    if isinstance(facts, BookingEvent | SeriesEvent | WaitEvent):
        return facts.site, facts.time_zone
    return facts.seminar.site, facts.seminar.when.zone


def zones(site: str, own: str) -> tuple[str, ...]:
    """The clocks to show, none twice and at least one; either is empty where there is none, or it is not known."""
    return tuple(dict.fromkeys(filter(None, (site, own)))) or ("UTC",)


async def reader_of(facts: Facts, person: Person, sites: Sites) -> Reader:
    """For whom a mail is written."""
    site_id, zone = place_of(facts)
    site = await sites.site(site_id, zone=zone)
    return Reader(person.contact.language, zones(site.zone, person.contact.zone), site.name, person.name)
