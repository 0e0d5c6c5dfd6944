"""Random journeys: what they ask, their steps, and the graphs made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from journeys.base.time import DAY
from journeys.graph.journey import Journey
from journeys.nodes.node import Node
from journeys.nodes.registry import kinds
from tests.engine import families
from tests.engine.conftest import build, node_id

# --- what journeys ask -----------------------------------------------------------------------------------------------

RED = {"leaf": "attribute", "attribute": "colour", "op": "=", "value": "red"}
BLUE = {"leaf": "attribute", "attribute": "colour", "op": "=", "value": "blue"}
RICH = {"leaf": "attribute", "attribute": "points", "op": ">=", "value": 2}
VIP = {"leaf": "tag", "tag": "vip"}
BUYS = {"leaf": "event", "event": "purchase.made"}
OFTEN = {"leaf": "event", "event": "page.visited", "count": {"op": ">=", "value": 2}}
LATELY = {"leaf": "event", "event": "page.visited", "scope": {"type": "last", "amount": 1, "unit": "days"}}
AGREED = {"leaf": "consent", "channel": "email", "purpose": "newsletter"}
IN_REDS = {"leaf": "segment", "segment": "reds"}

CRITERIA = (RED, BUYS, OFTEN, RICH, VIP, AGREED, LATELY, IN_REDS, {"none": [RED]}, {"any": [BLUE, BUYS]})
#: key → criterion
SEGMENTS: Mapping[str, Any] = {
    "reds": RED,
    "recent": LATELY,
    "tagged-reds": {"all": [IN_REDS, {"any": [VIP, OFTEN]}]},
}
EVENTS = ("page.visited", "purchase.made", "cart.abandoned")

_HOURS = st.sampled_from([6, 12, 24, 36])


def _duration(hours: int) -> dict[str, Any]:
    return {"amount": hours, "unit": "hours"}


def _with_some(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Each of these one time in three: what everybody has to pass lets few come far."""
    nothing = st.just({})
    parts = [st.one_of(nothing, nothing, st.fixed_dictionaries({name: of})) for name, of in optional.items()]
    return st.tuples(*parts).map(lambda drawn: {name: value for part in drawn for name, value in part.items()})


def _triggers() -> st.SearchStrategy[dict[str, Any]]:
    by_event = st.sampled_from(EVENTS).map(lambda kind: {"type": "event", "event": kind})
    on = st.one_of(
        *[by_event] * 5,
        *[st.just({"type": "list"})] * 2,
        st.tuples(st.sampled_from(sorted(SEGMENTS)), st.sampled_from(["entered", "left"])).map(
            lambda pair: {"type": "segment", "segment": pair[0], "movement": pair[1]}
        ),
        st.integers(1, 2).map(lambda n: {"type": "event", "event": "page.visited", "nth": n, "within_days": 2}),
        st.just({"type": "date", "date": {"type": "attribute", "attribute": "day"}, "at": "06:00"}),
        *families.ON,
    )
    more = _with_some(
        only=st.sampled_from([RED, {"none": [RED]}, OFTEN]),
        existing=st.just(True),
        subject=st.sampled_from(["event", "product", "feed"]),
        at_most_late_days=st.integers(0, 1),
    )
    return st.builds(lambda on, more: {"on": on} | more, on, more)


TRIGGERS = _triggers()
#: that let in whoever comes
EASY = st.sampled_from([{"on": {"type": "list"}}, {"on": {"type": "event", "event": "page.visited"}}])


def _listen() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.sampled_from([*EVENTS, "email.clicked"]), min_size=1, max_size=2, unique=True).map(
        lambda found: [{"outlet": kind.partition(".")[0], "label": kind, "event": kind} for kind in found]
    )


def _rules() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _HOURS.map(lambda hours: {"type": "duration"} | _duration(hours)),
        st.integers(1, 2).map(lambda days: {"type": "calendar days", "days": days}),
        st.builds(
            lambda listen, hours, since: {
                "type": "events", "listen": listen, "timeout": _duration(hours), "since": since,
            },
            _listen(),
            _HOURS,
            st.sampled_from(["send", "arrival", "entry"]),
        ),
        st.builds(
            lambda criterion, hours: {"type": "criterion", "criterion": criterion, "timeout": _duration(hours)},
            st.sampled_from(CRITERIA),
            _HOURS,
        ),
    )  # fmt: skip


_WINDOWS = st.sampled_from([{"from": "09:00", "to": None}, {"from": "22:00", "to": "02:30"}])


