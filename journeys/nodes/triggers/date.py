"""Days: of the contact, of a contract or an event, and those of the first or last thing that happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    false,
    func,
    not_,
    or_,
    select,
)

from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of, day_start
from journeys.base.validation import SettingsError
from journeys.criteria.frame import any_row, one
from journeys.criteria.part import stored_text
from journeys.nodes.cohort import DueTable
from journeys.nodes.keys import EventKind, Key, ProductKey
from journeys.nodes.node import Around, Names
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.triggers.on import (
    MOST_DAYS,
    ByDay,
    Matching,
    SubjectKind,
    about,
    due_at_clock,
    flat,
    within_day,
)
from journeys.nodes.windows import ClockTime, say_clock
from journeys.store import tables as t
from journeys.store.attribute_indexes import IndexOn, month_and_day
from journeys.store.dialect import json_member, json_number, json_text, typed_attribute

#: years back that a yearly date is looked for where it is stored as a moment: an attribute, something that happened
_YEARS_BACK = 130
_EVENT_YEARS_BACK = 60


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttributeDate(_Source):
    """A day kept with the contact, such as a birthday."""

    type: Literal["attribute"] = "attribute"
    attribute: Key = Field(title=_("Attribute"))


class ContractEnd(_Source):
    """The last day of a contract; each contract by itself."""

    type: Literal["contract end"] = "contract end"
    product: ProductKey | None = Field(None, title=_("Product"), description=_("Empty: any product."))


class EventDate(_Source):
    """A day that an event carries in its data, such as that of a conference; each event by itself."""

    type: Literal["event"] = "event"
    event: EventKind = Field(title=_("Event"))
    #: name in `event.data`; its value an ISO day or moment, or UTC seconds
    field: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(stored_text)] = Field(title=_("Field"))


class EventEdge(_Source):
    """The day of the contact's first or last event of a kind."""

    type: Literal["first event", "last event"]
    event: EventKind = Field(title=_("Event"))


class PurchaseEdge(_Source):
    """The day of the contact's first or last order."""

    type: Literal["first purchase", "last purchase"]


Source = Annotated[AttributeDate | ContractEnd | EventDate | EventEdge | PurchaseEdge, Field(discriminator="type")]


