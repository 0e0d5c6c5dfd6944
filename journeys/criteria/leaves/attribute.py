"""An attribute of the contact, or one of the columns that every contact has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import model_validator
from sqlalchemy import BigInteger, ColumnElement, and_, func, literal, or_

from journeys.base.catalogue import AttributeType, Catalogue
from journeys.base.errors import suggestion
from journeys.base.i18n import N_, _, ngettext
from journeys.base.text import fold
from journeys.base.time import Instant, day_of, day_start, instant
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.comparison import FAR, SIGNS
from journeys.criteria.filters import Value, bound, check_values, say_scalar
from journeys.criteria.frame import Columns, Frame
from journeys.criteria.leaf import Leaf, Verdict
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import listed, quoted, say_moment, say_number
from journeys.store.attribute_indexes import AttributeIndex
from journeys.store.dialect import (
    contains,
    json_array_has,
    json_bool,
    json_member,
    json_number,
    json_text,
    typed_attribute,
)
from journeys.store.fields import COLUMNS

AttributeOp = Literal[
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "in",
    "contains",
    "starts with",
    "within the last days",
    "in the next days",
    "days ago",
    "in days",
    "more than days ago",
    "has a value",
    "has none",
]

#: those whose value is a number of days; those without a value
RELATIVE = ("within the last days", "in the next days", "days ago", "in days", "more than days ago")
PRESENCE = ("has a value", "has none")
#: comparisons that few contacts fulfil
_NARROW = ("=", "in", "between", "within the last days", "in the next days", "days ago", "in days")
#: said by their sign
_SIGNED = ("!=", "<", "<=", ">", ">=", "between")
_ORDERED = ("=", "!=", "<", "<=", ">", ">=", "between")
_OPS: dict[AttributeType, tuple[str, ...]] = {
    "text": ("=", "!=", "in", "contains", "starts with"),
    "choice": ("=", "!=", "in", "contains", "starts with"),
    "number": (*_ORDERED, "in"),
    "date": (*_ORDERED, *RELATIVE),
    "datetime": (*_ORDERED, *RELATIVE),
    "boolean": ("=", "!="),
    "list": ("contains", "in"),
}
_TYPE_NAMES: dict[AttributeType, str] = {
    "text": N_("a text"),
    "choice": N_("a choice"),
    "number": N_("a number"),
    "date": N_("a date"),
    "datetime": N_("a moment"),
    "boolean": N_("yes or no"),
    "list": N_("a list"),
}
_COLUMN_NAMES: dict[str, str] = {
    "email": N_("e-mail address"),
    "phone": N_("phone number"),
    "first_name": N_("first name"),
    "last_name": N_("last name"),
    "language": N_("language"),
    "time_zone": N_("time zone"),
    "external_id": N_("external id"),
    "preferred_channel": N_("declared channel"),
    "created_at": N_("contact since"),
}
#: days that begin and end within the years 1 to 9999 by the clocks of all zones
_FIRST_DAY, _LAST_DAY = date.min + timedelta(days=1), date.max - timedelta(days=1)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")


def operators(type_: AttributeType) -> tuple[str, ...]:
    """What an attribute of that type can be compared by."""
    return (*_OPS[type_], *PRESENCE)


class AttributeLeaf(Leaf):
    """A comparison with an attribute or a column of the contact.

    Text is compared folded: case does not matter, letters do. Dates are days of the workspace's calendar; a moment is
    compared with a day as a whole, or with a moment that names its zone. “within the last days” 7 takes today and the
    seven days before, “more than days ago” 7 what lies before those. “!=” asks for another value: who has none does not
    fit it.
    """

    leaf: Literal["attribute"] = "attribute"
    #: key of the attribute, or a column's name
    attribute: Key
    op: AttributeOp
    value: Value = None
    #: told from the value where it is not given: publishing asks the catalogue
    type: AttributeType | None = None

    @model_validator(mode="after")
    def _fits(self) -> AttributeLeaf:
        check_values(self.values)
        if self.op in PRESENCE:
            if self.value is not None:
                raise SettingsError(_("“{op}” takes no value.").format(op=self.op), "value")
            return self
        type_ = self.kind
        if self.op not in _OPS[type_]:
            raise SettingsError(
                _("“{op}” does not go with {type}. What goes: {known}.").format(
                    op=self.op, type=_(_TYPE_NAMES[type_]), known=listed(map(quoted, (*_OPS[type_], *PRESENCE)))
                ),
                "op",
            )
        self._check_shape()
        for value in self.values:
            self._check_value(type_, value)
        return self

    def _check_shape(self) -> None:
        if self.op == "in":
            if not isinstance(self.value, tuple) or not self.value:
                raise SettingsError(_("“in” needs a list of values."), "value")
        elif self.op == "between":
            if not isinstance(self.value, tuple) or len(self.value) != 2:
                raise SettingsError(_("“between” needs two values, such as [2, 8]."), "value")
        elif self.value is None or isinstance(self.value, tuple):
            raise SettingsError(_("“{op}” needs one value.").format(op=self.op), "value")

    def _check_value(self, type_: AttributeType, value: Any) -> None:
        if self.op in RELATIVE:
            if type(value) is not int or not 0 <= value <= FAR:
                raise SettingsError(
                    _("“{op}” needs a whole number of days, at most {most}.").format(op=self.op, most=FAR), "value"
                )
            return
        match type_:
            case "text" | "choice" | "list":
                fits = isinstance(value, str) and fold(value) != ""
            case "number":
                fits = isinstance(value, int | float) and not isinstance(value, bool)
            case "boolean":
                fits = isinstance(value, bool)
            case "date":
                fits = _as_day(value) is not None
            case "datetime":
                day = _as_day(value)
                if day is not None and not _FIRST_DAY <= day <= _LAST_DAY:
                    raise SettingsError(
                        _("{value} is out of reach; it can be {low} to {high}.").format(
                            value=value, low=_FIRST_DAY, high=_LAST_DAY
                        ),
                        "value",
                    )
                fits = day is not None or _as_moment(value) is not None
            case _ as never:
                assert_never(never)
        if fits:
            return
        if type_ == "date":
            raise SettingsError(_("{value} is not a day such as 2026-11-29.").format(value=say_scalar(value)), "value")
        if type_ == "datetime":
            raise SettingsError(
                _("{value} is neither a day such as 2026-11-29 nor a moment such as 2026-11-29T09:00+01:00.").format(
                    value=say_scalar(value)
                ),
                "value",
            )
        raise SettingsError(
            _("{value} is compared with {type} and is none.").format(
                value=say_scalar(value), type=_(_TYPE_NAMES[type_])
            ),
            "value",
        )

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def values(self) -> tuple[Any, ...]:
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)

    def listed(self) -> int:
        return len(self.values)

    @property
    def is_column(self) -> bool:
        return self.attribute in _COLUMN_NAMES

    @property
    def kind(self) -> AttributeType:
        """The type that is compared: given, the column's, or told from the value."""
        if self.attribute == "created_at":
            return "datetime"
        if self.is_column:
            return "text"
        if self.type is not None:
            return self.type
        if self.op in RELATIVE:
            return "date"
        first = self.values[0] if self.values else None
        match first:
            case bool():
                return "boolean"
            case int() | float():
                return "number"
            case str() if self.op not in ("contains", "starts with") and _DAY.fullmatch(first):
                return "date"
            case str() if self.op not in ("contains", "starts with") and _MOMENT.fullmatch(first):
                return "datetime"
            case _:
                return "text"

    # --- SQL -----------------------------------------------------------------------------------------------------

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        return frame.of_person(partial(self._condition, frame))

    def index(self) -> AttributeIndex | None:
        """The index that serves a search for who fits; None where it would not pay.

        Choices, true and false have so few values that an index on them leads through half of the table, and SQLite,
        which knows no numbers of rows, would take it all the same.
        """
        if self.is_column or self.op not in _NARROW:
            return None
        match self.kind:
            case "text":
                return AttributeIndex(self.attribute, "key")
            case "number" | "datetime":
                return AttributeIndex(self.attribute, "number")
            case "date":
                return AttributeIndex(self.attribute, "text")
            case _:
                return None

    def _condition(self, frame: Frame, c: Columns) -> ColumnElement[bool]:
        if self.op in PRESENCE:
            there = c[self.attribute] if self.is_column else json_member(c.attributes, self.attribute)
            return there.is_not(None) if self.op == "has a value" else there.is_(None)
        match self.kind:
            case "text" | "choice":
                return self._on_text(self._folded(c))
            case "list":
                return json_array_has(c["keys"], self.attribute, *map(fold, self.values))
            case "number":
                return self._ordered(json_number(c.attributes, self.attribute), [bound(v) for v in self.values])
            case "boolean":
                member = json_bool(c.attributes, self.attribute)
                return member == self.value if self.op == "=" else member != self.value
            case "date":
                return self._on_days(frame, json_text(c.attributes, self.attribute))
            case "datetime":
                at = c.created_at if self.is_column else json_number(c.attributes, self.attribute)
                return self._on_moments(frame, at)
            case _ as never:
                assert_never(never)

    def _folded(self, c: Columns) -> ColumnElement[Any]:
        # the address has a column of its own, with an index
        return c.email_key if self.attribute == "email" else typed_attribute(c["keys"], self.attribute, "text")

    def _on_text(self, key: ColumnElement[Any]) -> ColumnElement[bool]:
        folded = [fold(value) for value in self.values]
        match self.op:
            case "=":
                return key == folded[0]
            case "!=":
                return key != folded[0]
            case "in":
                return key.in_(folded)
            case "contains":
                return contains(key, folded[0])
            case _:
                return func.substr(key, 1, len(folded[0])) == folded[0]

    def _ordered(self, column: ColumnElement[Any], values: list[ColumnElement[Any]]) -> ColumnElement[bool]:
        first, last = values[0], values[-1]
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
            case _:
                return column.in_(values)

    def _on_days(self, frame: Frame, day: ColumnElement[Any]) -> ColumnElement[bool]:
        if self.op not in RELATIVE:
            return self._ordered(day, [bound(value) for value in self.values])
        n = self.values[0]
        match self.op:
            case "within the last days":
                return and_(day >= frame.day(-n), day <= frame.day(0))
            case "in the next days":
                return and_(day >= frame.day(0), day <= frame.day(n))
            case "days ago":
                return day == frame.day(-n)
            case "in days":
                return day == frame.day(n)
            case _:
                return day < frame.day(-n)

    def _on_moments(self, frame: Frame, at: ColumnElement[Any]) -> ColumnElement[bool]:
        if self.op in RELATIVE:
            n = self.values[0]
            match self.op:
                case "within the last days":
                    return and_(at >= frame.start_of_day(-n), at < frame.start_of_day(1))
                case "in the next days":
                    return and_(at >= frame.start_of_day(0), at < frame.start_of_day(n + 1))
                case "days ago":
                    return and_(at >= frame.start_of_day(-n), at < frame.start_of_day(1 - n))
                case "in days":
                    return and_(at >= frame.start_of_day(n), at < frame.start_of_day(n + 1))
                case _:
                    return at < frame.start_of_day(-n)
        first, last = self.values[0], self.values[-1]
        match self.op:
            case "=":
                return and_(at >= _opens(frame, first), at < _closes(frame, first))
            case "!=":
                return or_(at < _opens(frame, first), at >= _closes(frame, first))
            case "<":
                return at < _opens(frame, first)
            case "<=":
                return at < _closes(frame, first)
            case ">":
                return at >= _closes(frame, first)
            case ">=":
                return at >= _opens(frame, first)
            case _:
                return and_(at >= _opens(frame, first), at < _closes(frame, last))

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        def value(c: Columns) -> ColumnElement[Any]:
            if self.is_column:
                column: ColumnElement[Any] = c[self.attribute]
                return column
            return json_member(c.attributes, self.attribute)

        return frame.from_person(value)

    # --- what it means -------------------------------------------------------------------------------------------

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        return Verdict(
            what=self._label(names),
            observed=self._say_observed(observed, zone),
            wanted=self._wanted(),
            holds=self._takes(observed, day_of(at, zone), zone),
            state=self.op not in _SIGNED,
        )

    def _takes(self, observed: Any, today: date, zone: ZoneInfo) -> bool:
        if self.op in PRESENCE:
            return (observed is not None) == (self.op == "has a value")
        if observed is None:
            return False
        match self.kind:
            case "text" | "choice":
                return isinstance(observed, str) and self._takes_text(fold(observed))
            case "list":
                wanted = {fold(value) for value in self.values}
                return isinstance(observed, list) and any(fold(item) in wanted for item in observed)
            case "number":
                fits = isinstance(observed, int | float) and not isinstance(observed, bool)
                return fits and _takes_ordered(self.op, observed, self.values)
            case "boolean":
                return isinstance(observed, bool) and (observed == self.value) == (self.op == "=")
            case "date":
                if not isinstance(observed, str):
                    return False
                if self.op in RELATIVE:
                    return self._takes_day(date.fromisoformat(observed), today)
                return _takes_ordered(self.op, observed, self.values)
            case "datetime":
                if not isinstance(observed, int):
                    return False
                if self.op in RELATIVE:
                    return self._takes_day(day_of(Instant(observed), zone), today)
                spans = [_span(value, zone) for value in self.values]
                return _takes_span(self.op, observed, spans)
            case _ as never:
                assert_never(never)

    def _takes_text(self, key: str) -> bool:
        folded: list[str] = [fold(value) for value in self.values]
        match self.op:
            case "!=":
                return key != folded[0]
            case "contains":
                return folded[0] in key
            case "starts with":
                return key.startswith(folded[0])
            case _:
                return key in folded

    def _takes_day(self, day: date, today: date) -> bool:
        ago = (today - day).days
        n: int = self.values[0]
        match self.op:
            case "within the last days":
                return 0 <= ago <= n
            case "in the next days":
                return 0 <= -ago <= n
            case "days ago":
                return ago == n
            case "in days":
                return -ago == n
            case _:
                return ago > n

    def _label(self, names: Names) -> str:
        return _(_COLUMN_NAMES[self.attribute]) if self.is_column else names.label("attribute", self.attribute)

    def _say_observed(self, observed: Any, zone: ZoneInfo) -> str:
        match observed:
            case None:
                return _("no value")
            case list():
                return listed(quoted(str(item)) for item in observed) if observed else _("no value")
            case int() if self.kind == "datetime" and not isinstance(observed, bool):
                return say_moment(observed, zone)
            case str() if self.kind == "date":
                return observed
            case _:
                return say_scalar(observed)

    def _wanted(self) -> str:
        said = self._said_values()
        match self.op:
            case "has a value":
                return _("a value")
            case "has none":
                return _("no value")
            case "between":
                return _("between {low} and {high}").format(low=said[0], high=said[1])
            case "=":
                return said[0]
            case "in":
                return _("one of {values}").format(values=listed(said))
            case "contains":
                return _("contains {value}").format(value=said[0])
            case "starts with":
                return _("starts with {value}").format(value=said[0])
            case "within the last days":
                n = self.values[0]
                return ngettext("within the last {n} day", "within the last {n} days", n).format(n=n)
            case "in the next days":
                n = self.values[0]
                return ngettext("in the next {n} day", "in the next {n} days", n).format(n=n)
            case "days ago":
                n = self.values[0]
                return ngettext("{n} day ago", "{n} days ago", n).format(n=n)
            case "in days":
                n = self.values[0]
                return ngettext("in {n} day", "in {n} days", n).format(n=n)
            case "more than days ago":
                n = self.values[0]
                return ngettext("more than {n} day ago", "more than {n} days ago", n).format(n=n)
            case _:
                return _("{sign} {number}").format(sign=SIGNS[self.op], number=said[0])

    def _said_values(self) -> list[str]:
        if self.kind in ("date", "datetime"):
            return [str(value) for value in self.values]
        return [say_number(v) if self.kind == "number" else say_scalar(v) for v in self.values]

    def words(self, names: Names) -> str:
        label = self._label(names)
        if self.op in RELATIVE:
            return self._relative_words(label, self.values[0])
        said = self._said_values()
        template = _DAY_WORDS if self.kind in ("date", "datetime") else _WORDS
        if self.kind == "boolean":
            holds = self.value is (self.op == "=")
            return (_("{attribute} is yes") if holds else _("{attribute} is no")).format(attribute=label)
        if self.kind == "list" and self.op == "contains":
            return _("{attribute} has {value} in it").format(attribute=label, value=said[0])
        if self.kind == "list" and self.op == "in":
            return _("{attribute} has one of these in it: {values}").format(attribute=label, values=listed(said))
        return _(template.get(self.op) or _WORDS[self.op]).format(
            attribute=label,
            value=said[0] if said else "",
            high=said[-1] if said else "",
            values=listed(said),
        )

    def _relative_words(self, label: str, n: int) -> str:
        match self.op:
            case "within the last days":
                text = ngettext(
                    "{attribute} lies within the last {n} day", "{attribute} lies within the last {n} days", n
                )
            case "in the next days":
                text = ngettext("{attribute} lies in the next {n} day", "{attribute} lies in the next {n} days", n)
            case "days ago" | "in days" if n == 0:
                text = _("{attribute} is today")
            case "days ago":
                text = ngettext("{attribute} was {n} day ago", "{attribute} was {n} days ago", n)
            case "in days":
                text = ngettext("{attribute} is in {n} day", "{attribute} is in {n} days", n)
            case _:
                text = ngettext("{attribute} was more than {n} day ago", "{attribute} was more than {n} days ago", n)
        return text.format(attribute=label, n=n)

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "contact.changed"})

    def drifts(self) -> bool:
        return self.op in RELATIVE

    def references(self) -> Iterator[tuple[str, str]]:
        if not self.is_column:
            yield "attribute", self.attribute

    def typed(self, catalogue: Catalogue) -> Leaf:
        entry = catalogue.attributes.get(self.attribute)
        if entry is None or self.is_column or self.op in PRESENCE:
            return self
        return AttributeLeaf.model_validate(self.model_dump() | {"type": entry.type})

    def demands(self) -> Iterator[Demand]:
        yield Demand(("attribute", self.attribute, self._ground()), self._allowed(), can_miss=True)

    def _ground(self) -> str:
        """Demands of one ground can be held against each other."""
        if self.op in PRESENCE:
            return "presence"
        return "relative" if self.op in RELATIVE else self.kind

    def _allowed(self) -> Allowed:
        values = [fold(v) for v in self.values] if self.kind in ("text", "choice") else list(self.values)
        n: Any = values[0] if values else None
        match self.op:
            case "has none":
                return Allowed(only=frozenset(), missing=True)
            case "=" | "in":
                # a day holds many moments, and a list many items
                plain = self.kind not in ("datetime", "list")
                return Allowed(only=frozenset(values)) if plain else Allowed()
            case "!=":
                return Allowed(without=frozenset(values)) if self.kind != "datetime" else Allowed()
            case "<" | "<=" | ">" | ">=" | "between" if self.kind == "datetime":
                return Allowed()
            case "<":
                return Allowed(high=n, high_open=True)
            case "<=":
                return Allowed(high=n)
            case ">":
                return Allowed(low=n, low_open=True)
            case ">=":
                return Allowed(low=n)
            case "between":
                return Allowed(low=n, high=values[-1])
            case "within the last days":
                return Allowed(low=0, high=n)
            case "in the next days":
                return Allowed(low=-n, high=0)
            case "days ago":
                return Allowed(only=frozenset({n}))
            case "in days":
                return Allowed(only=frozenset({-n}))
            case "more than days ago":
                return Allowed(low=n, low_open=True)
            case _:
                return Allowed()

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        if self.op == "between" and self.values[0] > self.values[1]:
            low, high = self._said_values()
            return _("Nothing lies between {low} and {high}: the first is the larger one.").format(low=low, high=high)
        entry = catalogue.attributes.get(self.attribute) if catalogue is not None else None
        if entry is None or self.is_column or self.op in PRESENCE:
            return None
        if entry.type != self.kind and {entry.type, self.kind} != {"text", "choice"}:
            # a day is told apart from a text by the catalogue only
            try:
                self.typed(catalogue)  # type: ignore[arg-type]
            except ValueError:
                return _("“{attribute}” is {type}; what is asked of it does not go with that.").format(
                    attribute=self.attribute, type=_(_TYPE_NAMES[entry.type])
                )
        if entry.type == "choice" and self.op in ("=", "in"):
            known = {fold(choice) for choice in entry.choices}
            unknown = [value for value in self.values if fold(value) not in known]
            if len(unknown) == len(self.values):
                return _("“{attribute}” has no choice “{value}”.").format(
                    attribute=self.attribute, value=unknown[0]
                ) + suggestion(unknown[0], entry.choices)
        return None