_DATES = st.builds(
    lambda date, days, clock: {"type": "date", "date": date, "offset_days": days, "at": clock},
    st.sampled_from([{"type": "attribute", "attribute": "day"}, {"type": "day", "day": "2026-03-29"}]),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from(["00:00", "02:30", "09:00"]),
)


def _waits() -> st.SearchStrategy[dict[str, Any]]:
    timed = st.one_of(st.just({"type": "at once"}), _HOURS.map(lambda hours: {"type": "duration"} | _duration(hours)))
    return st.one_of(
        _rules().map(lambda rule: {"rule": rule}),
        st.builds(lambda rule, then: {"rule": rule, "then": then}, st.one_of(timed, _DATES), _WINDOWS),
        _DATES.map(lambda rule: {"rule": rule}),
    )


_SPLITS = st.one_of(
    st.integers(1, 99).map(
        lambda share: {
            "type": "random",
            "arms": [
                {"id": "a", "label": "A", "share": share},
                {"id": "b", "label": "B", "share": 100 - share},
            ],
        }
    ),
    st.just({"type": "segments", "segments": ["tagged-reds", "recent"]}),
    st.just({"type": "loyalty", "programme": "club"}),
    st.sampled_from([{"type": "nps"}, {"type": "nps", "ever": True}]),
)
_CHANGES = st.sampled_from(
    [
        {"do": "set attribute", "attribute": "colour", "value": "red"},
        {"do": "set attribute", "attribute": "colour", "value": "blue"},
        {"do": "clear attribute", "attribute": "colour"},
        {"do": "add to attribute", "attribute": "points", "amount": 1},
        {"do": "add tag", "tag": "vip", "expires_after": {"amount": 6, "unit": "hours"}},
        {"do": "add tag", "tag": "vip"},
        {"do": "remove tag", "tag": "vip"},
        {"do": "give consent", "channel": "email", "purpose": "newsletter"},
        {"do": "withdraw consent", "channel": "email", "purpose": "newsletter"},
    ]
)


def _sends() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"template": st.just("hello"), "purpose": st.just("newsletter")},
        optional={
            "unreachable_goes_another_way": st.just(True),
            "wait_for_hand_over": st.just(False),
            "on_block": st.just("skip"),
            "message_class": st.just("service"),
            "expires_after": st.just(_duration(12)),
            "ladder": st.just({"rule": "first reachable", "channels": ["sms", "email"]}),
        },
    )


STEPS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "wait": _waits(),
    "condition": st.sampled_from(CRITERIA).map(lambda criterion: {"criterion": criterion}),
    "send": _sends(),
    "update": st.lists(_CHANGES, min_size=1, max_size=2).map(lambda changes: {"changes": changes}),
    "split": _SPLITS.map(lambda by: {"by": by}),
    "repeat": st.builds(lambda most, days: {"at_most": most, "at_least_days": days}, st.integers(1, 2), st.integers(0, 1)),
    "goal": st.just({"name": "there"}),
    "exit": st.just({"reason": "finished"}),
    **families.KINDS,
}  # fmt: skip


#: how often a kind is taken; an end early in a journey makes a dull story
WEIGHTS = {"wait": 7, "send": 4, "condition": 2, "split": 2, "update": 3, "repeat": 1, "goal": 1, "exit": 1,
           "code": 1, "webhook": 1, "jump": 1}  # fmt: skip

# --- journeys --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """A journey as `build` takes it."""

    nodes: Nodes
    edges: Sequence[tuple[str, str, str]]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    off: Sequence[str] = ()

    def journey(self) -> Journey:
        made = build(self.nodes, self.edges, **self.attributes)
        for name in self.off:
            made.set_off(node_id(name), True)
        return made


#: node → (kind, settings)
Nodes = Mapping[str, tuple[str, Mapping[str, Any]]]
#: of nodes that are no triggers
NAMES = "bcdefghij"


def _may_go_back(node: Node, outlet: str) -> bool:
    """Whether a circle over this outlet rests a day or is counted, so that it comes to an end within the story."""
    return (node.kind == "repeat" and outlet == "again") or node.rests(outlet) >= DAY


RE_ENTRY = st.fixed_dictionaries(
    {
        "rule": st.sampled_from(["never", "after leaving", "after days", "always"]),
        "days": st.integers(1, 2),
        "per": st.sampled_from(["contact", "subject"]),
    }
)


def _attributes() -> st.SearchStrategy[dict[str, Any]]:
    rules = _with_some(
        exit_when=st.sampled_from(CRITERIA),
        goal=st.sampled_from(CRITERIA),
        policies=st.fixed_dictionaries(
            {},
            optional={
                "quiet_hours": st.just({"from": "20:00", "to": "10:00"}),
                "cap": st.just({"at_most": 1, "within_days": 1}),
            },
        ),
    )
    return st.builds(lambda re_entry, rules: {"re_entry": re_entry} | rules, RE_ENTRY, rules)


