from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from journeys.nodes.registry import BrokenPlugIn, KindTwice, NotANode, UnknownKind, kind_of, kinds, load


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="kanwa.nodes")


def test_the_built_in_kinds_are_found_by_entry_point() -> None:
    assert {
        "trigger",
        "condition",
        "split",
        "wait",
        "send",
        "repeat",
        "update",
        "goal",
        "exit",
        "note",
        "frame",
    } <= set(kinds())


def test_an_unknown_kind_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownKind) as error:
        kind_of("wiat")
    assert str(error.value) == "There is no kind of node “wiat”. The nearest is “wait”."


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (
            "no_such_package.nodes:Ring",
            BrokenPlugIn,
            "The kind of node “ring” from no_such_package.nodes:Ring cannot be loaded: ModuleNotFoundError: "
            "No module named 'no_such_package'. Update or remove no_such_package.nodes:Ring.",
        ),
        (
            "journeys.nodes.wait:Bell",
            BrokenPlugIn,
            "The kind of node “ring” from journeys.nodes.wait:Bell cannot be loaded: AttributeError: "
            "module 'journeys.nodes.wait' has no attribute 'Bell'. Update or remove journeys.nodes.wait:Bell.",
        ),
        (
            "journeys.nodes.durations:Duration",
            NotANode,
            "“ring” from journeys.nodes.durations:Duration is not a kind of node: it is no subclass of Node. "
            "Update or remove journeys.nodes.durations:Duration.",
        ),
        (
            "journeys.nodes.node:Node",
            NotANode,
            "“ring” from journeys.nodes.node:Node is not a kind of node: it says nothing of kind, family, label, icon. "
            "Update or remove journeys.nodes.node:Node.",
        ),
        (
            "journeys.nodes.wait:Wait",
            NotANode,
            "“ring” from journeys.nodes.wait:Wait is not a kind of node: it calls itself “wait”. "
            "Update or remove journeys.nodes.wait:Wait.",
        ),
    ],
)
def test_a_broken_plug_in_is_named_at_load(value: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        load([entry("ring", value)])
    assert str(raised.value) == text


def test_a_kind_from_two_packages_is_refused() -> None:
    with pytest.raises(KindTwice) as raised:
        load([entry("wait", "journeys.nodes.wait:Wait"), entry("wait", "journeys.nodes:wait.Wait")])
    assert str(raised.value).startswith("The kind of node “wait” comes from journeys.nodes")
