"""What every kind of node gives: its settings, outlets, words, checks, and its step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection

from journeys.base.catalogue import Catalogue
from journeys.base.time import Instant
from journeys.criteria import Recall
from journeys.nodes.cohort import Cohort, DueTable, Named, Outcome, Parcel
from journeys.nodes.family import Family as Family
from journeys.nodes.problem import Problem
from journeys.nodes.recalling import recalls_of

if TYPE_CHECKING:
    from journeys.nodes.preset import Preset


class Arrival(StrEnum):
    """What happens to a member that comes to a node."""

    #: decides in the same tick
    AT_ONCE = "at once"
    #: rests until the due time of its zone
    TIMED = "timed"
    #: rests with due_at = now and looks back in the next transaction, so that no event committed meanwhile is lost
    LISTENS = "listens"
    #: makes a message and rests until its outcome is known
    HANDS_OVER = "hands over"


@dataclass(frozen=True, slots=True)
class Outlet:
    """A named exit of a node. `id` never changes; `label` may."""

    id: str
    label: str
    #: an open one is a problem that blocks (splits), else members simply leave there
    must_be_connected: bool = True


class Around(Protocol):
    """What a node may ask of its surroundings when it is checked; the graph fulfils it."""

    @property
    def node(self) -> str:
        """Id of the node that is asked."""
        ...

    @property
    def title(self) -> str: ...

    @property
    def catalogue(self) -> Catalogue | None:
        """None: checks against the outside are skipped."""
        ...

    def upstream(self) -> Iterator[tuple[str, Node]]:
        """Nodes from which this one can be reached, in no order, without itself unless it lies on a cycle."""
        ...

    def at(self, node: str) -> Node | None:
        """The settings of another node."""
        ...

    def title_of(self, node: str) -> str: ...

    def connected(self) -> frozenset[str]:
        """Outlets of this node that have an edge."""
        ...

    def jumps_into(self, trigger: str) -> tuple[tuple[str, frozenset[str]], ...]:
        """By name, the other journeys that members jump from and come in here by that trigger, each with the things
        that all of them bring along: "contract", "purchase", "product", "event", "feed", "subject"."""
        ...


class Names(Protocol):
    """Labels of the keys a sentence mentions; falls back to the key itself."""

    def label(self, kind: str, key: str) -> str:
        """`kind` is a word of the glossary: "segment", "template", "node", "tag", "attribute", "programme" …"""
        ...


class Node(BaseModel):
    """The settings of one node. One subclass a kind, one file a subclass, found by entry point."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    kind: ClassVar[str]
    family: ClassVar[Family]
    #: name of the kind for people
    label: ClassVar[str]
    #: icon name as in the design of the canvas
    icon: ClassVar[str]
    arrival: ClassVar[Arrival] = Arrival.AT_ONCE
    can_be_off: ClassVar[bool] = True
    #: whether it writes to contacts, by `change`
    changes: ClassVar[bool] = False
    #: whether due members have to be asked although there is one outlet only: they may rest on
    may_rest: ClassVar[bool] = False

    @classmethod
    def presets(cls) -> Iterator[Preset]:
        """What palette and search offer of a kind that comes with a plug-in; the built-in kinds have theirs in `presets`.

        As it stands one, where no setting has to be given; else none, so that no wrong one is guessed.
        """
        # preset speaks of nodes
        from journeys.nodes.preset import Preset

        if not any(field.is_required() for field in cls.model_fields.values()):
            yield Preset(cls.kind, cls.label, cls.icon, cls.family, lambda _beginning: cls())

    @property
    def ends(self) -> str | None:
        """The state an enrollment ends in here; None where it goes on."""
        return None

    def outlets(self) -> tuple[Outlet, ...]:
        """Exits in the order of the card; the first is taken where the node is switched off."""
        raise NotImplementedError

    def words(self, names: Names) -> str:
        """One sentence that says the settings."""
        raise NotImplementedError

    def problems(self, around: Around) -> Iterator[Problem]:
        """What is wrong with these settings, seen in their surroundings."""
        yield from ()

    def references(self) -> Iterator[tuple[str, str]]:
        """(kind of thing, key) for every key of the outside that the settings mention, criteria included."""
        yield from ()

    def recalls(self) -> Iterator[Recall]:
        """What the step looks at in the past beyond its own passage, so that tidying leaves it.

        As it stands: what criteria in the settings look at, and every event of the kinds that fields named `event` or
        `events` hold. A kind that reads other events must add them.
        """
        yield from recalls_of(self)

    def typed(self, catalogue: Catalogue) -> Self:
        """The same settings, with the types of the attributes that their criteria compare.

        To be asked before the step is: a list that contains something is another question than a text that does.
        Raises pydantic's ValidationError where a comparison does not go with the type; `problems` finds that before.
        """
        return self

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        """(field, node id) for every other node that the settings mention."""
        yield from ()

    def rests(self, outlet: str) -> int:
        """Seconds a member is sure to rest here before it leaves by `outlet`; 0 when it may go on at once."""
        return 0

    def stirred_by(self) -> frozenset[str]:
        """Kinds of events that may wake a member that rests here; only for arrival LISTENS."""
        return frozenset()

    def drifts(self) -> bool:
        """Whether a member resting here may become due by time alone beyond its due_at; asked once a workspace day."""
        return False

    def due(self, zones: Iterable[str], *, now: Instant, zone: ZoneInfo) -> DueTable:
        """When members that arrive now are due, for each of the zones given; only for arrival TIMED.

        `zone` is the workspace's, for contacts without one.
        """
        raise NotImplementedError

    def base(self, cohort: Cohort) -> ColumnElement[str | None] | None:
        """What the moment of each member is worked out from (a day, UTC seconds), as text over `members`; None: nothing.

        Before `outcome` is asked, `named` is for the distinct pairs of zone and base, and its answers stand in the
        columns `named_at`, `until` and `again_at` of `members`; NULL where the base is, or means nothing.
        """
        return None

    def named(self, bases: Iterable[tuple[str, str]], *, now: Instant, zone: ZoneInfo) -> dict[tuple[str, str], Named]:
        """What each (zone, base) means; one that means nothing is left out. `zone` is the workspace's."""
        raise NotImplementedError

    def channels_asked(self) -> tuple[str, ...]:
        """Channels whose suppression list the step asks: the table `barred` then holds the members' contacts on it."""
        return ()

    def parcel(self) -> Parcel:
        """The message that every member makes who comes here; only for arrival HANDS_OVER."""
        raise NotImplementedError

    def outcome(self, cohort: Cohort) -> Outcome:
        """What due members do. Not asked of kinds that end."""
        raise NotImplementedError

    def told(self, values: Mapping[str, Any], names: Names, zone: ZoneInfo, *, rests: bool) -> Iterator[str] | None:
        """Sentences for the values that a hop, or a member at rest, keeps; None: they are said as they are.

        `zone` is the workspace's; `rests` says whether the member is still there.
        """
        return None

    def change(self, conn: Connection, contacts: Sequence[int], *, now: Instant) -> None:
        """Write to contacts as members leave here; only where `changes` is set.

        One id a member: a contact with two enrollments in the round stands there twice, and both count.
        """
        raise NotImplementedError


#: kind → class, as registered
Kinds = Mapping[str, type[Node]]
