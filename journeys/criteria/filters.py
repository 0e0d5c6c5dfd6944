"""A condition on the data of one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, assert_never

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator
from sqlalchemy import ColumnElement, Double, Text, and_, cast, func, literal, or_

from journeys.base.i18n import _
from journeys.base.validation import SettingsError
from journeys.criteria.part import Part, stored_text
from journeys.criteria.saying import listed, quoted, say_number
from journeys.store.dialect import contains, json_bool, json_member, json_number, json_text

Scalar = StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | StrictStr


def as_stored(value: Any) -> Any:
    """For models: a value, or a list of values, whose texts are in the form in which the store keeps them."""
    match value:
        case str():
            return stored_text(value)
        case tuple():
            return tuple(map(as_stored, value))
        case _:
            return value


#: what a stored value is compared with
Value = Annotated[Scalar | tuple[Scalar, ...] | None, AfterValidator(as_stored)]
FilterOp = Literal["=", "!=", "<", "<=", ">", ">=", "between", "in", "contains", "starts with", "exists"]

#: beyond 2^53 not every whole number has a double, and the databases would disagree
MOST_NUMBER = 2**53
#: most values of one “in”, and of all conditions on one event
MOST_VALUES = 1_000
#: most conditions on the data of one event
MOST_FILTERS = 20
#: longest text compared with
MOST_TEXT = 10_000


class Filter(Part):
    """A condition on one member of an event's `data`.

    Text is compared as it stands, letter by letter and by case: what an event carries is not folded. A member of another
    type than the value does not match; “!=” asks for another value of the same type. “between” takes two values, both
    included, “in” a list, “exists” none.
    """

    field: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(stored_text)]
    op: FilterOp
    value: Value = None

    @model_validator(mode="after")
    def _fits(self) -> Filter:
        value = self.value
        check_values(self.values)
        match self.op:
            case "exists":
                if value is not None:
                    raise SettingsError(_("“exists” takes no value."), "value")
            case "in":
                if not isinstance(value, tuple) or not value:
                    raise SettingsError(_("“in” needs a list of values."), "value")
            case "between":
                if not isinstance(value, tuple) or len(value) != 2 or not _same_kind(value):
                    raise SettingsError(_("“between” needs two numbers or two texts."), "value")
            case "contains" | "starts with":
                if not isinstance(value, str) or not value:
                    raise SettingsError(_("“{op}” needs a text.").format(op=self.op), "value")
            case "=" | "!=":
                if value is None or isinstance(value, tuple):
                    raise SettingsError(_("“{op}” needs one value.").format(op=self.op), "value")
            case "<" | "<=" | ">" | ">=":
                if value is None or isinstance(value, tuple | bool):
                    raise SettingsError(_("“{op}” needs a number or a text.").format(op=self.op), "value")
            case _ as never:
                assert_never(never)
        return self

    @property
    def values(self) -> tuple[Any, ...]:
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)

    def sql(self, data: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition on a column of data; NULL or false where the member is missing."""
        if self.op == "exists":
            # a member that is null counts as missing, and JSON null is not NULL
            return cast(json_member(data, self.field), Text()) != "null"
        if self.op == "in":
            # one IN a type: SQLite nests an OR of many values too deep
            types = dict.fromkeys(map(_kind, self.values))
            return or_(
                *(
                    _typed(data, self.field, alike[0]).in_([bound(value) for value in alike])
                    for alike in ([value for value in self.values if _kind(value) is type_] for type_ in types)
                )
            )
        member = _typed(data, self.field, self.values[0])
        first = bound(self.values[0])
        match self.op:
            case "=":
                return member == first
            case "!=":
                return member != first
            case "<":
                return member < first
            case "<=":
                return member <= first
            case ">":
                return member > first
            case ">=":
                return member >= first
            case "between":
                return and_(member >= first, member <= bound(self.values[1]))
            case "contains":
                return contains(member, str(self.value))
            case "starts with":
                return func.substr(member, 1, len(str(self.value))) == first
            case _ as never:
                assert_never(never)

    def takes(self, data: Mapping[str, Any]) -> bool:
        """The same in Python, for one event at hand."""
        member = data.get(self.field)
        if self.op == "exists":
            return member is not None
        if self.op == "in":
            return any(_kind(member) is _kind(value) and member == value for value in self.values)
        first = self.values[0]
        if member is None or _kind(member) is not _kind(first):
            return False
        match self.op:
            case "=":
                return bool(member == first)
            case "!=":
                return bool(member != first)
            case "<":
                return bool(member < first)
            case "<=":
                return bool(member <= first)
            case ">":
                return bool(member > first)
            case ">=":
                return bool(member >= first)
            case "between":
                return bool(first <= member <= self.values[1])
            case "contains":
                return first in member
            case "starts with":
                return bool(member.startswith(first))
            case _ as never:
                assert_never(never)

    def words(self) -> str:
        """“url contains “/garden/””."""
        field = self.field
        if self.op == "exists":
            return _("{field} is there").format(field=field)
        said = [say_scalar(value) for value in self.values]
        match self.op:
            case "=":
                return _("{field} is {value}").format(field=field, value=said[0])
            case "!=":
                return _("{field} is other than {value}").format(field=field, value=said[0])
            case "<":
                return _("{field} is less than {value}").format(field=field, value=said[0])
            case "<=":
                return _("{field} is at most {value}").format(field=field, value=said[0])
            case ">":
                return _("{field} is more than {value}").format(field=field, value=said[0])
            case ">=":
                return _("{field} is at least {value}").format(field=field, value=said[0])
            case "between":
                return _("{field} is between {low} and {high}").format(field=field, low=said[0], high=said[1])
            case "in":
                return _("{field} is one of these: {values}").format(field=field, values=listed(said))
            case "contains":
                return _("{field} contains {value}").format(field=field, value=said[0])
            case "starts with":
                return _("{field} starts with {value}").format(field=field, value=said[0])
            case _ as never:
                assert_never(never)


