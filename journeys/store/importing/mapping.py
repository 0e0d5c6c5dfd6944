"""Which column holds which field: guessed from the header, or said by whoever imports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from journeys.base.catalogue import AttributeEntry
from journeys.base.errors import suggestion
from journeys.base.i18n import N_, _
from journeys.base.text import fold
from journeys.store.importing.errors import UnknownColumn, UnknownField
from journeys.store.importing.source import column_name
from journeys.store.importing.values import Reader, read_text

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a row of some kind has, and the headers it is recognised by."""

    name: str
    #: headers in `plain` form, in the order of how sure they are; * stands for anything
    words: tuple[str, ...] = ()
    read: Reader = read_text


#: what the fields hold that a file cannot do without
_HOLDS = {
    "amount": N_("the amount of the line"),
    "at": N_("when it was"),
    "channel": N_("email, sms and the like"),
    "code": N_("the code itself"),
    "customer": N_("the number of the contact"),
    "duration_days": N_("how many days the contract lasts"),
    "email": N_("the address of the contact"),
    "end_on": N_("the last day"),
    "external_id": N_("the number of the contact"),
    "given": N_("yes or no: given or withdrawn"),
    "key": N_("the number of the product"),
    "kind": N_("what happened, such as page.visited"),
    "pool": N_("the pool of the code"),
    "price": N_("the price of one"),
    "product": N_("the number of the product"),
    "purpose": N_("what was agreed to"),
    "start_on": N_("the first day"),
    "total": N_("the amount of the whole order"),
}


def say_missing(groups: Iterable[tuple[str, ...]]) -> str:
    """Fields that a file lacks, each with what it holds; of each group one is enough."""
    return ", ".join(" / ".join(f"{name} ({_(_HOLDS[name])})" for name in group) for group in groups)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds which field."""

    #: field → index of its column
    by_field: dict[str, int]
    #: indexes of the columns that no field reads
    unused: tuple[int, ...]


@lru_cache(maxsize=1_000)
def plain(header: str) -> str:
    """A header as the words for guessing are written: lower case, a to z and digits, single blanks."""
    folded = fold(_CAMEL.sub(" ", header)).replace("ł", "l")
    letters = "".join(one for one in unicodedata.normalize("NFD", folded) if not unicodedata.combining(one))
    return _NOT_WORD.sub(" ", letters).strip()


def field_words(text: str) -> tuple[str, ...]:
    """Words for guessing, written cut by commas."""
    return tuple(word.strip() for word in text.split(","))


def map_columns(
    header: tuple[str, ...],
    fields: Sequence[Field],
    given: Mapping[str, str],
    *,
    kind: str,
    registry: Mapping[str, AttributeEntry] | None = None,
    takes_data: bool = False,
) -> Columns:
    """The mapping. What is `given` is believed; the rest is guessed, surest words first.

    `registry` lets columns hold attributes by key or label; `takes_data` lets `data.NAME` hold a member of the data.
    Raises UnknownField and UnknownColumn for what is given and does not exist.
    """
    registry = registry or {}
    names = {one.name for one in fields} | set(registry)
    columns: dict[str, int] = {}
    for name, column in given.items():
        if name not in names and not (takes_data and re.fullmatch(r"data\..+", name)):
            known = sorted(names)
            raise UnknownField(field=name, kind=kind, suggestion=suggestion(name, known), fields=", ".join(known))
        if column:
            columns[name] = column_at(header, column, name)
    free = {index for index in range(len(header)) if index not in columns.values()}

    def take(name: str, matches: Iterable[int]) -> None:
        if name in columns or name in given:
            return
        found = min((index for index in matches if index in free), default=None)
        if found is not None:
            columns[name] = found
            free.discard(found)

    heads = [plain(name) for name in header]
    for one in fields:
        take(one.name, (n for n, head in enumerate(heads) if head == plain(one.name)))
    for key, entry in registry.items():
        take(key, (n for n, head in enumerate(heads) if head and head in (plain(key), plain(entry.label))))
    most = max((len(one.words) for one in fields), default=0)
    for rank in range(most):
        for one in fields:
            if rank < len(one.words):
                take(one.name, (n for n, head in enumerate(heads) if _is(head, one.words[rank])))
    if takes_data:
        for n, head in enumerate(header):
            if head.startswith("data.") and len(head) > 5:
                take(head, (n,))
    return Columns(columns, tuple(sorted(free)))


def _is(head: str, word: str) -> bool:
    return fnmatchcase(head, word) if "*" in word else head == word or head.replace(" ", "") == word.replace(" ", "")


def column_at(header: tuple[str, ...], column: str, field: str) -> int:
    """The index of the column with that name, or of #3. Raises UnknownColumn."""
    number = re.fullmatch(r"#(\d{1,6})", column)
    if number and 1 <= int(number[1]) <= len(header):
        return int(number[1]) - 1
    for same in (lambda head: head == column, lambda head: plain(head) == plain(column)):
        for index, head in enumerate(header):
            if head and same(head):
                return index
    names = [column_name(header, index) for index in range(len(header))]
    raise UnknownColumn(column=column, field=field, suggestion=suggestion(column, names), columns=", ".join(names))
