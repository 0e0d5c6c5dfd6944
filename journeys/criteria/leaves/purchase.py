"""Purchases: how many, for how much, how long ago, of what, and how that has changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, case, cast, func, literal_column, select

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.money import to_text
from journeys.base.time import Instant, day_of
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Demand
from journeys.criteria.comparison import FAR, SIGNS, Amount, Count, Days, count_holds, days_ago_holds
from journeys.criteria.frame import Frame, any_row, one, scalar
from journeys.criteria.leaf import ScopedLeaf, Verdict, allowed_by
from journeys.criteria.leaves.event import impossible_times, say_ago
from journeys.criteria.names import Names
from journeys.criteria.part import Key, Part
from journeys.criteria.saying import qualified, quoted
from journeys.criteria.scope import AboutMessage, purchase_scope
from journeys.store import tables as t
from journeys.store.dialect import json_object_text, json_parsed


class Change(Part):
    """How a number of the last N days differs from the same number of the N days before, in percent.

    Calendar days, today being the last one of the first window. Who bought nothing in the window before has no
    percentage and does not fit.
    """

    of: Literal["count", "total"] = "count"
    days: Annotated[int, Field(ge=1, le=FAR // 2, strict=True)]
    op: Literal["<=", ">="]
    #: -50: at most half as much
    percent: Annotated[int, Field(ge=-100, le=100_000, strict=True)]

    told_by: ClassVar[frozenset[str]] = frozenset({"of"})


class PurchaseLeaf(ScopedLeaf):
    """Orders of the contact, perhaps only those with a product or a category among their lines.

    One of: `count` of orders (at least one where nothing is said), `total` in minor units of `currency` (of the lines
    that fit, where a product or category is named; 0 without orders), `last_days_ago`, `first_days_ago`, `change`.
    """

    answers_messages: ClassVar[bool] = False

    leaf: Literal["purchase"] = "purchase"
    count: Count | None = None
    total: Amount | None = None
    last_days_ago: Days | None = None
    first_days_ago: Days | None = None
    change: Change | None = None
    product: Key | None = None
    category: Key | None = None
    #: three letters; sums need it
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None

    @field_validator("scope")
    @classmethod
    def _answers_nothing(cls, scope: Any) -> Any:
        if isinstance(scope, AboutMessage):
            raise SettingsError(_("A purchase answers no message. Ask for purchases since leaving the step."))
        return scope

    @model_validator(mode="after")
    def _one_question(self) -> PurchaseLeaf:
        asked = (self.count, self.total, self.last_days_ago, self.first_days_ago, self.change)
        if sum(one is not None for one in asked) > 1:
            raise SettingsError(_("One question at a time: a count, a sum, the last or the first one, or a change."))
        summed = self.total is not None or (self.change is not None and self.change.of == "total")
        if summed and self.currency is None:
            raise SettingsError(_("A sum needs its currency, such as PLN."), "currency")
        if self.change is not None and self.scope is not None:
            raise SettingsError(_("A change names its own days and takes no scope."), "scope")
        return self

    @property
    def counted(self) -> Count | None:
        if any(one is not None for one in (self.total, self.last_days_ago, self.first_days_ago, self.change)):
            return None
        return self.count or Count(op=">=", value=1)

    @property
    def days(self) -> Days | None:
        return self.last_days_ago or self.first_days_ago

    def with_default_scope(self, scope: Any) -> Any:
        return self if self.change is not None else super().with_default_scope(scope)

    # --- SQL -----------------------------------------------------------------------------------------------------

    def _conditions(self, purchases: FromClause, frame: Frame) -> list[ColumnElement[bool]]:
        c = purchases.c
        asked = [c.contact == frame.contact, *purchase_scope(self.scope, purchases, frame)]
        if self.currency is not None:
            asked.append(c.currency == self.currency)
        if self._narrowed:
            lines = t.purchase_line.alias()
            asked.append(any_row(select(one).where(lines.c.purchase == c.id, *self._line_fits(lines)), lines))
        return asked

    @property
    def _narrowed(self) -> bool:
        return self.product is not None or self.category is not None

    def _line_fits(self, lines: FromClause) -> list[ColumnElement[bool]]:
        asked = []
        if self.product is not None:
            asked.append(lines.c.product == self.product)
        if self.category is not None:
            product = t.product.alias()
            asked.append(
                any_row(
                    select(one).where(product.c.key == lines.c.product, product.c.category == self.category), product
                )
            )
        return asked

    def _rows(self, column: ColumnElement[Any], purchases: FromClause, frame: Frame) -> Select[Any]:
        return select(column).select_from(purchases).where(*self._conditions(purchases, frame))

    def _amount(self, purchases: FromClause) -> ColumnElement[Any]:
        """What one order counts in a sum."""
        if not self._narrowed:
            return purchases.c.total
        lines = t.purchase_line.alias()
        return scalar(
            select(func.sum(lines.c.amount)).where(lines.c.purchase == purchases.c.id, *self._line_fits(lines)), lines
        )

    def _total(self, frame: Frame) -> ColumnElement[Any]:
        purchases = t.purchase.alias()
        summed = func.coalesce(func.sum(self._amount(purchases)), 0)
        # PostgreSQL sums BIGINT to NUMERIC
        return scalar(self._rows(cast(summed, BigInteger()), purchases, frame), purchases)

    def _edge(self, frame: Frame) -> ColumnElement[Any]:
        purchases = t.purchase.alias()
        at = purchases.c.at
        return scalar(
            self._rows(func.max(at) if self.first_days_ago is None else func.min(at), purchases, frame), purchases
        )

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        if self.change is not None:
            return self._change_holds(self.change, frame)
        if self.total is not None:
            return self.total.sql(self._total(frame))
        if self.days is not None:
            return days_ago_holds(self._edge(frame), self.days, frame)
        assert self.counted is not None
        purchases = t.purchase.alias()
        return count_holds(self._rows(one, purchases, frame), self.counted, purchases)

    def _windows(self, change: Change, frame: Frame) -> tuple[Select[Any], FromClause]:
        """One row: `now` and `before`."""
        purchases = t.purchase.alias()
        at = purchases.c.at
        middle = frame.start_of_day(1 - change.days)
        counted: ColumnElement[Any] = (
            literal_column("1", BigInteger()) if change.of == "count" else self._amount(purchases)
        )
        none = literal_column("0", BigInteger())
        rows = (
            select(
                cast(func.coalesce(func.sum(case((at >= middle, counted), else_=none)), 0), BigInteger()).label("now"),
                cast(func.coalesce(func.sum(case((at < middle, counted), else_=none)), 0), BigInteger()).label(
                    "before"
                ),
            )
            .select_from(purchases)
            .where(*self._conditions(purchases, frame), at >= frame.start_of_day(1 - 2 * change.days))
            .correlate_except(purchases)
        )
        return rows, purchases

    def _change_holds(self, change: Change, frame: Frame) -> ColumnElement[bool]:
        rows, _purchases = self._windows(change, frame)
        both = rows.subquery()
        difference = (both.c.now - both.c.before) * 100
        bound = both.c.before * change.percent
        fits = difference <= bound if change.op == "<=" else difference >= bound
        return any_row(select(one).select_from(both).where(both.c.before > 0, fits), both)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        if self.change is not None:
            both = self._windows(self.change, frame)[0].subquery()
            text = scalar(
                select(json_object_text({"now": both.c.now, "before": both.c.before})).select_from(both), both
            )
            return json_parsed(text)
        if self.total is not None:
            return self._total(frame)
        if self.days is not None:
            return self._edge(frame)
        purchases = t.purchase.alias()
        return scalar(self._rows(func.count(), purchases, frame), purchases)

    # --- what it means -------------------------------------------------------------------------------------------

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        if self.change is not None:
            return self._change_verdict(self.change, observed, names)
        if self.total is not None:
            assert self.currency is not None
            return Verdict(
                what=self._qualified(_("sum of orders"), names),
                observed=say_money(observed, self.currency),
                wanted=_money_sign(self.total, self.currency),
                holds=self.total.takes(observed),
            )
        if self.days is not None:
            ago = None if observed is None else (day_of(at, zone) - day_of(observed, zone)).days
            what = _("days since the last order") if self.last_days_ago else _("days since the first order")
            return Verdict(
                what=self._qualified(what, names),
                observed=say_ago(observed, ago, zone),
                wanted=self.days.sign(),
                holds=ago is not None and self.days.takes(ago),
            )
        assert self.counted is not None
        return Verdict(
            what=self._qualified(_("orders"), names),
            observed=str(observed),
            wanted=self.counted.sign(),
            holds=self.counted.takes(observed),
        )

    def _change_verdict(self, change: Change, observed: Any, names: Names) -> Verdict:
        now, before = observed["now"], observed["before"]
        difference, bound = (now - before) * 100, before * change.percent
        holds = before > 0 and (difference <= bound if change.op == "<=" else difference >= bound)
        if change.of == "count":
            seen = _("{now} after {before}").format(now=now, before=before)
            what = ngettext("orders of {n} day", "orders of {n} days", change.days)
        else:
            assert self.currency is not None
            seen = _("{now} after {before}").format(
                now=say_money(now, self.currency), before=say_money(before, self.currency)
            )
            what = ngettext("sum of orders of {n} day", "sum of orders of {n} days", change.days)
        return Verdict(
            what=self._qualified(what.format(n=change.days), names),
            observed=seen,
            wanted=_("{sign} {percent} %").format(sign=SIGNS[change.op], percent=_signed(change.percent)),
            holds=holds,
        )

    def _qualified(self, sentence: str, names: Names) -> str:
        return qualified(sentence, [self.when(names), *self._of_what(names)])

    def _of_what(self, names: Names) -> Iterator[str]:
        if self.product is not None:
            yield _("with “{product}”").format(product=names.label("product", self.product))
        if self.category is not None:
            yield _("from the category {category}").format(category=quoted(self.category))
        if self.currency is not None and self.total is None:
            yield _("in {currency}").format(currency=self.currency)

    def words(self, names: Names) -> str:
        return self._qualified(self._sentence(), names)

    def _sentence(self) -> str:
        if self.change is not None:
            return _say_change(self.change)
        if self.total is not None:
            assert self.currency is not None
            return _say_total(self.total, self.currency)
        if self.last_days_ago is not None:
            return _say_last(self.last_days_ago)
        if self.first_days_ago is not None:
            return _say_first(self.first_days_ago)
        assert self.counted is not None
        return _say_orders(self.counted)

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "purchase.made"})

    def drifts(self) -> bool:
        return self.window_drifts() or self.days is not None or self.change is not None

    def references(self) -> Iterator[tuple[str, str]]:
        if self.product is not None:
            yield "product", self.product

    def window(self) -> int | None:
        if self.change is not None:
            return int(timedelta(days=2 * self.change.days).total_seconds())
        return super().window()

    def demands(self) -> Iterator[Demand]:
        rows = (self.product, self.category, self.currency, self.scope)
        if self.counted is not None:
            yield Demand(("orders", *rows), allowed_by(self.counted))
        elif self.total is not None:
            yield Demand(("total", *rows), allowed_by(self.total))
        elif self.days is not None:
            which = "last" if self.last_days_ago is not None else "first"
            yield Demand((f"order {which}", *rows), allowed_by(self.days), can_miss=True)

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        if self.total is not None and self.total.op == "between" and self.total.numbers[0] > self.total.numbers[1]:
            assert self.currency is not None
            low, high = (say_money(number, self.currency) for number in self.total.numbers)
            return _("Nothing lies between {low} and {high}: the first is the larger one.").format(low=low, high=high)
        return impossible_times(self.counted, self.days, self.days_of_scope())


def say_money(minor: int, currency: str) -> str:
    """“100.00 PLN”."""
    return _("{amount} {currency}").format(amount=to_text(minor, currency), currency=currency)


def _money_sign(total: Amount, currency: str) -> str:
    low, high = total.numbers[0], total.numbers[-1]
    if total.op == "between":
        return _("between {low} and {high}").format(low=say_money(low, currency), high=say_money(high, currency))
    return _("{sign} {number}").format(sign=SIGNS[total.op], number=say_money(low, currency))


def _signed(percent: int) -> str:
    return f"−{-percent}" if percent < 0 else f"+{percent}"


def _say_change(change: Change) -> str:
    n, percent = change.days, abs(change.percent)
    less = change.percent < 0
    match change.of, change.op:
        case "count", "<=" if less:
            text = ngettext(
                "at least {percent} % fewer orders in the last {n} day than in the day before",
                "at least {percent} % fewer orders in the last {n} days than in the {n} days before",
                n,
            )
        case "count", "<=":
            text = ngettext(
                "at most {percent} % more orders in the last {n} day than in the day before",
                "at most {percent} % more orders in the last {n} days than in the {n} days before",
                n,
            )
        case "count", ">=" if less:
            text = ngettext(
                "at most {percent} % fewer orders in the last {n} day than in the day before",
                "at most {percent} % fewer orders in the last {n} days than in the {n} days before",
                n,
            )
        case "count", ">=":
            text = ngettext(
                "at least {percent} % more orders in the last {n} day than in the day before",
                "at least {percent} % more orders in the last {n} days than in the {n} days before",
                n,
            )
        case "total", "<=" if less:
            text = ngettext(
                "orders for at least {percent} % less in the last {n} day than in the day before",
                "orders for at least {percent} % less in the last {n} days than in the {n} days before",
                n,
            )
        case "total", "<=":
            text = ngettext(
                "orders for at most {percent} % more in the last {n} day than in the day before",
                "orders for at most {percent} % more in the last {n} days than in the {n} days before",
                n,
            )
        case "total", ">=" if less:
            text = ngettext(
                "orders for at most {percent} % less in the last {n} day than in the day before",
                "orders for at most {percent} % less in the last {n} days than in the {n} days before",
                n,
            )
        case _:
            text = ngettext(
                "orders for at least {percent} % more in the last {n} day than in the day before",
                "orders for at least {percent} % more in the last {n} days than in the {n} days before",
                n,
            )
    return text.format(percent=percent, n=n)


def _say_total(total: Amount, currency: str) -> str:
    low, high = (say_money(number, currency) for number in (total.numbers[0], total.numbers[-1]))
    match total.op:
        case "=":
            text = _("orders for exactly {low}")
        case "!=":
            text = _("orders for another sum than {low}")
        case ">=":
            text = _("orders for at least {low}")
        case ">":
            text = _("orders for more than {low}")
        case "<=":
            text = _("orders for at most {low}")
        case "<":
            text = _("orders for less than {low}")
        case "between":
            text = _("orders for between {low} and {high}")
        case _ as never:
            assert_never(never)
    return text.format(low=low, high=high)


def _say_orders(count: Count) -> str:
    if count.span_is(0, 0) or count.span_is(None, 0):
        return _("has never ordered")
    return count.say(
        exactly=lambda n: ngettext("exactly {n} order", "exactly {n} orders", n),
        other=lambda n: ngettext("any number of orders but {n}", "any number of orders but {n}", n),
        at_least=lambda n: ngettext("at least {n} order", "at least {n} orders", n),
        at_most=lambda n: ngettext("at most {n} order", "at most {n} orders", n),
        between=lambda n: ngettext("between {low} and {n} order", "between {low} and {n} orders", n),
    )


def _say_last(days: Days) -> str:
    return days.say(
        exactly=lambda n: ngettext("the last order was {n} day ago", "the last order was {n} days ago", n),
        other=lambda n: ngettext(
            "the last order was on another day than {n} day ago",
            "the last order was on another day than {n} days ago",
            n,
        ),
        at_least=lambda n: ngettext(
            "the last order was at least {n} day ago", "the last order was at least {n} days ago", n
        ),
        at_most=lambda n: ngettext(
            "the last order was at most {n} day ago", "the last order was at most {n} days ago", n
        ),
        between=lambda n: ngettext(
            "the last order was between {low} and {n} day ago", "the last order was between {low} and {n} days ago", n
        ),
    )


def _say_first(days: Days) -> str:
    return days.say(
        exactly=lambda n: ngettext("the first order was {n} day ago", "the first order was {n} days ago", n),
        other=lambda n: ngettext(
            "the first order was on another day than {n} day ago",
            "the first order was on another day than {n} days ago",
            n,
        ),
        at_least=lambda n: ngettext(
            "the first order was at least {n} day ago", "the first order was at least {n} days ago", n
        ),
        at_most=lambda n: ngettext(
            "the first order was at most {n} day ago", "the first order was at most {n} days ago", n
        ),
        between=lambda n: ngettext(
            "the first order was between {low} and {n} day ago",
            "the first order was between {low} and {n} days ago",
            n,
        ),
    )
