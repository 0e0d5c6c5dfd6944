"""Membership of a segment, and passages through journeys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import model_validator
from sqlalchemy import ColumnElement, FromClause, Select, func, literal_column, select

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.comparison import Count, count_holds
from journeys.criteria.frame import Frame, NeedsPassage, any_row, one, scalar
from journeys.criteria.leaf import Holders, Leaf, Recall, Verdict, allowed_by, impossible_number
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import say_moment
from journeys.criteria.scope import NodeId
from journeys.store import tables as t


class SegmentLeaf(Leaf):
    """Is a member of the segment, as last worked out by the engine."""

    leaf: Literal["segment"] = "segment"
    segment: Key

    def _rows(self, column: ColumnElement[Any], frame: Frame) -> tuple[Select[Any], FromClause]:
        members = t.membership.alias()
        c = members.c
        return (
            select(column).where(
                c.segment == self.segment,
                c.contact == frame.contact,
                c.to_at.is_(None),
                c.from_at <= frame.moments.now,
            ),
            members,
        )

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        rows, members = self._rows(one, frame)
        return any_row(rows, members)

    def holders(self, frame: Frame, product: ColumnElement[Any] | None) -> Holders | None:
        members = t.membership.alias()
        return Holders(members, members.c.contact, (members.c.segment == self.segment, members.c.to_at.is_(None)))

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        members = t.membership.alias()
        c = members.c
        return scalar(
            select(func.max(c.from_at)).where(
                c.segment == self.segment,
                c.contact == frame.contact,
                c.to_at.is_(None),
                c.from_at <= frame.moments.now,
            ),
            members,
        )

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        return Verdict(
            what=_("segment “{segment}”").format(segment=names.label("segment", self.segment)),
            observed=_("not in it")
            if observed is None
            else _("in it since {at}").format(at=say_moment(observed, zone)),
            wanted=_("in it"),
            holds=observed is not None,
            state=True,
        )

    def words(self, names: Names) -> str:
        return _("is in the segment “{segment}”").format(segment=names.label("segment", self.segment))

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "segment.entered", "segment.left"})

    def references(self) -> Iterator[tuple[str, str]]:
        yield "segment", self.segment

    def demands(self) -> Iterator[Demand]:
        yield Demand(("segment", self.segment), Allowed(only=frozenset({True})))


class JourneyLeaf(Leaf):
    """Passages through a journey: their state, or how often they have left a node.

    One of `state` and `node` (with `visits`; at least one where nothing is said). A visit counts once it has ended.
    Without `journey`, `node` is one of the passage's own journey.
    """

    leaf: Literal["journey"] = "journey"
    #: the id in the journey file
    journey: Key | None = None
    state: Literal["in", "finished", "reached goal", "ever in"] | None = None
    node: NodeId | None = None
    visits: Count | None = None

    @model_validator(mode="after")
    def _one_question(self) -> JourneyLeaf:
        if (self.state is None) == (self.node is None):
            raise SettingsError(_("One question at a time: the state of a journey, or the visits of a step."))
        if self.state is not None and self.journey is None:
            raise SettingsError(_("The state of which journey? Name it."), "journey")
        if self.visits is not None and self.node is None:
            raise SettingsError(_("Visits of which step? Name it."), "node")
        return self

    @property
    def counted(self) -> Count:
        return self.visits or Count(op=">=", value=1)

    def _passages(self, column: ColumnElement[Any], frame: Frame) -> tuple[Select[Any], tuple[FromClause, ...]]:
        passages, journeys = t.enrollment.alias(), t.journey.alias()
        e = passages.c
        rows = select(column).where(
            e.contact == frame.contact,
            e.entered_at <= frame.moments.now,
            e.journey == journeys.c.id,
            journeys.c.key == self.journey,
        )
        match self.state:
            case "in":
                rows = rows.where(e.state == literal_column("'active'"))
            case "finished":
                rows = rows.where(e.state == literal_column("'finished'"))
            case "reached goal":
                rows = rows.where(e.goal_at <= frame.moments.now)
            case "ever in" | None:
                pass
            case _ as never:
                assert_never(never)
        return rows, (passages, journeys)

    def _visits(self, column: ColumnElement[Any], frame: Frame) -> tuple[Select[Any], tuple[FromClause, ...]]:
        hops = t.hop.alias()
        rows = select(column).where(hops.c.node == self.node, hops.c.left_at <= frame.moments.now)
        if self.journey is None:
            if frame.passage is None:
                raise NeedsPassage(words=self._say_visits(str(self.node)))
            return rows.where(hops.c.enrollment == frame.passage.id), (hops,)
        passages, journeys = t.enrollment.alias(), t.journey.alias()
        e = passages.c
        return (
            rows.where(
                hops.c.enrollment == e.id,
                e.contact == frame.contact,
                e.journey == journeys.c.id,
                journeys.c.key == self.journey,
            ),
            (hops, passages, journeys),
        )

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        if self.node is None:
            rows, own = self._passages(one, frame)
            return any_row(rows, *own)
        rows, own = self._visits(one, frame)
        return count_holds(rows, self.counted, *own)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        rows, own = self._passages(func.count(), frame) if self.node is None else self._visits(func.count(), frame)
        return scalar(rows, *own)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        if self.node is None:
            return Verdict(
                what=_("number of passages that fit: {words}").format(words=self.words(names)),
                observed=str(observed),
                wanted=Count(op=">=", value=1).sign(),
                holds=observed > 0,
            )
        return Verdict(
            what=_("visits of “{node}” that ended").format(node=names.label("node", self.node)),
            observed=str(observed),
            wanted=self.counted.sign(),
            holds=self.counted.takes(observed),
        )

    def words(self, names: Names) -> str:
        journey = names.label("journey", self.journey) if self.journey is not None else ""
        match self.state:
            case "in":
                return _("is in the journey “{journey}”").format(journey=journey)
            case "finished":
                return _("has finished the journey “{journey}”").format(journey=journey)
            case "reached goal":
                return _("has reached the goal of the journey “{journey}”").format(journey=journey)
            case "ever in":
                return _("has ever been in the journey “{journey}”").format(journey=journey)
            case None:
                assert self.node is not None
                visits = self._say_visits(names.label("node", self.node))
                if not journey:
                    return visits
                return _("{visits} (in the journey “{journey}”)").format(visits=visits, journey=journey)
            case _ as never:
                assert_never(never)

    def _say_visits(self, node: str) -> str:
        return self.counted.say(
            node=node,
            exactly=lambda n: ngettext(
                "has gone through “{node}” exactly {n} time", "has gone through “{node}” exactly {n} times", n
            ),
            other=lambda n: ngettext(
                "has gone through “{node}” any number of times but {n}",
                "has gone through “{node}” any number of times but {n}",
                n,
            ),
            at_least=lambda n: ngettext(
                "has gone through “{node}” at least {n} time", "has gone through “{node}” at least {n} times", n
            ),
            at_most=lambda n: ngettext(
                "has gone through “{node}” at most {n} time", "has gone through “{node}” at most {n} times", n
            ),
            between=lambda n: ngettext(
                "has gone through “{node}” between {low} and {n} time",
                "has gone through “{node}” between {low} and {n} times",
                n,
            ),
        )

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created"})

    def drifts(self) -> bool:
        # moves through journeys leave no events: the daily sweep finds them
        return True

    def recalls(self) -> Iterator[Recall]:
        if self.node is not None and self.journey is not None:
            yield Recall("hop", f"{self.journey}/{self.node}")

    def references(self) -> Iterator[tuple[str, str]]:
        if self.journey is not None:
            yield "journey", self.journey

    def nodes(self) -> Iterator[str]:
        if self.node is not None and self.journey is None:
            yield self.node

    def needs_passage(self) -> bool:
        return self.node is not None and self.journey is None

    def demands(self) -> Iterator[Demand]:
        if self.node is None:
            yield Demand(("journey", self.journey, self.state), Allowed(only=frozenset({True})))
        else:
            yield Demand(("visits", self.journey, self.node), allowed_by(self.counted))

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        if self.node is not None and impossible_number(self.counted):
            return _("No count is ever {wanted}.").format(wanted=self.counted.sign())
        return None
