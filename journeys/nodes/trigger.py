"""Trigger: what brings contacts in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal, Self, assert_never
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import (
    BigInteger,
    ColumnCollection,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    case,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, day_start, zone_of
from journeys.base.validation import SettingsError
from journeys.criteria import Criterion, Recall, Where, ensures_not_recurring, references, typed, words
from journeys.criteria.frame import at_least, one
from journeys.criteria.part import stored_text
from journeys.criteria.saying import qualified
from journeys.nodes.checks import impossible_criterion, nodes_of_criterion, unknown_references
from journeys.nodes.cohort import Cohort, DueTable, Outcome
from journeys.nodes.keys import EventKind, Key, ProductKey
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.nodes.renewal import with_not_renewing
from journeys.nodes.windows import ClockTime, clock_first_shows, say_clock
from journeys.store import tables as t
from journeys.store.dialect import json_number, json_text, typed_attribute

IN = "in"

#: longest stretch that an n-th time is counted in
MOST_DAYS = 3660

#: years back that a yearly date is looked for where it is stored as a moment
_YEARS_BACK = 130

Matching = Select[tuple[int, str | None, int | None]]


class _On(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventTrigger(_On):
    """An event comes in; perhaps only the n-th one that fits, counted over all time or within some days."""

    type: Literal["event"] = "event"
    event: EventKind = Field(title=_("Event"))
    where: Where = Field((), title=_("Where"))
    nth: int | None = Field(None, title=_("Which time"), description=_("Empty: every time."), ge=1, le=1000)
    within_days: int | None = Field(
        None, title=_("Within days"), description=_("Empty: counted over all time."), ge=1, le=MOST_DAYS
    )

    @model_validator(mode="after")
    def _days_count_something(self) -> EventTrigger:
        if self.within_days is not None and self.nth is None:
            raise SettingsError(
                _("Days limit a count; say which time is meant, or leave the days empty."), "within_days"
            )
        return self

    def kinds(self) -> frozenset[str]:
        return frozenset({self.event})

    def recalls(self) -> Iterator[Recall]:
        if self.nth is not None:
            yield Recall("event", self.event, None if self.within_days is None else self.within_days * DAY)

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        """Whether a row of `event` (the table or an alias) brings its contact in.

        The n-th time is the event at which the count, over events up to this one by (at, id), is exactly n.
        """
        fits = self._fits(event)
        if self.nth is None:
            return fits
        earlier = t.event.alias()
        counted = [
            earlier.c.contact == event.c.contact,
            earlier.c.at <= event.c.at,
            or_(earlier.c.at < event.c.at, earlier.c.id < event.c.id),
            self._fits(earlier),
        ]
        if self.within_days is not None:
            counted.append(earlier.c.at > event.c.at - self.within_days * DAY)
        rows = select(one).where(*counted)
        enough = [at_least(rows, self.nth - 1, earlier)] if self.nth > 1 else []
        return and_(fits, *enough, not_(at_least(rows, self.nth, earlier)))

    def _fits(self, event: FromClause) -> ColumnElement[bool]:
        return and_(event.c.kind == self.event, *(condition.sql(event.c.data) for condition in self.where))

    def words(self, names: Names) -> str:
        return qualified(
            self._sentence(names.label("event", self.event)), [condition.words() for condition in self.where]
        )

    def _sentence(self, event: str) -> str:
        if self.nth is None:
            return _("“{event}” happens").format(event=event)
        times = ngettext("{n} time", "{n} times", self.nth).format(n=self.nth)
        if self.within_days is None:
            return _("“{event}” happens, {times}").format(event=event, times=times)
        days = ngettext("{n} day", "{n} days", self.within_days).format(n=self.within_days)
        return _("“{event}” happens, {times} within {days}").format(event=event, times=times, days=days)


class SegmentTrigger(_On):
    """A contact enters or leaves a segment. Movements are events; those that an import caused are quiet."""

    type: Literal["segment"] = "segment"
    segment: Key = Field(title=_("Segment"))
    movement: Literal["entered", "left"] = Field("entered", title=_("Movement"))

    def kinds(self) -> frozenset[str]:
        return frozenset({f"segment.{self.movement}"})

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        """Whether a row of `event` brings its contact in."""
        return and_(event.c.kind == f"segment.{self.movement}", json_text(event.c.data, "segment") == self.segment)

    def words(self, names: Names) -> str:
        text = (
            _("enters the segment “{segment}”") if self.movement == "entered" else _("leaves the segment “{segment}”")
        )
        return text.format(segment=names.label("segment", self.segment))


class AttributeDate(_On):
    """A day kept with the contact, such as a birthday."""

    type: Literal["attribute"] = "attribute"
    attribute: Key = Field(title=_("Attribute"))


class ContractEnd(_On):
    """The last day of a contract; each contract by itself."""

    type: Literal["contract end"] = "contract end"
    product: ProductKey | None = Field(None, title=_("Product"), description=_("Empty: any product."))


class EventDate(_On):
    """A day that an event carries in its data, such as that of a conference; each event by itself."""

    type: Literal["event"] = "event"
    event: EventKind = Field(title=_("Event"))
    #: name in `event.data`; its value an ISO day or moment, or UTC seconds
    field: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(stored_text)] = Field(title=_("Field"))


class DateTrigger(_On):
    """A day comes: a date of the contact, a contract or an event, some days before or after it, perhaps every year.

    Days are the workspace's; the time of day is shown by the contact's clock.
    """

    type: Literal["date"] = "date"
    date: Annotated[AttributeDate | ContractEnd | EventDate, Field(discriminator="type")] = Field(title=_("Date"))
    offset_days: int = Field(0, title=_("Days after"), description=_("Below 0: before."), ge=-MOST_DAYS, le=MOST_DAYS)
    at: ClockTime = Field(dt.time(9), title=_("At"))
    yearly: bool = Field(False, title=_("Every year"))
    leap_day: Literal["28 Feb", "1 Mar"] = Field(
        "28 Feb", title=_("29 February counts as"), description=_("In years that have no 29 February.")
    )

    def matching(self, day: dt.date, zone: ZoneInfo) -> Matching:
        """(contact, subject_kind, subject_id) of all for whom the trigger falls on a day of the workspace in `zone`.

        As of the start of that day: events recorded for a later moment do not count yet, so that a day missed and made
        up for gives what it would have given.
        """
        wanted = day - dt.timedelta(days=self.offset_days)
        match self.date:
            case AttributeDate():
                return self._by_attribute(self.date, wanted, zone)
            case ContractEnd():
                return self._by_contract(self.date, wanted)
            case EventDate():
                return self._by_event(self.date, wanted, day, zone)
            case never:
                assert_never(never)

    def due(self, zones: Iterable[str], day: dt.date, zone: ZoneInfo) -> DueTable:
        """When the clock of each zone shows the time on that day; `zone` is for contacts without one."""
        return {name: clock_first_shows(day, self.at, zone_of(name, zone)) for name in zones}

    def _by_attribute(self, wanted_date: AttributeDate, wanted: dt.date, zone: ZoneInfo) -> Matching:
        key, contact = wanted_date.attribute, t.contact
        nothing = (null().cast(Text).label("subject_kind"), null().cast(BigInteger).label("subject_id"))
        days = select(contact.c.id.label("contact"), *nothing).where(
            self._falls(typed_attribute(contact.c.attributes, key, "date"), wanted)
        )
        # asked once, so that contacts are read a second time only where the attribute holds moments; an OR of the two
        # would take the index of the day away
        holds_moments = select(t.attribute.c.type).where(t.attribute.c.key == key).scalar_subquery() == "datetime"
        moments = select(contact.c.id.label("contact"), *nothing).where(
            holds_moments, self._falls_in(json_number(contact.c.attributes, key), wanted, zone)
        )
        return _flat(days, moments)

    def _by_contract(self, wanted_date: ContractEnd, wanted: dt.date) -> Matching:
        contract = t.contract
        asked = [self._falls(contract.c.end_on, wanted)]
        if wanted_date.product is not None:
            asked.append(contract.c.product == wanted_date.product)
        return select(
            contract.c.contact,
            literal("contract", Text()).label("subject_kind"),
            contract.c.id.label("subject_id"),
        ).where(*asked)

    def _by_event(self, wanted_date: EventDate, wanted: dt.date, day: dt.date, zone: ZoneInfo) -> Matching:
        event = t.event
        # an ISO moment says its day in the first ten signs, by the clock it was written for
        said = func.substr(json_text(event.c.data, wanted_date.field), 1, 10)
        return select(
            event.c.contact, literal("event", Text()).label("subject_kind"), event.c.id.label("subject_id")
        ).where(
            event.c.kind == wanted_date.event,
            event.c.at < day_start(day, zone),
            or_(
                self._falls(said, wanted),
                self._falls_in(json_number(event.c.data, wanted_date.field), wanted, zone),
            ),
        )

    def _falls(self, column: ColumnElement[Any], wanted: dt.date) -> ColumnElement[bool]:
        """Whether an ISO day falls on the day wanted, or has its anniversary there."""
        if not self.yearly:
            return column == wanted.isoformat()
        return and_(
            func.substr(column, 6, 5).in_([f"{month:02}-{day:02}" for month, day in self._birthdays(wanted)]),
            column < wanted.isoformat(),
        )

    def _falls_in(self, column: ColumnElement[Any], wanted: dt.date, zone: ZoneInfo) -> ColumnElement[bool]:
        """The same for UTC seconds."""
        if not self.yearly:
            return _within(column, wanted, zone)
        days = [
            dt.date(year, month, day)
            for year in range(wanted.year - _YEARS_BACK, wanted.year)
            for month, day in self._birthdays(wanted)
            if (month, day) != (2, 29) or _is_leap(year)
        ]
        return or_(false(), *(_within(column, day, zone) for day in days))

    def _birthdays(self, wanted: dt.date) -> list[tuple[int, int]]:
        """(month, day) of the dates that are celebrated on the day wanted."""
        days = [(wanted.month, wanted.day)]
        stand_in = (2, 28) if self.leap_day == "28 Feb" else (3, 1)
        if days == [stand_in] and not _is_leap(wanted.year):
            days.append((2, 29))
        return days

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
            case _:
                raise AssertionError(self.date)


class ListTrigger(_On):
    """Contacts are put in by hand or from a list."""

    type: Literal["list"] = "list"

    def words(self, names: Names) -> str:
        return _("is put in by hand")


On = Annotated[EventTrigger | SegmentTrigger | DateTrigger | ListTrigger, Field(discriminator="type")]


class Trigger(Node):
    """What lets contacts in, and whom: a match that `only` refuses is recorded and goes nowhere."""

    kind: ClassVar[str] = "trigger"
    family: ClassVar[Family] = Family.COMES_IN
    label: ClassVar[str] = _("Trigger")
    icon: ClassVar[str] = "lightning"
    can_be_off: ClassVar[bool] = False

    on: On = Field(title=_("Starts when"))
    subject: Literal["purchase", "contract", "event"] | None = Field(
        None, title=_("About"), description=_("What the passage is about: what the match found, or nothing.")
    )
    only: Criterion | None = Field(None, title=_("Only contacts who match"))
    existing: bool = Field(
        False, title=_("Who matches already comes in"), description=_("Asked once, when the journey is published.")
    )
    at_most_late_days: int = Field(
        7, title=_("At most late"), description=_("Days for which a missed match is made up for."), ge=0, le=366
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(IN, _("in"), must_be_connected=False),)

    def words(self, names: Names) -> str:
        on = self.on.words(names)
        if self.only is None:
            return on
        return _("{match}; only when {criterion}").format(match=on, criterion=words(self.only, names))

    def subject_of(
        self, event: ColumnCollection[str, ColumnElement[Any]]
    ) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """(kind, id) of what a passage is about, as columns over those of the event that matched."""
        match self.subject:
            case None:
                return null().cast(Text), null().cast(BigInteger)
            case "event":
                return literal("event", Text()), event.id
            case "purchase" | "contract":
                mine = event.subject_kind == self.subject
                return case((mine, event.subject_kind)), case((mine, event.subject_id))
            case never:
                assert_never(never)

    def references(self) -> Iterator[tuple[str, str]]:
        match self.on:
            case SegmentTrigger():
                yield "segment", self.on.segment
            case DateTrigger(date=AttributeDate(attribute=key)):
                yield "attribute", key
            case DateTrigger(date=ContractEnd(product=str(key))):
                yield "product", key
            case _:
                pass
        if self.only is not None:
            yield from references(self.only)

    def typed(self, catalogue: Catalogue) -> Self:
        if self.only is None:
            return self
        return self.model_copy(update={"only": typed(self.only, catalogue)})

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        if self.only is not None:
            yield from nodes_of_criterion(self.only, "only")

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        yield from self._date_problems(around)
        yield from self._subject_problems(around)
        if self.only is not None:
            yield from impossible_criterion(self.only, "only", around)

    def _date_problems(self, around: Around) -> Iterator[Problem]:
        if not isinstance(self.on, DateTrigger):
            return
        wanted, catalogue = self.on.date, around.catalogue
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
        if (
            isinstance(wanted, ContractEnd)
            and self.on.offset_days < 0
            and not (self.only is not None and ensures_not_recurring(self.only))
        ):
            yield Problem(
                "renewal-reminder",
                Severity.WARNS,
                (around.node,),
                _("Contracts that renew by themselves come in too, and need no reminder of their end."),
                field="only",
                fix=Fix(
                    _("Only contracts that do not renew"),
                    "set",
                    {
                        "field": "only",
                        "value": with_not_renewing(self.only, days_left=-self.on.offset_days, product=wanted.product),
                    },
                ),
            )

    def _subject_problems(self, around: Around) -> Iterator[Problem]:
        match self.on, self.subject:
            case (_, None) | (EventTrigger(), _) | (DateTrigger(date=ContractEnd()), "contract"):
                return
            case DateTrigger(date=EventDate()), "event":
                return
            case _:
                yield Problem(
                    "no-subject",
                    Severity.WARNS,
                    (around.node,),
                    _("What brings contacts in here names nothing that the passage could be about."),
                    field="subject",
                    fix=Fix(_("About nothing"), "set", {"field": "subject", "value": None}),
                )

    def outcome(self, cohort: Cohort) -> Outcome:
        return Outcome(outlet=literal(IN))


def _flat(*parts: Select[Any]) -> Matching:
    rows = union_all(*parts).subquery("matches")
    return select(rows.c.contact, rows.c.subject_kind, rows.c.subject_id)


def _within(column: ColumnElement[Any], day: dt.date, zone: ZoneInfo) -> ColumnElement[bool]:
    return and_(column >= day_start(day, zone), column < day_start(day + dt.timedelta(days=1), zone))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
