"""What every kind of leaf gives: truth as SQL, what was observed, words, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.time import DAY, Instant
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.comparison import Comparison
from journeys.criteria.frame import Frame
from journeys.criteria.names import Names
from journeys.criteria.part import Part
from journeys.criteria.scope import AboutMessage, AnyScope, Last, Scope, say_scope, scope_needs_passage, scope_node


@dataclass(frozen=True, slots=True)
class Verdict:
    """A leaf and one contact: what was looked at, what was seen, what was asked for, and whether that fits."""

    what: str
    observed: str
    wanted: str
    holds: bool
    #: whether a state was asked for, which what was seen says itself; else `wanted` is a comparison: “≥ 2”
    state: bool = False

    def __str__(self) -> str:
        if self.state and self.holds:
            return _("{what}: {observed}").format(what=self.what, observed=self.observed)
        if self.state:
            return _("{what}: {observed}; asked for: {wanted}").format(
                what=self.what, observed=self.observed, wanted=self.wanted
            )
        if self.holds:
            return _("{what}: {observed} {wanted}").format(what=self.what, observed=self.observed, wanted=self.wanted)
        return _("{what}: {observed}, not {wanted}").format(what=self.what, observed=self.observed, wanted=self.wanted)


class Recall(NamedTuple):
    """Something of the past that is looked at again."""

    #: events of a kind; or hops from a node, key "JOURNEY/NODE" with the id in the journey file
    what: Literal["event", "hop"]
    key: str
    #: how many seconds before now; None: all there are
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Holders:
    """Rows by which an index finds the contacts who may fit a leaf, several a contact perhaps."""

    rows: FromClause
    contact: ColumnElement[int]
    where: tuple[ColumnElement[bool], ...]
    #: of several, the one with the lowest is taken: 0 for what few did, 1 for what many have
    breadth: int = 1


class Leaf(Part):
    """One condition on a contact. One subclass a kind, one file a subclass."""

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        """The condition as SQL, in the form that indexes serve; NULL counts as false."""
        raise NotImplementedError

    def holders(self, frame: Frame, product: ColumnElement[Any] | None) -> Holders | None:
        """Where an index finds all who fit, and not many more; None where nothing does.

        `product` is the key of the product that the question is about, where it is about one.
        """
        return None

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        """What `holds` looks at, as one value: for the trace."""
        raise NotImplementedError

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        """What an observed value, as it comes out of JSON, meant at that moment."""
        raise NotImplementedError

    def words(self, names: Names) -> str:
        """The condition as a sentence without capital and full stop."""
        raise NotImplementedError

    def stirs(self) -> frozenset[str]:
        """Kinds of events after which its truth may differ."""
        raise NotImplementedError

    def drifts(self) -> bool:
        """Whether its truth may change with time alone."""
        return False

    def references(self) -> Iterator[tuple[str, str]]:
        """(kind of thing, key) for every key of the outside."""
        yield from ()

    def nodes(self) -> Iterator[str]:
        """Ids of nodes of its own journey."""
        yield from ()

    def needs_passage(self) -> bool:
        """Whether it can be asked only of a passage through a journey."""
        return False

    def window(self) -> int | None:
        """Seconds of the time before now that it looks at, where it names one."""
        return None

    def recalls(self) -> Iterator[Recall]:
        """What it looks at in the past that tidying must leave where it is; what a passage bounds is left out."""
        if not self.needs_passage():
            window = self.window()
            yield from (Recall("event", kind, window) for kind in sorted(self.stirs() - {"contact.created"}))

    def listed(self) -> int:
        """How many values it is given to compare with, where there may be many."""
        return 0

    def with_default_scope(self, scope: AnyScope) -> Leaf:
        """The same leaf, which looks at `scope` where it names no scope itself."""
        return self

    def typed(self, catalogue: Catalogue) -> Leaf:
        """The same leaf with what the catalogue says of its field."""
        return self

    def demands(self) -> Iterator[Demand]:
        """What it asks of single fields, for the search for contradictions."""
        yield from ()

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        """Why nobody can ever fit, as a sentence; None where somebody might."""
        return None


class ScopedLeaf(Leaf):
    """A leaf on what happened at times: it may be narrowed to one."""

    #: whether rows answer messages
    answers_messages: ClassVar[bool] = True

    #: none: the default of the place, which is ever in segments and conditions
    scope: Scope | None = None

    def needs_passage(self) -> bool:
        return scope_needs_passage(self.scope)

    def nodes(self) -> Iterator[str]:
        node = scope_node(self.scope)
        if node is not None:
            yield node

    def window(self) -> int | None:
        return self.scope.seconds if isinstance(self.scope, Last) else None

    def window_drifts(self) -> bool:
        """Whether time alone takes rows out of the scope."""
        return isinstance(self.scope, Last)

    def with_default_scope(self, scope: AnyScope) -> Leaf:
        if self.scope is not None or (isinstance(scope, AboutMessage) and not self.answers_messages):
            return self
        return self.model_copy(update={"scope": scope})

    def when(self, names: Names) -> str:
        """The scope in words."""
        return say_scope(self.scope, names)

    def days_of_scope(self) -> int | None:
        """Calendar days that the scope reaches back; None where it has no such end."""
        if not isinstance(self.scope, Last):
            return None
        return self.scope.days if self.scope.days is not None else -(-self.scope.seconds // DAY)


def allowed_by(comparison: Comparison) -> Allowed:
    """The numbers that fulfil a comparison."""
    if comparison.op == "!=":
        return Allowed(without=frozenset(comparison.numbers))
    low, high = comparison.span
    if low == high:
        return Allowed(only=frozenset({low}))
    return Allowed(low=low, high=high)


def impossible_number(comparison: Comparison) -> bool:
    """Whether no number that can be at all fulfils it."""
    return allowed_by(comparison).meet(Allowed(low=comparison.least, high=comparison.most)).is_empty()
