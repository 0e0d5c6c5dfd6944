"""Waiting until a date: a fixed day, a date of the contact, or one of what the passage is about.

The day is read each time a member is looked at, and a change of it wakes the member: the wait follows the new date. By
which clock it falls on a moment is worked out in Python, for the distinct pairs of zone and date of the cohort.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text, and_, case, cast, func, literal, null, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of, instant, moment, zone_of
from journeys.criteria.part import stored_text
from journeys.nodes.cohort import Cohort, Named, Outcome, members
from journeys.nodes.keys import Key
from journeys.nodes.node import Around, Arrival, Names, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import DateTrigger
from journeys.nodes.triggers.date import ContractEnd
from journeys.nodes.wait.rule import DONE, PAST, Sentences, WaitRule
from journeys.nodes.windows import ClockTime, Window, clock_first_shows, say_clock
from journeys.store.dialect import json_number, json_object_text, json_text
from journeys.store.tables import contact, contract, event, purchase

#: days from the date
MOST_DAYS = 3660

#: the clock of this zone is the last to show a time
_LAST_ZONE = ZoneInfo("Etc/GMT+12")


class _Day(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    #: how a member whose date changes while it waits is woken; empty: it cannot change
    kinds: ClassVar[frozenset[str]] = frozenset()

    def text(self) -> ColumnElement[str | None]:
        """The date of a member as a base that `read_base` understands; NULL where there is none."""
        raise NotImplementedError

    def changed(self, happened: FromClause) -> ColumnElement[bool] | None:
        """Whether an event, of one of `kinds`, changed the date; None where nothing does."""
        return None

    def words(self, names: Names) -> str:
        raise NotImplementedError


class FixedDay(_Day):
    """A day of the calendar."""

    type: Literal["day"] = "day"
    day: dt.date = Field(title=_("Day"))

    def text(self) -> ColumnElement[str | None]:
        return literal(self.day.isoformat(), Text())

    def words(self, names: Names) -> str:
        return self.day.isoformat()


class AttributeDay(_Day):
    """A day or moment kept with the contact."""

    kinds: ClassVar[frozenset[str]] = frozenset({"contact.changed"})

    type: Literal["attribute"] = "attribute"
    attribute: Key = Field(title=_("Attribute"))

    def text(self) -> ColumnElement[str | None]:
        value = contact.c.attributes
        return _of(contact.c.id == members.c.contact, _day_or_moment(value, self.attribute))

    def changed(self, happened: FromClause) -> ColumnElement[bool]:
        return json_text(happened.c.data, "field") == self.attribute

    def words(self, names: Names) -> str:
        return _("“{attribute}”").format(attribute=names.label("attribute", self.attribute))


class ContractDay(_Day):
    """The first or last day of the contract that the passage is about."""

    kinds: ClassVar[frozenset[str]] = frozenset({"contract.changed"})

    type: Literal["contract"] = "contract"
    which: Literal["end", "start"] = Field("end", title=_("Day"))

    @property
    def column(self) -> str:
        return f"{self.which}_on"

    def text(self) -> ColumnElement[str | None]:
        mine = and_(members.c.subject_kind == "contract", contract.c.id == members.c.subject_id)
        return _of(mine, contract.c[self.column])

    def changed(self, happened: FromClause) -> ColumnElement[bool]:
        return and_(
            happened.c.subject_kind == "contract",
            happened.c.subject_id == members.c.subject_id,
            json_text(happened.c.data, "field") == self.column,
        )

    def words(self, names: Names) -> str:
        return _("the last day of the contract") if self.which == "end" else _("the first day of the contract")


class EventDay(_Day):
    """A day or moment in the data of the event that the passage is about, else of the one that let the contact in.

    An ISO day, an ISO moment (without an offset: by the workspace's clock), or UTC seconds.
    """

    type: Literal["event"] = "event"
    field: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(stored_text)] = Field(title=_("Field"))

    def text(self) -> ColumnElement[str | None]:
        meant = case((members.c.subject_kind == "event", members.c.subject_id), else_=members.c.since_event)
        return _of(event.c.id == meant, _day_or_moment(event.c.data, self.field))

    def words(self, names: Names) -> str:
        return _("“{field}” of the event").format(field=self.field)


class PurchaseDay(_Day):
    """The moment of the purchase that the passage is about."""

    type: Literal["purchase"] = "purchase"

    def text(self) -> ColumnElement[str | None]:
        mine = and_(members.c.subject_kind == "purchase", purchase.c.id == members.c.subject_id)
        return _of(mine, literal("@", Text()) + cast(purchase.c.at, Text))

    def words(self, names: Names) -> str:
        return _("the day of the purchase")


Day = Annotated[FixedDay | AttributeDay | ContractDay | EventDay | PurchaseDay, Field(discriminator="type")]


class UntilDate(WaitRule):
    """Until a date, some days before or after it, at a time of the contact's clock.

    What lies before the arrival has gone by: it takes the outlet `already past`, and so does a member without a date,
    with the reason “no date” in the trace. When the date changes while a member waits, the wait follows the new one; a
    new date that had gone by when it was written is past as well. On a day whose clock skips the time the first moment
    after the gap counts, of a time shown twice the first.
    """

    type: Literal["date"] = "date"
    date: Day = Field(title=_("Date"))
    offset_days: int = Field(0, title=_("Days after"), description=_("Below 0: before."), ge=-MOST_DAYS, le=MOST_DAYS)
    at: ClockTime | None = Field(
        dt.time(9),
        title=_("At"),
        description=_("By the contact's clock. Empty: the beginning of a day, or the very hour of a moment."),
    )

    @property
    def arrival(self) -> Arrival:  # type: ignore[override]  # here it depends on the date
        """A date that can change is listened for."""
        return Arrival.LISTENS if self.date.kinds else Arrival.AT_ONCE

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(DONE, _("done"), must_be_connected=False), Outlet(PAST, _("already past")))

    def stirred_by(self) -> frozenset[str]:
        # a contact that moves to another zone goes by another clock
        return self.date.kinds | {"contact.changed"} if self.date.kinds else frozenset()

    def base(self, cohort: Cohort) -> ColumnElement[str | None]:
        return self.date.text()

    def named(
        self, bases: Iterable[tuple[str, str]], then: Window | None, *, zone: ZoneInfo
    ) -> dict[tuple[str, str], Named]:
        found = {}
        for name, base in bases:
            own = zone_of(name, zone)
            at = self.moment_of(base, own, zone)
            if at is not None:
                found[name, base] = Named(at, at if then is None else then.next(at, own))
        return found

    def moment_of(self, base: str, own: ZoneInfo, workspace: ZoneInfo) -> Instant | None:
        """The moment that a base means by the clock of `own`; None where it means none."""
        read = read_base(base, workspace)
        try:
            match read:
                case None:
                    return None
                case dt.date():
                    return clock_first_shows(self._shifted(read), self.at or dt.time(), own)
                case _ if self.at is None and not self.offset_days:
                    return Instant(read)
                case _:
                    wall = moment(Instant(read), own)
                    return clock_first_shows(self._shifted(wall.date()), self.at or wall.time(), own)
        except (OverflowError, ValueError):
            # beyond the calendar: no computer lives to see it
            return None

    def _shifted(self, day: dt.date) -> dt.date:
        return day + dt.timedelta(days=self.offset_days)

    def outcome(self, cohort: Cohort) -> Outcome:
        named_at, until = members.c.named_at, members.c.until
        return Outcome(
            outlet=case(
                (named_at.is_(None), PAST),
                (named_at < self._known_at(cohort), PAST),
                (until <= cohort.moments.now, DONE),
            ),
            reason=case((named_at.is_(None), "no date"), else_=""),
            values=json_object_text({"date": members.c.base, "named_at": named_at}),
            due_at=until,
            keeps_values=True,
        )

    def _known_at(self, cohort: Cohort) -> ColumnElement[int]:
        """When the member came, or when its date was last written, whichever is later."""
        happened = event.alias("happened")
        changed = self.date.changed(happened)
        if changed is None:
            return members.c.arrived_at
        written_at = (
            select(func.max(happened.c.at, type_=BigInteger()))
            .where(
                happened.c.contact == members.c.contact,
                happened.c.kind.in_(sorted(self.date.kinds)),
                happened.c.at > members.c.arrived_at,
                happened.c.at <= cohort.moments.now,
                changed,
            )
            .correlate(members)
            .scalar_subquery()
        )
        return func.coalesce(written_at, members.c.arrived_at)

    def told(self, values: Mapping[str, Any], names: Names, zone: ZoneInfo, *, rests: bool) -> Iterator[str]:
        if values["named_at"] is None:
            if values["date"] is not None:
                yield _("The date is “{value}”, which names no day.").format(value=values["date"].removeprefix("@"))
            return
        yield _("The date is {date}.").format(date=say_base(values["date"], zone))
        yield _("That means {moment}.").format(moment=f"{moment(Instant(values['named_at']), zone):%Y-%m-%d %H:%M}")
        if rests and self.date.kinds:
            yield _("If the date changes meanwhile, the wait follows it.")

    # --- words and checks ------------------------------------------------------------------------------------------

    def words(self, names: Names, then: Window | None) -> str:
        said: dict[str, Any] = {"date": self.date.words(names), "n": abs(self.offset_days)}
        if self.at is not None:
            said["time"] = say_clock(self.at)
        return self._sentences().say(then, **said)

    def _sentences(self) -> Sentences:
        n = abs(self.offset_days)
        match (self.offset_days > 0) - (self.offset_days < 0), self.at is None:
            case 0, True:
                return Sentences(
                    _("wait until {date}"), _("wait until {date}, then until {window} in the contact's time")
                )
            case 0, False:
                return Sentences(
                    _("wait until {date}, at {time} in the contact's time"),
                    _("wait until {date}, at {time}, then until {window} in the contact's time"),
                )
            case -1, True:
                return Sentences(
                    ngettext("wait until {n} day before {date}", "wait until {n} days before {date}", n),
                    ngettext(
                        "wait until {n} day before {date}, then until {window} in the contact's time",
                        "wait until {n} days before {date}, then until {window} in the contact's time",
                        n,
                    ),
                )
            case -1, False:
                return Sentences(
                    ngettext(
                        "wait until {n} day before {date}, at {time} in the contact's time",
                        "wait until {n} days before {date}, at {time} in the contact's time",
                        n,
                    ),
                    ngettext(
                        "wait until {n} day before {date}, at {time}, then until {window} in the contact's time",
                        "wait until {n} days before {date}, at {time}, then until {window} in the contact's time",
                        n,
                    ),
                )
            case _, True:
                return Sentences(
                    ngettext("wait until {n} day after {date}", "wait until {n} days after {date}", n),
                    ngettext(
                        "wait until {n} day after {date}, then until {window} in the contact's time",
                        "wait until {n} days after {date}, then until {window} in the contact's time",
                        n,
                    ),
                )
            case _:
                return Sentences(
                    ngettext(
                        "wait until {n} day after {date}, at {time} in the contact's time",
                        "wait until {n} days after {date}, at {time} in the contact's time",
                        n,
                    ),
                    ngettext(
                        "wait until {n} day after {date}, at {time}, then until {window} in the contact's time",
                        "wait until {n} days after {date}, at {time}, then until {window} in the contact's time",
                        n,
                    ),
                )

    def references(self) -> Iterator[tuple[str, str]]:
        if isinstance(self.date, AttributeDay):
            yield "attribute", self.date.attribute

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from self._no_date(around)
        yield from self._no_subject(around)
        why = self._always_past(around)
        if why is not None:
            yield Problem("always-past", Severity.WARNS, (around.node,), why, field="rule.date")

    def _no_date(self, around: Around) -> Iterator[Problem]:
        if not isinstance(self.date, AttributeDay) or around.catalogue is None:
            return
        entry = around.catalogue.attributes.get(self.date.attribute)
        if entry is not None and entry.type not in ("date", "datetime"):
            yield Problem(
                "no-date",
                Severity.BLOCKS,
                (around.node,),
                _("“{attribute}” is no date; choose one that is.").format(attribute=self.date.attribute),
                field="rule.date.attribute",
            )

    def _no_subject(self, around: Around) -> Iterator[Problem]:
        """Somebody comes in whose passage is about nothing that could name the day."""
        kind = self.date.type
        if kind not in ("contract", "purchase"):
            return
        without = [id_ for id_, node in around.upstream() if isinstance(node, Trigger) and node.subject != kind]
        if without:
            sentence = (
                _("Who comes in by “{trigger}” is about no contract, and goes by “already past”.")
                if kind == "contract"
                else _("Who comes in by “{trigger}” is about no purchase, and goes by “already past”.")
            )
            first = min(without)
            yield Problem(
                "no-subject",
                Severity.WARNS,
                (around.node, first),
                sentence.format(trigger=around.title_of(first)),
                field="rule.date",
            )

    def _always_past(self, around: Around) -> str | None:
        match self.date:
            case FixedDay(day=day):
                today = around.catalogue.today if around.catalogue is not None else None
                if today is None:
                    return None
                try:
                    last = day_of(clock_first_shows(self._shifted(day), self.at or dt.time(), _LAST_ZONE), _LAST_ZONE)
                except OverflowError:
                    return _("The day lies beyond the calendar.")
                return (
                    _("{day} has gone by; everybody takes “already past”.").format(day=last) if last < today else None
                )
            case PurchaseDay():
                if self.offset_days < 0:
                    return _("The purchase lies before the entry; everybody takes “already past”.")
                return None
            case ContractDay(which="end"):
                triggers = [node for _id, node in around.upstream() if isinstance(node, Trigger)]
                if triggers and all(_comes_after(trigger, self.offset_days) for trigger in triggers):
                    return _("Everybody comes in after this day; everybody takes “already past”.")
                return None
            case ContractDay() | AttributeDay() | EventDay():
                return None
            case never:
                assert_never(never)


def read_base(base: str, workspace: ZoneInfo) -> dt.date | int | None:
    """The day, or the UTC seconds, that a text means: “2026-12-10”, “@1795345200”, “2026-12-10T10:00+01:00”."""
    if base.startswith("@"):
        try:
            return int(base[1:])
        except ValueError:
            return None
    try:
        if len(base) == len("2026-12-10"):
            return dt.date.fromisoformat(base)
        read = dt.datetime.fromisoformat(base)
        return instant(read if read.tzinfo is not None else read.replace(tzinfo=workspace))
    except (ValueError, OverflowError):
        return None


def say_base(base: str, zone: ZoneInfo) -> str:
    """A date as it was read, for people: a day, or a moment by the clock of `zone`."""
    read = read_base(base, zone)
    return f"{moment(Instant(read), zone):%Y-%m-%d %H:%M}" if isinstance(read, int) else base


def _of(where: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[str | None]:
    """A value of the one row that is meant."""
    return select(value).where(where).correlate(members).scalar_subquery()


def _day_or_moment(document: ColumnElement[Any], key: str) -> ColumnElement[str | None]:
    seconds = json_number(document, key)
    return func.coalesce(
        json_text(document, key),
        case((seconds.is_not(None), literal("@", Text()) + cast(cast(seconds, BigInteger), Text)), else_=null()),
    )


def _comes_after(trigger: Trigger, offset_days: int) -> bool:
    """Whether the trigger lets contacts in on a day of their contract's end that lies after the one meant."""
    on = trigger.on
    return isinstance(on, DateTrigger) and isinstance(on.date, ContractEnd) and on.offset_days > offset_days
