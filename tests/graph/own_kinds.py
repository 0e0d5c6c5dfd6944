"""Small kinds of nodes for tests of the document, and a way to draw a journey in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from journeys.base.time import DAY
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem, Severity


class Start(Node):
    kind: ClassVar[str] = "start"
    family: ClassVar[Family] = Family.COMES_IN
    label: ClassVar[str] = "Start"
    icon: ClassVar[str] = "x"
    can_be_off: ClassVar[bool] = False

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("in", "in"),)

    def words(self, names: Names) -> str:
        return "when somebody comes"


class Rest(Node):
    kind: ClassVar[str] = "rest"
    family: ClassVar[Family] = Family.WAITS
    label: ClassVar[str] = "Rest"
    icon: ClassVar[str] = "x"

    seconds: int = DAY

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("done", "done"),)

    def words(self, names: Names) -> str:
        return f"{self.seconds} seconds"

    def rests(self, outlet: str) -> int:
        return self.seconds


class Listen(Node):
    kind: ClassVar[str] = "listen"
    family: ClassVar[Family] = Family.WAITS
    label: ClassVar[str] = "Listen"
    icon: ClassVar[str] = "x"

    about: str = ""
    seconds: int = 7 * DAY

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("answered", "answered"), Outlet("timeout", "timeout"))

    def words(self, names: Names) -> str:
        return f"for an answer to {names.label('node', self.about)}"

    def rests(self, outlet: str) -> int:
        return self.seconds if outlet == "timeout" else 0

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        if self.about:
            yield "about", self.about


class Choose(Node):
    kind: ClassVar[str] = "choose"
    family: ClassVar[Family] = Family.DECIDES
    label: ClassVar[str] = "Choose"
    icon: ClassVar[str] = "x"
    can_be_off: ClassVar[bool] = False

    between: tuple[str, ...] = ("yes", "no")

    def outlets(self) -> tuple[Outlet, ...]:
        return tuple(Outlet(name, name) for name in self.between)

    def words(self, names: Names) -> str:
        return " or ".join(self.between)

    def problems(self, around: Around) -> Iterator[Problem]:
        if not any(isinstance(node, Mail) for _id, node in around.upstream()):
            yield Problem("nothing-asked", Severity.HINTS, (around.node,), "Nothing was asked before.")


class Again(Node):
    kind: ClassVar[str] = "repeat"
    family: ClassVar[Family] = Family.DECIDES
    label: ClassVar[str] = "Repeat"
    icon: ClassVar[str] = "x"

    days: int = 1

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("again", "again"), Outlet("enough", "enough"))

    def words(self, names: Names) -> str:
        return f"{self.days} days apart"

    def rests(self, outlet: str) -> int:
        return self.days * DAY if outlet == "again" else 0


class Mail(Node):
    kind: ClassVar[str] = "mail"
    family: ClassVar[Family] = Family.SENDS
    label: ClassVar[str] = "Mail"
    icon: ClassVar[str] = "x"

    template: str = "hello"
    message_class: str = "marketing"

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet("sent", "sent", must_be_connected=False),)

    def words(self, names: Names) -> str:
        return f"mail “{names.label('template', self.template)}”"


class End(Node):
    kind: ClassVar[str] = "end"
    family: ClassVar[Family] = Family.ENDS
    label: ClassVar[str] = "End"
    icon: ClassVar[str] = "x"

    @property
    def ends(self) -> str | None:
        return "finished"

    can_be_off: ClassVar[bool] = False

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def words(self, names: Names) -> str:
        return "leaves"


class Win(End):
    kind: ClassVar[str] = "win"
    label: ClassVar[str] = "Win"

    @property
    def ends(self) -> str | None:
        return "goal"

    def words(self, names: Names) -> str:
        return "has won"


class Paper(Node):
    kind: ClassVar[str] = "paper"
    family: ClassVar[Family] = Family.CANVAS
    label: ClassVar[str] = "Paper"
    icon: ClassVar[str] = "x"

    text: str = ""

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def words(self, names: Names) -> str:
        return self.text


KINDS = {kind.kind: kind for kind in (Start, Rest, Listen, Choose, Again, Mail, End, Win, Paper)}


def node_id(name: str) -> str:
    """The id under which a drawn node stands: “ask” is ASKAAAAA."""
    return (name.upper() + "AAAAAAAA")[:8]


def drawn(nodes: dict[str, Node | dict[str, Any]], *edges: str, **settings: Any) -> Journey:
    """A journey of named nodes, one under the other; an edge is “ask:sent>listen”.

    A plain dict stands for a node of the unknown kind “odd”.
    """
    journey = Journey(JourneySettings(**{"id": "test", "name": "Test", **settings}))
    for n, (name, node) in enumerate(nodes.items()):
        journey.add_node(node_id(name), node, kind="odd", title=name.capitalize(), y=n * 96)
    for edge in edges:
        source, _colon, rest = edge.partition(":")
        outlet, _arrow, target = rest.partition(">")
        journey.connect(node_id(source), outlet, node_id(target))
    return journey


def ids(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(node_id, names))


# any journey at all, sense or not

_texts = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12)
_node_ids = st.text("ABC234", min_size=8, max_size=8)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_settings = st.one_of(
    st.just(Start()),
    st.builds(Rest, seconds=st.sampled_from([0, 3600, 40_000, DAY, 2 * DAY])),
    st.builds(Listen, seconds=st.sampled_from([0, DAY])),
    st.builds(Choose, between=st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).map(tuple)),
    st.builds(Again, days=st.integers(0, 2)),
    st.builds(Mail, template=_texts),
    st.just(End()),
    st.just(Win()),
    st.builds(Paper, text=_texts),
)


@st.composite
def journeys(draw: st.DrawFn, most_nodes: int = 8) -> Journey:
    """Journeys of any shape: unknown kinds, orphaned edges, cycles, nodes that are off."""
    journey = Journey(
        JourneySettings(id="any", name=draw(_texts.filter(bool)), direction=draw(st.sampled_from(["down", "right"])))
    )
    for node in draw(st.lists(_node_ids, max_size=most_nodes, unique=True)):
        settings = draw(_settings | st.dictionaries(_texts, _json, max_size=3))
        journey.add_node(
            node,
            settings,
            kind="" if isinstance(settings, Node) else draw(st.sampled_from(["odd", "strange"])),
            title=draw(_texts),
            x=draw(st.floats(-5000, 5000)),
            y=draw(st.integers(-5000, 5000)),
            off=draw(st.booleans()),
            comment=draw(_texts),
        )
    nodes = journey.node_ids()
    if nodes:
        for source in draw(st.lists(st.sampled_from(nodes), max_size=2 * most_nodes)):
            settings = journey.node(source)
            outlets = [outlet.id for outlet in settings.outlets()] if settings else []
            journey.connect(source, draw(st.sampled_from([*outlets, "gone"])), draw(st.sampled_from(nodes)))
    return journey


@st.composite
def tangles(draw: st.DrawFn) -> Journey:
    """Few nodes whose outlets nearly all lead back among them: many cycles that share nodes."""
    kinds = st.one_of(
        st.builds(Rest, seconds=st.sampled_from([0, 30_000, 50_000, DAY])),
        st.builds(Listen, seconds=st.sampled_from([0, DAY])),
        st.just(Choose(between=("a", "b", "c"))),
        st.just(Choose()),
        st.builds(Again, days=st.integers(0, 1)),
        st.just(Mail()),
    )
    nodes = dict(zip("BCDEFG", draw(st.lists(kinds, min_size=2, max_size=6)), strict=False))
    journey = drawn(nodes)
    names = journey.node_ids()
    for node in names:
        settings = journey.node(node)
        assert settings is not None
        for outlet in settings.outlets():
            target = draw(st.sampled_from([*names, ""]))
            if target:
                journey.connect(node, outlet.id, target)
        journey.set_off(node, settings.can_be_off and draw(st.integers(0, 4)) == 0)
    return journey
