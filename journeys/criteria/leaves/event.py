"""Events: how many, how long ago the last or the first one, or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator
from sqlalchemy import ColumnElement, FromClause, Select, func, select

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Demand
from journeys.criteria.comparison import Count, Days, count_holds, days_ago_holds
from journeys.criteria.filters import Where
from journeys.criteria.frame import Frame, one, scalar
from journeys.criteria.leaf import Holders, ScopedLeaf, Verdict, allowed_by, impossible_number
from journeys.criteria.names import Names
from journeys.criteria.saying import qualified, say_moment
from journeys.criteria.scope import OfSubject, event_scope
from journeys.store import tables as t
from journeys.store.events import checked_kind


def event_kind(kind: str) -> str:
    """For models: a kind that an event can have. Raises SettingsError."""
    try:
        return checked_kind(kind)
    except KanwaError as error:
        raise SettingsError(str(error)) from None


class EventLeaf(ScopedLeaf):
    """Events of one kind whose data fits every filter.

    One of: `count` (at least one where nothing is said; = 0 for never), `last_days_ago`, `first_days_ago`. Who has no
    such event fits no question for days.
    """

    leaf: Literal["event"] = "event"
    event: str
    where: Where = ()
    count: Count | None = None
    last_days_ago: Days | None = None
    first_days_ago: Days | None = None

    @field_validator("event")
    @classmethod
    def _kind(cls, kind: str) -> str:
        return event_kind(kind)

    @model_validator(mode="after")
    def _one_question(self) -> EventLeaf:
        if sum(one is not None for one in (self.count, self.last_days_ago, self.first_days_ago)) > 1:
            raise SettingsError(_("One question at a time: a count, the last or the first one."))
        return self

    def listed(self) -> int:
        return sum(len(condition.values) for condition in self.where)

    @property
    def counted(self) -> Count | None:
        """The count asked for; None where days are."""
        if self.last_days_ago is not None or self.first_days_ago is not None:
            return None
        return self.count or Count(op=">=", value=1)

    @property
    def days(self) -> Days | None:
        return self.last_days_ago or self.first_days_ago

    def _rows(self, what: ColumnElement[Any] | None, frame: Frame) -> tuple[Select[Any], FromClause]:
        events = t.event.alias()
        c = events.c
        if what is None:
            column: ColumnElement[Any] = func.max(c.at) if self.first_days_ago is None else func.min(c.at)
        else:
            column = what
        rows = (
            select(column)
            .select_from(events)
            .where(
                c.contact == frame.contact,
                c.kind == self.event,
                *event_scope(self.scope, events, frame),
                *(condition.sql(c.data) for condition in self.where),
            )
        )
        return rows, events

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        count, days = self.counted, self.days
        if count is not None:
            rows, events = self._rows(one, frame)
            return count_holds(rows, count, events)
        assert days is not None
        newest, events = self._rows(None, frame)
        return days_ago_holds(scalar(newest, events), days, frame)

    def holders(self, frame: Frame, product: ColumnElement[Any] | None) -> Holders | None:
        """Viewers of the product that the question is about, by the index on what events name."""
        count, days = self.counted, self.days
        if product is None or not isinstance(self.scope, OfSubject) or (count is not None and count.takes(0)):
            return None
        events = t.event.alias()
        c = events.c
        where = [c.product == product, c.kind == self.event, c.at <= frame.moments.now]
        if self.last_days_ago is not None and days is not None and days.op != "!=" and days.span[1] is not None:
            where.append(c.at >= frame.start_of_day(-days.span[1]))
        return Holders(events, c.contact, tuple(where), breadth=0)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        rows, events = self._rows(func.count() if self.counted is not None else None, frame)
        return scalar(rows, events)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        event = names.label("event", self.event)
        count, days = self.counted, self.days
        if count is not None:
            return Verdict(
                what=self._qualified(_("number of “{event}”").format(event=event), names),
                observed=str(observed),
                wanted=count.sign(),
                holds=count.takes(observed),
            )
        assert days is not None
        ago = None if observed is None else (day_of(at, zone) - day_of(observed, zone)).days
        what = _("days since the last “{event}”") if self.last_days_ago else _("days since the first “{event}”")
        return Verdict(
            what=self._qualified(what.format(event=event), names),
            observed=say_ago(observed, ago, zone),
            wanted=days.sign(),
            holds=ago is not None and days.takes(ago),
        )

    def _qualified(self, sentence: str, names: Names) -> str:
        return qualified(sentence, [self.when(names), *(condition.words() for condition in self.where)])

    def words(self, names: Names) -> str:
        return self._qualified(self._sentence(names.label("event", self.event)), names)

    def _sentence(self, event: str) -> str:
        if self.counted is not None:
            return _say_times(self.counted, event)
        if self.last_days_ago is not None:
            return _say_last(self.last_days_ago, event)
        assert self.first_days_ago is not None
        return _say_first(self.first_days_ago, event)

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", self.event})

    def drifts(self) -> bool:
        return self.window_drifts() or self.days is not None

    def demands(self) -> Iterator[Demand]:
        rows = (self.event, self.where, self.scope)
        if self.counted is not None:
            yield Demand(("event count", *rows), allowed_by(self.counted))
        elif self.days is not None:
            which = "last" if self.last_days_ago is not None else "first"
            yield Demand((f"event {which}", *rows), allowed_by(self.days), can_miss=True)

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        return impossible_times(self.counted, self.days, self.days_of_scope())


def impossible_times(count: Count | None, days: Days | None, reach: int | None) -> str | None:
    """Why a count or a number of days can never be, within a window that reaches so many days back."""
    if count is not None and impossible_number(count):
        return _("No count is ever {wanted}.").format(wanted=count.sign())
    if days is None:
        return None
    if impossible_number(days):
        return _("Nothing was ever {wanted} days ago.").format(wanted=days.sign())
    if reach is not None and days.op != "!=":
        low = days.span[0]
        if low is not None and low > reach:
            return ngettext(
                "What was {wanted} days ago lies before the last {n} day, which is all that is looked at.",
                "What was {wanted} days ago lies before the last {n} days, which are all that is looked at.",
                reach,
            ).format(wanted=days.sign(), n=reach)
    return None


def say_ago(at: int | None, days: int | None, zone: ZoneInfo) -> str:
    """“12 (2026-11-10 09:00)”."""
    if at is None or days is None:
        return _("never")
    return _("{days} ({moment})").format(days=days, moment=say_moment(at, zone))


def _say_times(count: Count, event: str) -> str:
    if count.op == "=" and count.numbers[0] == 0:
        return _("“{event}” has never happened").format(event=event)
    if count.span_is(1, None):
        return _("“{event}” has happened").format(event=event)
    return count.say(
        event=event,
        exactly=lambda n: ngettext(
            "“{event}” has happened exactly {n} time", "“{event}” has happened exactly {n} times", n
        ),
        other=lambda n: ngettext(
            "“{event}” has happened any number of times but {n}",
            "“{event}” has happened any number of times but {n}",
            n,
        ),
        at_least=lambda n: ngettext(
            "“{event}” has happened at least {n} time", "“{event}” has happened at least {n} times", n
        ),
        at_most=lambda n: ngettext(
            "“{event}” has happened at most {n} time", "“{event}” has happened at most {n} times", n
        ),
        between=lambda n: ngettext(
            "“{event}” has happened between {low} and {n} time",
            "“{event}” has happened between {low} and {n} times",
            n,
        ),
    )


def _say_last(days: Days, event: str) -> str:
    return days.say(
        event=event,
        exactly=lambda n: ngettext("the last “{event}” was {n} day ago", "the last “{event}” was {n} days ago", n),
        other=lambda n: ngettext(
            "the last “{event}” was on another day than {n} day ago",
            "the last “{event}” was on another day than {n} days ago",
            n,
        ),
        at_least=lambda n: ngettext(
            "the last “{event}” was at least {n} day ago", "the last “{event}” was at least {n} days ago", n
        ),
        at_most=lambda n: ngettext(
            "the last “{event}” was at most {n} day ago", "the last “{event}” was at most {n} days ago", n
        ),
        between=lambda n: ngettext(
            "the last “{event}” was between {low} and {n} day ago",
            "the last “{event}” was between {low} and {n} days ago",
            n,
        ),
    )


def _say_first(days: Days, event: str) -> str:
    return days.say(
        event=event,
        exactly=lambda n: ngettext("the first “{event}” was {n} day ago", "the first “{event}” was {n} days ago", n),
        other=lambda n: ngettext(
            "the first “{event}” was on another day than {n} day ago",
            "the first “{event}” was on another day than {n} days ago",
            n,
        ),
        at_least=lambda n: ngettext(
            "the first “{event}” was at least {n} day ago", "the first “{event}” was at least {n} days ago", n
        ),
        at_most=lambda n: ngettext(
            "the first “{event}” was at most {n} day ago", "the first “{event}” was at most {n} days ago", n
        ),
        between=lambda n: ngettext(
            "the first “{event}” was between {low} and {n} day ago",
            "the first “{event}” was between {low} and {n} days ago",
            n,
        ),
    )
