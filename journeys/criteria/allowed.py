"""What a leaf allows of one field, so that contradictions can be found before anybody waits for a contact."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Allowed:
    """A set of values: a span, perhaps a list that they come from, without some, with or without “no value”."""

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False
    #: None: any value
    only: frozenset[Hashable] | None = None
    without: frozenset[Hashable] = frozenset()
    #: whether having no value is allowed too
    missing: bool = False

    def meet(self, other: Allowed) -> Allowed:
        """What both allow."""
        low, low_open = _tighter((self.low, self.low_open), (other.low, other.low_open), upwards=True)
        high, high_open = _tighter((self.high, self.high_open), (other.high, other.high_open), upwards=False)
        if self.only is None or other.only is None:
            only = self.only if other.only is None else other.only
        else:
            only = self.only & other.only
        return Allowed(
            low=low,
            high=high,
            low_open=low_open,
            high_open=high_open,
            only=only,
            without=self.without | other.without,
            missing=self.missing and other.missing,
        )

    def is_empty(self) -> bool:
        """True only where surely nothing is left."""
        if self.missing:
            return False
        if self.only is not None:
            return not any(self._takes(value) for value in self.only)
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.without
        return bool(self.low > self.high)

    def opposite(self, *, can_miss: bool) -> Allowed | None:
        """What the negated leaf allows; None where that is no set of this form."""
        spans = (self.low is not None) + (self.high is not None)
        if spans + (self.only is not None) + bool(self.without) > 1:
            return None
        missing = can_miss and not self.missing
        if self.only is not None:
            return Allowed(without=self.only, missing=missing)
        if self.without:
            return Allowed(only=self.without, missing=missing)
        if self.low is not None:
            return Allowed(high=self.low, high_open=not self.low_open, missing=missing)
        if self.high is not None:
            return Allowed(low=self.high, low_open=not self.high_open, missing=missing)
        return Allowed(only=frozenset(), missing=missing)

    def _takes(self, value: Any) -> bool:
        if value in self.without:
            return False
        if self.low is not None and (value < self.low or (value == self.low and self.low_open)):
            return False
        return self.high is None or value < self.high or (value == self.high and not self.high_open)


def _tighter(one: tuple[Any, bool], other: tuple[Any, bool], *, upwards: bool) -> tuple[Any, bool]:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if (one[0] > other[0]) == upwards else other


@dataclass(frozen=True, slots=True)
class Demand:
    """What one leaf asks of one field."""

    field: Hashable
    allowed: Allowed
    #: whether a contact may have no value here
    can_miss: bool = False
    #: whether who does not fit the leaf has another value here; not so where the leaf asks for more than this
    reversible: bool = True

    def opposite(self) -> Demand | None:
        if not self.reversible:
            return None
        allowed = self.allowed.opposite(can_miss=self.can_miss)
        return replace(self, allowed=allowed) if allowed is not None else None
