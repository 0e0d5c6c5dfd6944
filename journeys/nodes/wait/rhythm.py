"""Waiting for as long as the contact usually takes from one purchase to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from sqlalchemy import BigInteger, ColumnElement, Double, Text, and_, case, cast, exists, func, literal, null, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, Instant, moment, zone_of
from journeys.base.validation import SettingsError
from journeys.nodes.cohort import Cohort, Named, Outcome, members
from journeys.nodes.durations import LONGEST, Duration, say_duration
from journeys.nodes.keys import Key
from journeys.nodes.node import Arrival, Names
from journeys.nodes.wait.rule import DONE, Sentences, WaitRule
from journeys.nodes.windows import Window
from journeys.store.dialect import json_number, json_object_text, json_parsed
from journeys.store.tables import membership, rhythm

#: the steps of the ladder, as the trace keeps them
CONTACT, SEGMENT, ALL, DEFAULT = "contact", "segment", "all", "default"


class PurchaseRhythm(WaitRule):
    """For the usual time between two purchase days, times a factor, counted from the arrival.

    The contact's own time where there are two purchase days or more; else that of the named segment, for who is in it;
    else that of all contacts; else the stated one. What was taken, and from which of the four, is worked out when the
    member comes, is kept as long as it waits, and stands in the trace; purchases made meanwhile do not move it.
    """

    arrival: ClassVar[Arrival] = Arrival.AT_ONCE

    type: Literal["purchase rhythm"] = "purchase rhythm"
    by: Literal["median", "mean"] = Field(
        "median", title=_("By"), description=_("A few long gaps make the mean longer than most gaps are.")
    )
    factor: Annotated[int | float, Field(gt=0, le=100, allow_inf_nan=False)] = Field(1, title=_("Times"))
    segment: Key | None = Field(
        None, title=_("Segment"), description=_("Whose time counts for a contact in it who has none of their own.")
    )
    otherwise: Duration = Field(
        Duration(amount=30, unit="days"), title=_("Else"), description=_("As long as nobody has bought twice.")
    )
    at_least: Duration | None = Field(None, title=_("At least"))
    at_most: Duration | None = Field(None, title=_("At most"))

    @model_validator(mode="after")
    def _sensible(self) -> PurchaseRhythm:
        if self.at_least is not None and self.at_most is not None and self.at_most.seconds < self.at_least.seconds:
            raise SettingsError(
                _("{most} at most is shorter than {least} at least.").format(
                    most=say_duration(self.at_most), least=say_duration(self.at_least)
                ),
                "at_most",
            )
        if self._thousandths < 1 or Decimal(str(self.factor)) * 1000 != self._thousandths:
            raise SettingsError(_("A factor has at most three decimal places, such as 1.5 or 0.125."), "factor")
        return self

    @property
    def _thousandths(self) -> int:
        # whole numbers, which both databases multiply and divide alike
        return int(Decimal(str(self.factor)) * 1000)

    def base(self, cohort: Cohort) -> ColumnElement[str | None]:
        """The end of the wait before its window: kept since the arrival, else worked out now."""
        kept: ColumnElement[Any] = cast(json_number(json_parsed(members.c["values"]), "until"), BigInteger)
        until = case((members.c["values"].is_not(None), kept), else_=members.c.arrived_at + self._seconds())
        written: ColumnElement[Any] = literal("@", Text()) + cast(until, Text)
        return written

    def named(
        self, bases: Iterable[tuple[str, str]], then: Window | None, *, zone: ZoneInfo
    ) -> dict[tuple[str, str], Named]:
        found = {}
        for name, base in bases:
            at = Instant(int(base[1:]))
            found[name, base] = Named(at, at if then is None else then.next(at, zone_of(name, zone)))
        return found

    def outcome(self, cohort: Cohort) -> Outcome:
        until = members.c.until
        own, segments, all_ = self._own("gaps"), self._of_segment("gaps"), self._of_all("gaps")
        worked_out = json_object_text(
            {
                "rhythm": case((own.is_not(None), CONTACT), (segments.is_not(None), SEGMENT), (all_.is_not(None), ALL), else_=DEFAULT),
                "gaps": func.coalesce(own, segments, all_),
                "days": cast(self._usual(), Double()) / DAY,
                "seconds": self._seconds(),
                "until": members.c.named_at,
            }
        )  # fmt: skip
        return Outcome(
            outlet=case((until <= cohort.moments.now, DONE)),
            values=func.coalesce(members.c["values"], worked_out),
            due_at=until,
            keeps_values=True,
        )

    def _usual(self) -> ColumnElement[int]:
        """Seconds between two purchase days; the first of the ladder that there is."""
        column = f"{self.by}_seconds"
        return func.coalesce(
            self._own(column), self._of_segment(column), self._of_all(column), literal(self.otherwise.seconds, BigInteger())
        )  # fmt: skip

    def _seconds(self) -> ColumnElement[int]:
        wanted: ColumnElement[int] = self._usual() * literal(self._thousandths, BigInteger()) // 1000
        least = self.at_least.seconds if self.at_least is not None else 0
        most = self.at_most.seconds if self.at_most is not None else LONGEST
        return case((wanted < least, least), (wanted > most, most), else_=wanted)

    def _own(self, column: str) -> ColumnElement[Any]:
        return (
            select(rhythm.c[column]).where(rhythm.c.contact == members.c.contact).correlate(members).scalar_subquery()
        )

    def _of_segment(self, column: str) -> ColumnElement[Any]:
        if self.segment is None:
            return null().cast(BigInteger)
        inside = exists(
            select(membership.c.id)
            .where(
                membership.c.segment == self.segment,
                membership.c.contact == members.c.contact,
                membership.c.to_at.is_(None),
            )
            .correlate(members)
        )
        return (
            select(rhythm.c[column])
            .where(and_(rhythm.c.segment == self.segment, rhythm.c.gaps > 0, inside))
            .scalar_subquery()
        )

    def _of_all(self, column: str) -> ColumnElement[Any]:
        return select(rhythm.c[column]).where(rhythm.c.segment == "", rhythm.c.gaps > 0).scalar_subquery()

    def told(self, values: Mapping[str, Any], names: Names, zone: ZoneInfo, *, rests: bool) -> Iterator[str]:
        days, n = f"{values['days']:.4g}", values["gaps"]
        match values["rhythm"]:
            case "contact":
                yield ngettext(
                    "The contact's own time between purchases was taken: {days} days, from {n} gap.",
                    "The contact's own time between purchases was taken: {days} days, from {n} gaps.",
                    n,
                ).format(days=days, n=n)
            case "segment":
                yield ngettext(
                    "The contact has no two purchase days; the time of the segment “{segment}” was taken: {days} days, from {n} gap.",
                    "The contact has no two purchase days; the time of the segment “{segment}” was taken: {days} days, from {n} gaps.",
                    n,
                ).format(days=days, n=n, segment=names.label("segment", self.segment or ""))
            case "all":
                yield ngettext(
                    "The contact has no two purchase days; the time of all contacts was taken: {days} days, from {n} gap.",
                    "The contact has no two purchase days; the time of all contacts was taken: {days} days, from {n} gaps.",
                    n,
                ).format(days=days, n=n)
            case _:
                yield _("Nobody has bought on two days yet; the stated time was taken: {days} days.").format(days=days)
        yield _("With factor and bounds the wait takes {days} days.").format(days=f"{values['seconds'] / DAY:.4g}")
        yield _("That means {moment}.").format(moment=f"{moment(Instant(values['until']), zone):%Y-%m-%d %H:%M}")

    def references(self) -> Iterator[tuple[str, str]]:
        if self.segment is not None:
            yield "segment", self.segment

    def rests(self, outlet: str) -> int:
        return self.at_least.seconds if self.at_least is not None else 0

    def words(self, names: Names, then: Window | None) -> str:
        whole = self.factor == 1
        if self.by == "median":
            without = (
                _("wait for the contact's usual time between purchases (median)")
                if whole
                else _("wait for {factor} times the contact's usual time between purchases (median)")
            )
            within = (
                _("wait for the contact's usual time between purchases (median), then until {window} in the contact's time")
                if whole
                else _("wait for {factor} times the contact's usual time between purchases (median), then until {window} in the contact's time")
            )  # fmt: skip
        else:
            without = (
                _("wait for the contact's mean time between purchases")
                if whole
                else _("wait for {factor} times the contact's mean time between purchases")
            )
            within = (
                _("wait for the contact's mean time between purchases, then until {window} in the contact's time")
                if whole
                else _("wait for {factor} times the contact's mean time between purchases, then until {window} in the contact's time")
            )  # fmt: skip
        said = Sentences(without, within).say(then, factor=f"{self.factor:g}")
        return _("{wait}; {fallback}").format(wait=said, fallback=self._fallback(names))

    def _fallback(self, names: Names) -> str:
        stated = say_duration(self.otherwise)
        if self.segment is None:
            text = _("who has bought on one day only waits as all do, else {duration}").format(duration=stated)
        else:
            text = _(
                "who has bought on one day only waits as “{segment}” does, else as all do, else {duration}"
            ).format(segment=names.label("segment", self.segment), duration=stated)
        least = say_duration(self.at_least) if self.at_least is not None else ""
        most = say_duration(self.at_most) if self.at_most is not None else ""
        if least and most:
            return _("{text}; {least} at least and {most} at most").format(text=text, least=least, most=most)
        if least:
            return _("{text}; {least} at least").format(text=text, least=least)
        return _("{text}; {most} at most").format(text=text, most=most) if most else text