ABOUT = _attributes()


@st.composite
def drafts(
    draw: st.DrawFn,
    *,
    triggers: st.SearchStrategy[dict[str, Any]] = TRIGGERS,
    steps: Mapping[str, st.SearchStrategy[dict[str, Any]]] = STEPS,
    about: st.SearchStrategy[dict[str, Any]] = ABOUT,
    off: bool = True,
    most: int = 6,
) -> Draft:
    """A journey whose circles all rest or are counted; outlets may be open."""
    nodes: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for n, trigger in enumerate(draw(st.lists(triggers, min_size=1, max_size=2))):
        nodes[f"in{n + 2}"] = ("trigger", trigger)
    # whoever comes in rests first, so that something can happen to them
    chosen = [draw(st.sampled_from([kind for kind in ("wait", "wait", "send") if kind in steps]))]
    chosen += draw(
        st.lists(
            st.sampled_from([kind for kind in steps for _ in range(WEIGHTS[kind])]),
            min_size=min(2, most - 1),
            max_size=most - 1,
        )
    )
    for n, kind in enumerate(chosen):
        nodes[NAMES[n]] = (kind, draw(steps[kind]))
    edges = [
        (name, outlet, target)
        for name in nodes
        for outlet, targets in _ways(nodes, name).items()
        if (target := draw(st.sampled_from(targets))) is not None
    ]
    return Draft(nodes, edges, draw(about), draw(_switched_off(nodes, edges)) if off else ())


def _ways(nodes: Nodes, name: str) -> dict[str, list[str | None]]:
    """Where the outlets of a node may lead; mostly straight on, so that members come far."""
    names = list(nodes)
    first = sum(kind == "trigger" for kind, _ in nodes.values())
    n, node = names.index(name), _node(nodes, name)
    ahead = names[max(n + 1, first) :]
    return {
        outlet.id: [
            *ahead[:1] * (len(ahead) + 1),
            *ahead,
            None,
            *(names[first : n + 1] if _may_go_back(node, outlet.id) else ()),
        ]
        for outlet in node.outlets()
    }


def _switched_off(nodes: Nodes, edges: Sequence[tuple[str, str, str]]) -> st.SearchStrategy[list[str]]:
    """At most one; a circle must not be short-cut by switching off what makes it rest."""
    names = list(nodes)
    going_back = {source for source, _, target in edges if names.index(target) <= names.index(source)}
    can_be_off = [name for name in nodes if _node(nodes, name).can_be_off and name not in going_back]
    return st.lists(st.sampled_from(can_be_off), max_size=1) if can_be_off else st.just([])


def _node(nodes: Nodes, name: str) -> Node:
    kind, made = nodes[name]
    return kinds()[kind].model_validate(made)


@st.composite
def edited(draw: st.DrawFn, draft: Draft, *, about: st.SearchStrategy[dict[str, Any]] = ABOUT) -> Draft:
    """The same journey with a step set otherwise, one taken out or added, or other rules."""
    nodes, edges, rules = dict(draft.nodes), list(draft.edges), draft.attributes
    steps = [name for name, (kind, _) in nodes.items() if kind != "trigger"]
    match draw(st.sampled_from(["set", "set", "take out", "add", "rules"])):
        case "set":
            # where whoever came in rests
            name = draw(st.sampled_from([steps[0]] * len(steps) + steps))
            nodes[name] = (nodes[name][0], draw(STEPS[nodes[name][0]]))
        case "take out" if len(steps) > 1:
            del nodes[draw(st.sampled_from(steps))]
        case "add" if len(steps) < len(NAMES):
            name = next(name for name in NAMES if name not in nodes)
            kind = draw(st.sampled_from(["wait", "send", "update"]))
            nodes[name] = (kind, draw(STEPS[kind]))
        case _:
            rules = draw(about)
    kept = [
        (source, outlet, target)
        for source, outlet, target in edges
        if source in nodes and target in _ways(nodes, source).get(outlet, ())
    ]
    led = {(source, outlet) for source, outlet, _ in kept}
    kept += [
        (name, outlet, target)
        for name in nodes
        for outlet, targets in _ways(nodes, name).items()
        if (name, outlet) not in led and (target := draw(st.sampled_from(targets))) is not None
    ]
    return Draft(nodes, kept, rules, draw(_switched_off(nodes, kept)))
