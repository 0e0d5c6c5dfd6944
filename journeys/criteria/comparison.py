"""Whole numbers compared: counts, days, sums, scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, assert_never

from pydantic import StrictInt, model_validator
from sqlalchemy import ColumnElement, FromClause, Select, and_, false, not_, or_, true

from journeys.base.i18n import _, ngettext
from journeys.base.validation import SettingsError
from journeys.criteria.frame import Frame, at_least
from journeys.criteria.part import Part

Op = Literal["=", "!=", "<", "<=", ">", ">=", "between"]

#: a hundred years
FAR = 36_600

#: what people read for an operator beside a number
SIGNS: dict[str, str] = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


class Comparison(Part):
    """An operator and a whole number; two numbers, both included, for “between”."""

    #: what the compared number can be at all; no bound where None
    least: ClassVar[int | None] = None
    most: ClassVar[int | None] = None
    #: what may be asked for
    reach: ClassVar[tuple[int, int]] = (-(10**15), 10**15)

    op: Op
    value: StrictInt | tuple[StrictInt, StrictInt]

    @model_validator(mode="after")
    def _fits(self) -> Comparison:
        if (self.op == "between") != isinstance(self.value, tuple):
            if self.op == "between":
                raise SettingsError(_("“between” needs two whole numbers, such as [2, 8]."), "value")
            raise SettingsError(_("“{op}” needs one whole number.").format(op=self.op), "value")
        low, high = self.reach
        for value in self.numbers:
            if not low <= value <= high:
                raise SettingsError(
                    _("{value} is out of reach; it can be {low} to {high}.").format(value=value, low=low, high=high),
                    "value",
                )
        return self

    @property
    def numbers(self) -> tuple[int, ...]:
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def span(self) -> tuple[int | None, int | None]:
        """The lowest and the highest number that fulfil it, both included; None: no bound. Not for “!=”."""
        first, last = self.numbers[0], self.numbers[-1]
        match self.op:
            case "=" | "between":
                return first, last
            case "<":
                return None, last - 1
            case "<=":
                return None, last
            case ">":
                return first + 1, None
            case ">=":
                return first, None
            case "!=":
                raise ValueError("“!=” is no span")
            case _ as never:
                assert_never(never)

    def span_is(self, low: int | None, high: int | None) -> bool:
        """Whether it asks for just these numbers, however it is written."""
        return self.op != "!=" and self.span == (low, high)

    def takes(self, number: int | float) -> bool:
        """Whether a number fulfils it."""
        if self.op == "!=":
            return number != self.numbers[0]
        low, high = self.span
        return (low is None or number >= low) and (high is None or number <= high)

    def sql(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The comparison on a column; NULL for NULL."""
        first, last = self.numbers[0], self.numbers[-1]
        match self.op:
            case "=":
                return column == first
            case "!=":
                return column != first
            case "<":
                return column < first
            case "<=":
                return column <= first
            case ">":
                return column > first
            case ">=":
                return column >= first
            case "between":
                return and_(column >= first, column <= last)
            case _ as never:
                assert_never(never)

    def say(
        self,
        *,
        exactly: Callable[[int], str],
        other: Callable[[int], str],
        at_least: Callable[[int], str],
        at_most: Callable[[int], str],
        between: Callable[[int], str],
        **values: str,
    ) -> str:
        """The one of five sentences that fits the operator.

        Each is given the number that its plural goes by and returns a template with {n}; `between` has {low} too.
        """
        low, n = self.numbers[0], self.numbers[-1]
        match self.op:
            case "=":
                template = exactly(n)
            case "!=":
                template = other(n)
            case ">=":
                template = at_least(n)
            case ">":
                n += 1
                template = at_least(n)
            case "<=":
                template = at_most(n)
            case "<":
                n -= 1
                template = at_most(n)
            case "between":
                template = between(n)
            case _ as never:
                assert_never(never)
        return template.format(n=n, low=low, **values)

    def sign(self) -> str:
        """As it stands beside an observed number: “≥ 3”."""
        if self.op == "between":
            return _("between {low} and {high}").format(low=self.numbers[0], high=self.numbers[-1])
        return _("{sign} {number}").format(sign=SIGNS[self.op], number=self.numbers[0])


class Count(Comparison):
    """How many."""

    least = 0
    reach = (0, 1_000_000)


class Days(Comparison):
    """How many calendar days ago, in the workspace's zone; today is 0."""

    least = 0
    reach = (0, FAR)


class DayCounter(Comparison):
    """Days counted inclusively: (end - today) + 1, so that today is 1 and yesterday 0."""

    reach = (-FAR, FAR)


class Length(Comparison):
    """How many days something lasts."""

    least = 0
    reach = (0, 10 * FAR)


class Amount(Comparison):
    """Money in minor units: 10000 is 100.00 PLN."""


class Score(Comparison):
    """An NPS score."""

    least = 0
    most = 10
    reach = (0, 10)


def count_holds(rows: Select[Any], count: Count, *own: FromClause) -> ColumnElement[bool]:
    """Whether the number of rows fulfils the comparison. Never NULL."""
    if count.op == "!=":
        n = count.numbers[0]
        more = at_least(rows, n + 1, *own)
        return more if n == 0 else or_(more, not_(at_least(rows, n, *own)))
    low, high = count.span
    parts: list[ColumnElement[bool]] = []
    if low is not None and low > 0:
        parts.append(at_least(rows, low, *own))
    if high is not None:
        parts.append(not_(at_least(rows, high + 1, *own)) if high >= 0 else false())
    return parts[0] if len(parts) == 1 else and_(true(), *parts)


def days_ago_holds(at: ColumnElement[Any], days: Days, frame: Frame) -> ColumnElement[bool]:
    """Whether an instant lies so many calendar days ago; NULL for NULL. The instant is not after now."""
    if days.op == "!=":
        n = days.numbers[0]
        return or_(at < frame.start_of_day(-n), at >= frame.start_of_day(1 - n))
    low, high = days.span
    parts: list[ColumnElement[bool]] = []
    if low is not None and low > 0:
        parts.append(at < frame.start_of_day(1 - low))
    if high is not None:
        parts.append(at >= frame.start_of_day(-high))
    return and_(*parts) if parts else at.is_not(None)


def days_since(days: Days, column: ColumnElement[Any], frame: Frame) -> ColumnElement[bool]:
    """Whether an ISO day lies so many days before today; days to come are no answer. NULL for NULL."""
    if days.op == "!=":
        return and_(column != frame.day(-days.numbers[0]), column <= frame.day(0))
    low, high = days.span
    parts = [column <= frame.day(-max(low or 0, 0))]
    if high is not None:
        parts.append(column >= frame.day(-high))
    return and_(*parts)


def say_days(n: int) -> str:
    """“3 days”."""
    return ngettext("{n} day", "{n} days", n).format(n=n)
