"""A version made ready to run: its nodes, where each outlet leads, and the statements built once for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from journeys.base.catalogue import TRANSPORTS, Catalogue
from journeys.base.time import DAY, Instant
from journeys.criteria import Criterion, references, stirs, typed, with_default_scope
from journeys.criteria.scope import SinceEntry
from journeys.graph.doors import door_of
from journeys.graph.file import read_journey
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.messages.template import channels_of
from journeys.nodes.cohort import Phase
from journeys.nodes.jump import Jump
from journeys.nodes.node import Arrival, Node
from journeys.nodes.send import Send
from journeys.nodes.trigger import Trigger
from journeys.store import tables as t
from journeys.store.attributes import attributes


@dataclass(frozen=True, slots=True)
class Step:
    """One node as the walk needs it."""

    id: str
    node: Node
    #: passed by its first outlet, and traced so
    off: bool
    #: outlet → node it leads to; an outlet without an edge is missing
    targets: dict[str, str]
    #: channels by which a message of the node can go
    channels: frozenset[str] = TRANSPORTS

    @property
    def arrival(self) -> Arrival:
        return Arrival.AT_ONCE if self.off else self.node.arrival

    @property
    def constant_outlet(self) -> str | None:
        """The outlet that every due member takes without a question, so that no statement has to ask."""
        if self.node.ends:
            return None
        outlets = self.node.outlets()
        if self.off:
            return outlets[0].id
        asked = self.node.may_rest or self.node.arrival not in (Arrival.AT_ONCE, Arrival.TIMED)
        if len(outlets) == 1 and not asked:
            return outlets[0].id
        return None

    @property
    def phase_on_arrival(self) -> Phase:
        """Where the move puts a member that comes here."""
        if self.node.ends and not self.off:
            return Phase.ENDED
        match self.arrival:
            case Arrival.AT_ONCE:
                return Phase.DUE
            case Arrival.TIMED | Arrival.HANDS_OVER:
                return Phase.ARRIVED
            case Arrival.LISTENS:
                return Phase.RESTS


@dataclass(frozen=True, eq=False)
class Plan:
    """An immutable version of a journey, ready to run. Compared and hashed by identity: statements are kept by plan."""

    #: row id of the journey
    journey: int
    #: id in the journey file
    key: str
    name: str
    #: row id of the version
    version: int
    number: int
    published_at: Instant
    settings: JourneySettings
    steps: dict[str, Step]
    titles: dict[str, str] = field(repr=False)
    #: the trigger by which those come in whom another journey sends
    door: str | None = None

    @cached_property
    def jumps(self) -> dict[str, str]:
        """Node → id of the journey it jumps to."""
        return {
            id_: step.node.journey
            for id_, step in self.steps.items()
            if isinstance(step.node, Jump) and step.node.journey is not None
        }

    @cached_property
    def triggers(self) -> dict[str, Trigger]:
        return {id_: step.node for id_, step in self.steps.items() if isinstance(step.node, Trigger)}

    @cached_property
    def exit_when(self) -> Criterion | None:
        return _since_entry(self.settings.exit_when)

    @cached_property
    def goal(self) -> Criterion | None:
        return _since_entry(self.settings.goal)

    @cached_property
    def ending_kinds(self) -> frozenset[str]:
        """Kinds of events that may end a passage by the journey's goal or exit."""
        return frozenset().union(*(stirs(c) for c in (self.goal, self.exit_when) if c is not None))

    @cached_property
    def segments(self) -> frozenset[str]:
        """Keys of the segments that the journey asks about."""
        named = {key for step in self.steps.values() for kind, key in step.node.references() if kind == "segment"}
        for criterion in (self.exit_when, self.goal):
            if criterion is not None:
                named |= {key for kind, key in references(criterion) if kind == "segment"}
        return frozenset(named)

    def listening(self) -> Iterator[Step]:
        """Steps whose members are woken by events."""
        return (step for step in self.steps.values() if step.arrival is Arrival.LISTENS)

    @property
    def entry_gap(self) -> int:
        """Seconds that must lie between two entries under one key; 0 where the rule is another one."""
        rule = self.settings.re_entry
        return rule.days * DAY if rule.rule == "after days" else 0


def _since_entry(criterion: Criterion | None) -> Criterion | None:
    return with_default_scope(criterion, SinceEntry()) if criterion is not None else None


def _typed(criterion: Criterion | None, catalogue: Catalogue) -> Criterion | None:
    return typed(criterion, catalogue) if criterion is not None else None


def plan_of(
    row: Mapping[str, Any],
    journey: Journey,
    catalogue: Catalogue,
    *,
    bodies: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Plan:
    """The plan of one row of version joined with its journey (columns journey, key, name, id, number, published_at).

    `catalogue` tells the types of attributes and the channels that can be handed over by, `bodies` the channels that
    templates have a text for, where it matters. Raises InvalidCriterion where a criterion asks for another type.
    """
    steps = {}
    for id_ in journey.node_ids():
        node = journey.node(id_)
        if node is None or node.kind in ("note", "frame"):
            continue
        steps[id_] = Step(
            id=id_,
            node=node.typed(catalogue),
            off=journey.is_off(id_),
            targets={
                outlet.id: target for outlet in node.outlets() if (target := journey.target(id_, outlet.id)) is not None
            },
            channels=catalogue.transports & bodies.get(getattr(node, "template", ""), catalogue.transports),
        )
    return Plan(
        journey=row["journey"],
        key=row["key"],
        name=row["name"],
        version=row["id"],
        number=row["number"],
        published_at=row["published_at"],
        settings=journey.settings.model_copy(
            update={
                "exit_when": _typed(journey.settings.exit_when, catalogue),
                "goal": _typed(journey.settings.goal, catalogue),
            }
        ),
        steps=steps,
        titles={id_: journey.title(id_) for id_ in steps},
        door=door_of(journey),
    )


class Plans:
    """Plans by version, each read once: versions never change. One per process; safe to share between threads."""

    def __init__(self, transports: frozenset[str] = TRANSPORTS) -> None:
        """`transports` are the channels by which this installation hands over."""
        self._plans: dict[int, Plan] = {}
        self._transports = transports

    def get(self, conn: Connection, version: int) -> Plan:
        if version not in self._plans:
            row = (
                conn.execute(
                    select(t.version, t.journey.c.key, t.journey.c.name)
                    .join(t.journey, t.journey.c.id == t.version.c.journey)
                    .where(t.version.c.id == version)
                )
                .mappings()
                .one()
            )
            journey = read_journey(row["graph"])
            catalogue = Catalogue(attributes=attributes(conn), transports=self._transports)
            self._plans[version] = plan_of(dict(row), journey, catalogue, bodies=_bodies(conn, version, journey))
        return self._plans[version]

    def clear(self) -> None:
        """Forget them: after a journey was renamed, or when a store is swapped under the process."""
        self._plans.clear()


def _bodies(conn: Connection, version: int, journey: Journey) -> dict[str, frozenset[str]]:
    """Channels that the templates of ladders have a text for; of other sends the one channel is taken in any case."""
    sends = [node for id_ in journey.node_ids() if isinstance(node := journey.node(id_), Send)]
    keys = sorted({send.template for send in sends if send.ladder is not None})
    if not keys:
        return {}
    rows = conn.execute(
        select(t.template.c.key, t.template.c.source).where(t.template.c.version == version, t.template.c.key.in_(keys))
    )
    return {row.key: channels_of(row.source) for row in rows}
