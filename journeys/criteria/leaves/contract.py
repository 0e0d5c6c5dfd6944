"""A contract of the contact. Everything that one leaf asks, it asks of one and the same row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import StrictBool, model_validator
from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, not_, or_, select, true

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant, day_of
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Demand
from journeys.criteria.comparison import Count, DayCounter, Days, Length, count_holds, days_since
from journeys.criteria.frame import Frame, NeedsPassage, one, scalar
from journeys.criteria.leaf import Leaf, Verdict, allowed_by, impossible_number
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import listed
from journeys.criteria.scope import Ever, OfSubject, Scope, product_of, say_scope
from journeys.store import tables as t
from journeys.store.dialect import json_object_text, json_parsed


class ContractLeaf(Leaf):
    """Has a contract that fits all that is asked here; or so many of them.

    `end` is a counter: (last day - today) + 1. A contract whose last day is today has 1, from yesterday on 0; “ends in 7
    days” is 8. Days are those of the workspace's calendar.
    """

    leaf: Literal["contract"] = "contract"
    product: Key | None = None
    offer: Key | None = None
    end: DayCounter | None = None
    duration_days: Length | None = None
    started_days_ago: Days | None = None
    recurring_now: StrictBool | None = None
    recurring_initially: StrictBool | None = None
    #: how many such contracts; at least one where nothing is said
    count: Count | None = None
    #: ever, or the very contract that the passage is about; where it is about a product, contracts of that
    scope: Scope | None = None

    @model_validator(mode="after")
    def _scope_fits(self) -> ContractLeaf:
        if not isinstance(self.scope, Ever | OfSubject | None):
            raise SettingsError(
                _("A contract is looked at as it stands today: the scope is “ever” or “subject”."), "scope"
            )
        return self

    # --- SQL -----------------------------------------------------------------------------------------------------

    def _mine(self, contracts: FromClause, frame: Frame) -> list[ColumnElement[bool]]:
        c = contracts.c
        asked = [c.contact == frame.contact]
        if isinstance(self.scope, OfSubject):
            passage = frame.passage
            if passage is None:
                raise NeedsPassage(words=say_scope(self.scope, None))
            asked.append(
                or_(
                    and_(passage.subject_kind == "contract", c.id == passage.subject_id),
                    and_(passage.subject_kind == "product", c.product == product_of(passage)),
                )
            )
        return asked

    def _fits(self, contracts: FromClause, frame: Frame) -> list[ColumnElement[bool]]:
        c = contracts.c
        asked: list[ColumnElement[bool]] = []
        if self.product is not None:
            asked.append(c.product == self.product)
        if self.offer is not None:
            asked.append(c.offer == self.offer)
        if self.end is not None:
            asked.append(_ends(self.end, c.end_on, frame))
        if self.duration_days is not None:
            asked.append(self.duration_days.sql(c.duration_days))
        if self.started_days_ago is not None:
            asked.append(days_since(self.started_days_ago, c.start_on, frame))
        if self.recurring_now is not None:
            asked.append(c.recurring_now if self.recurring_now else not_(c.recurring_now))
        if self.recurring_initially is not None:
            asked.append(c.recurring_initially if self.recurring_initially else not_(c.recurring_initially))
        return asked

    @property
    def counted(self) -> Count:
        return self.count or Count(op=">=", value=1)

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        contracts = t.contract.alias()
        rows = select(one).select_from(contracts).where(*self._mine(contracts, frame), *self._fits(contracts, frame))
        return count_holds(rows, self.counted, contracts)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        """How many fit, and the row that fits; where none does, the one of the product that ends last."""
        return json_object_text({"count": self._count(frame), "row": json_parsed(self._nearest(frame))})

    def _count(self, frame: Frame) -> ColumnElement[Any]:
        contracts = t.contract.alias()
        rows: Select[Any] = select(func.count()).select_from(contracts)
        return scalar(rows.where(*self._mine(contracts, frame), *self._fits(contracts, frame)), contracts)

    def _nearest(self, frame: Frame) -> ColumnElement[Any]:
        contracts = t.contract.alias()
        c = contracts.c
        fits = case((and_(true(), *self._fits(contracts, frame)), 0), else_=1)
        other_product = case((c.product == self.product, 0), else_=1) if self.product is not None else None
        order = [fits] + ([other_product] if other_product is not None else [])
        row = json_object_text(
            {
                "id": c.id,
                "product": c.product,
                "offer": c.offer,
                "start_on": c.start_on,
                "end_on": c.end_on,
                "duration_days": c.duration_days,
                "recurring_now": c.recurring_now,
                "recurring_initially": c.recurring_initially,
            }
        )
        return scalar(
            select(row)
            .select_from(contracts)
            .where(*self._mine(contracts, frame))
            .order_by(*order, c.end_on.desc(), c.id)
            .limit(one),
            contracts,
        )

    # --- what it means -------------------------------------------------------------------------------------------

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        row, today = observed["row"], day_of(at, zone)
        if self.count is not None:
            return Verdict(
                what=_("contracts that fit: {words}").format(words=self._row_words(names)),
                observed=str(observed["count"]),
                wanted=self.counted.sign(),
                holds=self.counted.takes(observed["count"]),
            )
        return Verdict(
            what=_("contract"),
            observed=_("none") if row is None else self._say_row(row, names, today),
            wanted=self._row_words(names),
            holds=observed["count"] > 0,
            state=True,
        )

    def _say_row(self, row: dict[str, Any], names: Names, today: date) -> str:
        end = date.fromisoformat(row["end_on"])
        days = row["duration_days"]
        return ngettext(
            "“{product}”, {duration} day until {end} (counter {counter}), {now}, {initially}",
            "“{product}”, {duration} days until {end} (counter {counter}), {now}, {initially}",
            days,
        ).format(
            product=names.label("product", row["product"]),
            duration=days,
            end=end.isoformat(),
            counter=(end - today).days + 1,
            now=_say_now(row["recurring_now"]),
            initially=_say_initially(row["recurring_initially"]),
        )

    def words(self, names: Names) -> str:
        asked = self._row_words(names)
        if self.count is None:
            return _("has a contract: {asked}").format(asked=asked) if asked else _("has a contract")
        count = self.count.say(
            exactly=lambda n: ngettext("has exactly {n} contract", "has exactly {n} contracts", n),
            other=lambda n: ngettext("has any number of contracts but {n}", "has any number of contracts but {n}", n),
            at_least=lambda n: ngettext("has at least {n} contract", "has at least {n} contracts", n),
            at_most=lambda n: ngettext("has at most {n} contract", "has at most {n} contracts", n),
            between=lambda n: ngettext("has between {low} and {n} contract", "has between {low} and {n} contracts", n),
        )
        return _("{count}: {asked}").format(count=count, asked=asked) if asked else count

    def _row_words(self, names: Names) -> str:
        return listed(self._asked(names))

    def _asked(self, names: Names) -> Iterator[str]:
        if isinstance(self.scope, OfSubject):
            yield _("the one that the passage is about")
        if self.product is not None:
            yield _("product “{product}”").format(product=names.label("product", self.product))
        if self.offer is not None:
            yield _("offer “{offer}”").format(offer=names.label("offer", self.offer))
        if self.end is not None:
            yield _say_end(self.end)
        if self.duration_days is not None:
            yield _say_duration(self.duration_days)
        if self.started_days_ago is not None:
            yield _say_started(self.started_days_ago)
        if self.recurring_now is not None:
            yield _say_now(self.recurring_now)
        if self.recurring_initially is not None:
            yield _say_initially(self.recurring_initially)

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "contract.added", "contract.changed"})

    def drifts(self) -> bool:
        return self.end is not None or self.started_days_ago is not None

    def references(self) -> Iterator[tuple[str, str]]:
        if self.product is not None:
            yield "product", self.product
        if self.offer is not None:
            yield "offer", self.offer

    def needs_passage(self) -> bool:
        return isinstance(self.scope, OfSubject)

    def demands(self) -> Iterator[Demand]:
        rows = self.model_copy(update={"count": None})
        yield Demand(("contracts", rows), allowed_by(self.counted))

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        for asked in (self.end, self.duration_days, self.started_days_ago, self.counted):
            if asked is not None and impossible_number(asked):
                return _("No contract is ever counted {wanted}.").format(wanted=asked.sign())
        return None


def resolved_day(leaf: ContractLeaf, today: date) -> date | tuple[date, date] | None:
    """The last day of the contract that its counter stands for, seen from `today`; two for “between”.

    8 on 22 November is 29 November. None where the leaf asks nothing of the end.
    """
    if leaf.end is None:
        return None
    days = [today + timedelta(days=number - 1) for number in leaf.end.numbers]
    return days[0] if len(days) == 1 else (days[0], days[1])


def _ends(end: DayCounter, end_on: ColumnElement[Any], frame: Frame) -> ColumnElement[bool]:
    first, last = frame.day(end.numbers[0] - 1), frame.day(end.numbers[-1] - 1)
    match end.op:
        case "=":
            return end_on == first
        case "!=":
            return or_(end_on < first, end_on > first)
        case "<":
            return end_on < first
        case "<=":
            return end_on <= first
        case ">":
            return end_on > first
        case ">=":
            return end_on >= first
        case _:
            return and_(end_on >= first, end_on <= last)


def _say_end(end: DayCounter) -> str:
    if end.span_is(1, None):
        return _("active today")
    return end.say(
        exactly=lambda n: ngettext(
            "ends on the day with counter {n} (today is 1)", "ends on the day with counter {n} (today is 1)", n
        ),
        other=lambda n: ngettext(
            "ends on another day than that with counter {n} (today is 1)",
            "ends on another day than that with counter {n} (today is 1)",
            n,
        ),
        at_least=lambda n: ngettext(
            "ends on the day with counter {n} or later (today is 1)",
            "ends on the day with counter {n} or later (today is 1)",
            n,
        ),
        at_most=lambda n: ngettext(
            "ends on the day with counter {n} or earlier (today is 1)",
            "ends on the day with counter {n} or earlier (today is 1)",
            n,
        ),
        between=lambda n: ngettext(
            "ends on a day with counter {low} to {n} (today is 1)",
            "ends on a day with counter {low} to {n} (today is 1)",
            n,
        ),
    )


def _say_duration(length: Length) -> str:
    return length.say(
        exactly=lambda n: ngettext("lasts {n} day", "lasts {n} days", n),
        other=lambda n: ngettext("does not last {n} day", "does not last {n} days", n),
        at_least=lambda n: ngettext("lasts at least {n} day", "lasts at least {n} days", n),
        at_most=lambda n: ngettext("lasts at most {n} day", "lasts at most {n} days", n),
        between=lambda n: ngettext("lasts between {low} and {n} day", "lasts between {low} and {n} days", n),
    )


def _say_started(days: Days) -> str:
    return days.say(
        exactly=lambda n: ngettext("started {n} day ago", "started {n} days ago", n),
        other=lambda n: ngettext("did not start {n} day ago", "did not start {n} days ago", n),
        at_least=lambda n: ngettext("started at least {n} day ago", "started at least {n} days ago", n),
        at_most=lambda n: ngettext("started at most {n} day ago", "started at most {n} days ago", n),
        between=lambda n: ngettext(
            "started between {low} and {n} day ago", "started between {low} and {n} days ago", n
        ),
    )


def _say_now(recurring: bool) -> str:
    return _("renews automatically now") if recurring else _("does not renew automatically now")


def _say_initially(recurring: bool) -> str:
    return _("renewed automatically at first") if recurring else _("did not renew automatically at first")