def _not_too_many(where: tuple[Filter, ...]) -> tuple[Filter, ...]:
    if sum(len(condition.values) for condition in where) > MOST_VALUES:
        raise SettingsError(_("At most {most} values can be listed.").format(most=MOST_VALUES))
    return where


#: conditions on the data of one event, all of which it must fit
Where = Annotated[tuple[Filter, ...], Field(max_length=MOST_FILTERS), AfterValidator(_not_too_many)]


def check_values(values: tuple[Any, ...]) -> None:
    """Raises SettingsError for values that no database compares alike."""
    if len(values) > MOST_VALUES:
        raise SettingsError(_("At most {most} values can be listed.").format(most=MOST_VALUES), "value")
    for value in values:
        if isinstance(value, str):
            if len(value) > MOST_TEXT:
                raise SettingsError(_("A text may have at most {most} characters.").format(most=MOST_TEXT), "value")
        elif not isinstance(value, bool) and abs(value) > MOST_NUMBER:
            raise SettingsError(_("The number is too large to be compared exactly."), "value")


def bound(value: Any) -> ColumnElement[Any]:
    """A value as a parameter of the type that members of JSON are read as."""
    match value:
        case bool():
            return literal(value)
        case int() | float():
            return literal(float(value), Double())
        case _:
            return literal(value, Text())


def say_scalar(value: Any) -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case int() | float():
            return say_number(value)
        case _:
            return quoted(str(value))


def _typed(data: ColumnElement[Any], field: str, value: Any) -> ColumnElement[Any]:
    match value:
        case bool():
            return json_bool(data, field)
        case int() | float():
            return json_number(data, field)
        case _:
            return json_text(data, field)


def _kind(value: Any) -> type:
    return bool if isinstance(value, bool) else float if isinstance(value, int | float) else type(value)


def _same_kind(values: tuple[Any, ...]) -> bool:
    kinds = {_kind(value) for value in values}
    return len(kinds) == 1 and bool not in kinds
