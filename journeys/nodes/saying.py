"""Small parts of sentences that several kinds say."""

from __future__ import annotations

from collections.abc import Sequence

from journeys.base.i18n import _


def listed(items: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    *most, last = items
    if not most:
        return last
    return _("{first} and {last}").format(first=_commas(most), last=last)


def any_of(items: Sequence[str]) -> str:
    """“a”, “a or b”, “a, b or c”."""
    *most, last = items
    if not most:
        return last
    return _("{first} or {last}").format(first=_commas(most), last=last)


def _commas(items: Sequence[str]) -> str:
    return _(", ").join(items)