_WORDS: dict[str, str] = {
    "=": N_("{attribute} is {value}"),
    "!=": N_("{attribute} has another value than {value}"),
    "<": N_("{attribute} is less than {value}"),
    "<=": N_("{attribute} is at most {value}"),
    ">": N_("{attribute} is more than {value}"),
    ">=": N_("{attribute} is at least {value}"),
    "between": N_("{attribute} is between {value} and {high}"),
    "in": N_("{attribute} is one of these: {values}"),
    "contains": N_("{attribute} contains {value}"),
    "starts with": N_("{attribute} starts with {value}"),
    "has a value": N_("{attribute} has a value"),
    "has none": N_("{attribute} has no value"),
}
_DAY_WORDS: dict[str, str] = {
    "<": N_("{attribute} is before {value}"),
    "<=": N_("{attribute} is on {value} or before"),
    ">": N_("{attribute} is after {value}"),
    ">=": N_("{attribute} is on {value} or after"),
}

#: columns a leaf may name
NAMED_COLUMNS = (*COLUMNS, "created_at")


def _as_day(value: Any) -> date | None:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _as_moment(value: Any) -> Instant | None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        read = datetime.fromisoformat(value)
        return None if read.tzinfo is None else instant(read.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _span(value: str, zone: ZoneInfo) -> tuple[int, int]:
    """The first instant of what a value names, and the first one after it."""
    day = _as_day(value)
    if day is not None:
        return day_start(day, zone), day_start(day + timedelta(days=1), zone)
    at = _as_moment(value)
    assert at is not None, "checked by the model"
    return at, at + 1


def _opens(frame: Frame, value: str) -> ColumnElement[Any]:
    return _edge(frame, value, 0)


def _closes(frame: Frame, value: str) -> ColumnElement[Any]:
    return _edge(frame, value, 1)


def _edge(frame: Frame, value: str, side: int) -> ColumnElement[Any]:
    if _as_day(value) is None:
        return literal(_span(value, ZoneInfo("UTC"))[side], BigInteger())
    return frame.moments.bind(partial(_edge_of_day, value=value, side=side), BigInteger())


def _edge_of_day(_now: Instant, zone: ZoneInfo, *, value: str, side: int) -> int:
    return _span(value, zone)[side]


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def _takes_ordered(op: str, observed: Any, values: tuple[Any, ...]) -> bool:
    if op == "between":
        return bool(values[0] <= observed <= values[1])
    if op == "in":
        return observed in values
    return _ORDER[op](observed, values[0])


def _takes_span(op: str, observed: int, spans: list[tuple[int, int]]) -> bool:
    (opens, closes), (_last_opens, last_closes) = spans[0], spans[-1]
    match op:
        case "=":
            return opens <= observed < closes
        case "!=":
            return not opens <= observed < closes
        case "<":
            return observed < opens
        case "<=":
            return observed < closes
        case ">":
            return observed >= closes
        case ">=":
            return observed >= opens
        case _:
            return opens <= observed < last_closes
