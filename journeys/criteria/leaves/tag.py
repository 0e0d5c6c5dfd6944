"""A tag that the contact carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, or_, select

from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.frame import Frame, any_row, one
from journeys.criteria.leaf import Holders, Leaf, Verdict
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.store import tables as t


class TagLeaf(Leaf):
    """Carries the tag now: given to the contact, and not run out."""

    leaf: Literal["tag"] = "tag"
    tag: Key

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        rows, table = self._rows(frame)
        return any_row(rows, table)

    def holders(self, frame: Frame, product: ColumnElement[Any] | None) -> Holders | None:
        carried = t.contact_tag.alias()
        return Holders(carried, carried.c.contact, (carried.c.tag == self.tag,))

    def _rows(self, frame: Frame) -> tuple[Select[Any], Any]:
        carried = t.contact_tag.alias()
        c = carried.c
        now = frame.moments.now
        return (
            select(one).where(
                c.contact == frame.contact,
                c.tag == self.tag,
                c.added_at <= now,
                or_(c.expires_at.is_(None), c.expires_at > now),
            ),
            carried,
        )

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        return self.holds(frame)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        return Verdict(
            what=_("tag “{tag}”").format(tag=names.label("tag", self.tag)),
            observed=_("there") if observed else _("not there"),
            wanted=_("there"),
            holds=bool(observed),
            state=True,
        )

    def words(self, names: Names) -> str:
        return _("carries the tag “{tag}”").format(tag=names.label("tag", self.tag))

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "tag.added", "tag.removed"})

    def drifts(self) -> bool:
        # tags run out
        return True

    def references(self) -> Iterator[tuple[str, str]]:
        yield "tag", self.tag

    def demands(self) -> Iterator[Demand]:
        yield Demand(("tag", self.tag), Allowed(only=frozenset({True})))
