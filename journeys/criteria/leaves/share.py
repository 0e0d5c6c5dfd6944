"""A random share of all contacts, always the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import BigInteger, ColumnElement, literal

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.draw import MODULUS, below, draw_share, drawn
from journeys.criteria.frame import Frame
from journeys.criteria.leaf import Leaf, Verdict
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import say_number


class ShareLeaf(Leaf):
    """Is among a random share. Equal salts draw the same contacts, of smaller shares fewer; other salts draw anew."""

    leaf: Literal["random share"] = "random share"
    percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False, strict=True)]
    salt: Key

    def _drawn(self, frame: Frame) -> ColumnElement[Any]:
        pair = draw_share("random share", self.salt)
        return frame.from_person(lambda c: drawn(c["draw"], pair))

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        return self._drawn(frame) < literal(below(self.percent), BigInteger())

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        return self._drawn(frame)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        return Verdict(
            what=_("random share “{salt}”").format(salt=self.salt),
            observed=_("{percent} %").format(percent=f"{observed / MODULUS * 100:.2f}"),
            wanted=_("< {percent} %").format(percent=say_number(self.percent)),
            holds=observed < below(self.percent),
        )

    def words(self, names: Names) -> str:
        return _("is among a random {percent} % (“{salt}”)").format(percent=say_number(self.percent), salt=self.salt)

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created"})

    def demands(self) -> Iterator[Demand]:
        bound = below(self.percent)
        yield Demand(("share", self.salt), Allowed(low=0, high=bound, high_open=True), reversible=False)

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        return _("A random share of 0 % is nobody.") if self.percent == 0 else None
