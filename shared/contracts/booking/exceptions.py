"""Exceptions to the hours of a site: days on which it, or one resource, is open otherwise, or closed."""

from typing import Annotated

from pydantic import Field

from shared.contracts.booking.words import Quarter
from shared.contracts.message import BilingualView, Command, Day, Id, Model, Query, SiteId, Text, View, personal


class ExceptionalHours(Model):
    """Wall clock of the site, on its quarters; it closes after it opens, at `24:00` at the latest."""

    opens: Quarter
    closes: Quarter


class ExceptionalHoursView(View):
    opens: str
    closes: str


class ExceptionView(View):
    """`hours` instead of all others on that day, holiday or not; none: closed. `resource` null: the whole site."""

    date: str
    resource: Id | None = None
    hours: tuple[ExceptionalHoursView, ...]
    reason: Annotated[BilingualView, personal()]


class ExceptionPage(View):
    """By date; `version` is the site's, for `If-Match`."""

    items: tuple[ExceptionView, ...]
    version: int


class PutException(Command, wire="cmd.booking.put_exception.v1", reply=ExceptionPage):
    """Operators, and staff of the site: that day is open at `hours` alone, none closes it, and null makes it a day like
    any other again. Answers the exceptions of that day. `resource` null: the whole site.
    """

    site: SiteId
    date: Day
    hours: Annotated[tuple[ExceptionalHours, ...], Field(max_length=8)] | None
    resource: Id | None = None
    reason: Annotated[Text, personal()]


class ListExceptions(Query, wire="qry.booking.exceptions.v1", reply=ExceptionPage):
    """Those of days in `[from, to)`; what is over for a month is not there any more."""

    site: SiteId
    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
