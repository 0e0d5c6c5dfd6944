"""How much one rendering may take: characters, loop rounds, computing time, the size of one value.

Jinja's sandbox keeps a template from reaching into Python, not from eating the machine: `'a' * 10**8` and nested loops
pass it. A rendering spends from a `Budget`; every loop round, call and output does so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from journeys.base.i18n import N_
from journeys.messages.place import TemplateError

#: characters that one body may have
MAX_OUTPUT = 2_000_000
#: characters written on the way, what blocks and macros capture included; rounds count with all they could write
MAX_WRITTEN = 5 * MAX_OUTPUT
#: seconds of computing for one body
MAX_SECONDS = 1.0
#: items of one range
MAX_RANGE = 10_000
#: characters of one text, items of one list (with those of the lists in it) that a template makes
MAX_VALUE = 200_000
#: bits of one whole number that a template makes
MAX_BITS = 4_000


class TooMuchOutput(TemplateError):
    text: ClassVar[str] = N_("{where}: the mail grows beyond {most} characters. A loop may run too often.")


class TooSlow(TemplateError):
    text: ClassVar[str] = N_("{where}: the mail takes longer than {seconds:g} s to make. A loop may have no end.")


class RangeTooLong(TemplateError):
    text: ClassVar[str] = N_("{where}: a range of {items} items is too long; at most {most} are allowed.")


class ValueTooBig(TemplateError):
    text: ClassVar[str] = N_("{where}: “{operator}” makes a value that is too big.")


class TooMuchMemory(TemplateError):
    text: ClassVar[str] = N_("{where}: making the mail takes too much memory. A loop may run too often.")


class Budget:
    """What is left for one rendering."""

    __slots__ = ("_left", "_rounds", "_until")

    def __init__(self, *, written: int = MAX_WRITTEN, seconds: float = MAX_SECONDS) -> None:
        self._left = written
        self._rounds = 0
        # the thread's own computing time: on a busy machine a mail must not fail for want of turns
        self._until = time.thread_time() + seconds

    def write(self, characters: int) -> None:
        """Spend characters. Raises TooMuchOutput."""
        self._left -= characters
        if self._left < 0:
            raise TooMuchOutput(most=MAX_OUTPUT)
        self.go_round()

    def go_round(self) -> None:
        """Spend a loop round. Raises TooSlow."""
        self._rounds += 1
        # asking for the time each round would cost more than most rounds
        if self._rounds % 64 == 0 and time.thread_time() > self._until:
            raise TooSlow(seconds=MAX_SECONDS)


_BUDGET: ContextVar[Budget] = ContextVar("budget")


def budget() -> Budget:
    """The budget of the rendering under way."""
    return _BUDGET.get()


@contextmanager
def spending(given: Budget) -> Iterator[Budget]:
    """Let what is done in the block spend from this budget."""
    token = _BUDGET.set(given)
    try:
        yield given
    finally:
        _BUDGET.reset(token)


def check_size(value: Any, operator: str) -> Any:
    """The value, if a template may make one that big. Raises ValueTooBig."""
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise ValueTooBig(operator=operator)
    elif isinstance(value, str):
        if len(value) > MAX_VALUE:
            raise ValueTooBig(operator=operator)
    elif isinstance(value, _HOLDERS):
        _check_items(value, operator)
    return value


_HOLDERS = (list, tuple, dict)


def _check_items(value: Any, operator: str) -> None:
    """Count all that lies inside, what lies there twice twice.

    A list that holds one list two times, forty deep, has eighty items and takes 2⁴⁰ steps to compare, within one call that
    nothing here can interrupt.
    """
    left = MAX_VALUE
    inside = [value]
    while inside:
        items = inside.pop()
        if (left := left - len(items)) < 0:
            raise ValueTooBig(operator=operator)
        within = items.values() if isinstance(items, dict) else items
        # by the few types there are: a look at each of 200,000 texts would take longer than to make the list
        if any(issubclass(kind, _HOLDERS) for kind in set(map(type, within))):
            inside += [item for item in within if isinstance(item, _HOLDERS)]