class DateTrigger(ByDay):
    """A day comes: a date of the contact, a contract or an event, some days before or after it, perhaps every year.

    Days are the workspace's; the time of day is shown by the contact's clock. The day itself is no anniversary yet. What
    was first or last is asked as of the start of the day on which the contact comes in.
    """

    has_existing: ClassVar[bool] = True

    type: Literal["date"] = "date"
    date: Source = Field(title=_("Date"))
    offset_days: int = Field(0, title=_("Days after"), description=_("Below 0: before."), ge=-MOST_DAYS, le=MOST_DAYS)
    at: ClockTime = Field(dt.time(9), title=_("At"))
    yearly: bool = Field(False, title=_("Every year"))
    leap_day: Literal["28 Feb", "1 Mar"] = Field(
        "28 Feb", title=_("29 February counts as"), description=_("In years that have no 29 February.")
    )

    @model_validator(mode="after")
    def _lies_behind(self) -> DateTrigger:
        if isinstance(self.date, EventEdge | PurchaseEdge) and not self.yearly and self.offset_days < 1:
            raise SettingsError(
                _("What was first or last is known when its day is over: come in at least 1 day after, or every year."),
                "offset_days",
            )
        return self

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        match self.date:
            case AttributeDate():
                return frozenset()
            case ContractEnd():
                return frozenset({"contract"})
            case EventDate() | EventEdge():
                return frozenset({"event"})
            case PurchaseEdge():
                return frozenset({"purchase"})
            case never:
                assert_never(never)

    def matching(self, day: dt.date, zone: ZoneInfo) -> Matching:
        wanted = day - dt.timedelta(days=self.offset_days)
        match self.date:
            case AttributeDate():
                return self._by_attribute(self.date, wanted, zone)
            case ContractEnd():
                return self._by_contract(self.date, wanted)
            case EventDate():
                return self._by_event(self.date, wanted, day, zone)
            case EventEdge():
                return self._by_edge(t.event, "event", [t.event.c.kind == self.date.event], wanted, day, zone)
            case PurchaseEdge():
                return self._by_edge(t.purchase, "purchase", [], wanted, day, zone)
            case never:
                assert_never(never)

    def due(self, zones: Iterable[str], day: dt.date, zone: ZoneInfo) -> DueTable:
        """When the clock of each zone shows the time on that day; `zone` is for contacts without one."""
        return due_at_clock(zones, day, self.at, zone)

    # --- SQL -----------------------------------------------------------------------------------------------------

    def _by_attribute(self, source: AttributeDate, wanted: dt.date, zone: ZoneInfo) -> Matching:
        key, contact = source.attribute, t.contact
        days = select(contact.c.id.label("contact"), *about(None)).where(
            self._falls(typed_attribute(contact.c.attributes, key, "date"), wanted)
        )
        # asked once, so that contacts are read a second time only where the attribute holds moments; an OR of the two
        # would take the index of the day away
        holds_moments = select(t.attribute.c.type).where(t.attribute.c.key == key).scalar_subquery() == "datetime"
        moments = select(contact.c.id.label("contact"), *about(None)).where(
            holds_moments, self._falls_in(json_number(contact.c.attributes, key), wanted, zone, _YEARS_BACK)
        )
        return flat(days, moments)

    def _by_contract(self, source: ContractEnd, wanted: dt.date) -> Matching:
        contract = t.contract
        asked = [self._falls(contract.c.end_on, wanted)]
        if source.product is not None:
            asked.append(contract.c.product == source.product)
        return select(contract.c.contact, *about("contract", contract.c.id)).where(*asked)

    def _by_event(self, source: EventDate, wanted: dt.date, day: dt.date, zone: ZoneInfo) -> Matching:
        event = t.event
        # an ISO moment says its day in the first ten signs, by the clock it was written for
        said = func.substr(json_text(event.c.data, source.field), 1, 10)
        return select(event.c.contact, *about("event", event.c.id)).where(
            event.c.kind == source.event,
            event.c.at < day_start(day, zone),
            or_(
                self._falls(said, wanted),
                self._falls_in(json_number(event.c.data, source.field), wanted, zone, _YEARS_BACK),
            ),
        )

    def _by_edge(
        self,
        table: FromClause,
        kind: SubjectKind,
        of_kind: list[ColumnElement[bool]],
        wanted: dt.date,
        day: dt.date,
        zone: ZoneInfo,
    ) -> Matching:
        """By the one that is first or last: those of the days wanted are few, and each is held against its neighbours."""
        as_of = day_start(day, zone)
        row, other = table.c, table.alias()
        same = [other.c.contact == row.contact, *(other.c[one.left.name] == one.right for one in of_kind)]
        if self.date.type in ("first event", "first purchase"):
            beyond = or_(other.c.at < row.at, and_(other.c.at == row.at, other.c.id < row.id))
            same.append(other.c.at <= row.at)
        else:
            beyond = or_(other.c.at > row.at, and_(other.c.at == row.at, other.c.id > row.id))
            same += [other.c.at >= row.at, other.c.at < as_of]
        return select(row.contact, *about(kind, row.id)).where(
            *of_kind,
            self._falls_in(row.at, wanted, zone, _EVENT_YEARS_BACK),
            row.at < as_of,
            not_(any_row(select(one).where(*same, beyond), other)),
        )

    def _falls(self, column: ColumnElement[Any], wanted: dt.date) -> ColumnElement[bool]:
        """Whether an ISO day falls on the day wanted, or has its anniversary there."""
        if not self.yearly:
            return column == wanted.isoformat()
        days = [f"{month:02}-{day:02}" for month, day in self._birthdays(wanted)]
        # most days are one: a list would have the statement compiled anew for each cohort
        on_day = month_and_day(column) == days[0] if len(days) == 1 else month_and_day(column).in_(days)
        return and_(on_day, column < wanted.isoformat())

    def _falls_in(self, column: ColumnElement[Any], wanted: dt.date, zone: ZoneInfo, years: int) -> ColumnElement[bool]:
        """The same for UTC seconds, as far back as so many years."""
        if not self.yearly:
            return within_day(column, wanted, zone)
        days = [
            dt.date(year, month, day)
            for year in range(wanted.year - years, wanted.year)
            for month, day in self._birthdays(wanted)
            if (month, day) != (2, 29) or _is_leap(year)
        ]
        return or_(false(), *(within_day(column, day, zone) for day in days))

    def _birthdays(self, wanted: dt.date) -> list[tuple[int, int]]:
        """(month, day) of the dates that are celebrated on the day wanted."""
        days = [(wanted.month, wanted.day)]
        stand_in = (2, 28) if self.leap_day == "28 Feb" else (3, 1)
        if days == [stand_in] and not _is_leap(wanted.year):
            days.append((2, 29))
        return days

    # --- words -------------------------------------------------------------------------------------------------------

    def words(self, names: Names) -> str:
        what = self._words_of_date(names)
        if self.yearly:
            what = _("every year's day of {date}").format(date=what)
        clock = say_clock(self.at)
        n = abs(self.offset_days)
        if not self.offset_days:
            return _("comes in on {date}, at {time}").format(date=what, time=clock)
        if self.offset_days < 0:
            text = ngettext(
                "comes in {n} day before {date}, at {time}", "comes in {n} days before {date}, at {time}", n
            )
        else:
            text = ngettext("comes in {n} day after {date}, at {time}", "comes in {n} days after {date}, at {time}", n)
        return text.format(n=n, date=what, time=clock)

    def _words_of_date(self, names: Names) -> str:
        match self.date:
            case AttributeDate(attribute=key):
                return _("“{attribute}”").format(attribute=names.label("attribute", key))
            case ContractEnd(product=None):
                return _("the last day of a contract")
            case ContractEnd(product=str(key)):
                return _("the last day of “{product}”").format(product=names.label("product", key))
            case EventDate(event=kind, field=field):
                return _("“{field}” of “{event}”").format(field=field, event=names.label("event", kind))
            case EventEdge(type="first event", event=kind):
                return _("the first “{event}”").format(event=names.label("event", kind))
            case EventEdge(event=kind):
                return _("the last “{event}”").format(event=names.label("event", kind))
            case PurchaseEdge(type="first purchase"):
                return _("the first order")
            case PurchaseEdge():
                return _("the last order")
            case _:
                raise AssertionError(self.date)

    def references(self) -> Iterator[tuple[str, str]]:
        match self.date:
            case AttributeDate(attribute=key):
                yield "attribute", key
            case ContractEnd(product=str(key)):
                yield "product", key
            case _:
                pass

    def attributes(self) -> Iterator[tuple[str, IndexOn]]:
        if isinstance(self.date, AttributeDate):
            yield self.date.attribute, "month and day" if self.yearly else "day"

    def problems(self, around: Around) -> Iterator[Problem]:
        wanted, catalogue = self.date, around.catalogue
        if isinstance(wanted, AttributeDate) and catalogue is not None:
            entry = catalogue.attributes.get(wanted.attribute)
            if entry is not None and entry.type not in ("date", "datetime"):
                yield Problem(
                    "no-date",
                    Severity.BLOCKS,
                    (around.node,),
                    _("“{attribute}” is no date; choose one that is.").format(attribute=wanted.attribute),
                    field="on.date.attribute",
                )

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        what = self._words_of_date(names)
        found = conn.execute(self._observed(contact, now)).scalar()
        if isinstance(found, int | float):
            found = day_of(Instant(int(found)), zone).isoformat()
        if found is None:
            yield _("There is no day for {date}.").format(date=what)
        else:
            yield _("The day of {date} is {day}.").format(date=what, day=found)

    def _observed(self, contact: int, now: Instant) -> Select[Any]:
        """The day or moment that the contact has; of several the last one."""
        event, c = t.event.c, t.contact.c
        match self.date:
            case AttributeDate(attribute=key):
                return select(json_member(c.attributes, key)).where(c.id == contact)
            case ContractEnd():
                return select(func.max(t.contract.c.end_on)).where(t.contract.c.contact == contact)
            case EventDate():
                newest = select(json_text(event.data, self.date.field)).where(
                    event.contact == contact, event.kind == self.date.event, event.at <= now
                )
                return newest.order_by(event.at.desc(), event.id.desc()).limit(1)
            case EventEdge():
                edge = func.min(event.at) if self.date.type == "first event" else func.max(event.at)
                return select(edge).where(event.contact == contact, event.kind == self.date.event, event.at <= now)
            case PurchaseEdge():
                at = t.purchase.c.at
                edge = func.min(at) if self.date.type == "first purchase" else func.max(at)
                return select(edge).where(t.purchase.c.contact == contact, at <= now)
            case never:
                assert_never(never)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
