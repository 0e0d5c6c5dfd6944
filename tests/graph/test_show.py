from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings

from journeys.base.catalogue import Catalogue
from journeys.graph.journey import Journey
from journeys.graph.show import show
from tests.graph.own_kinds import (
    Again,
    Choose,
    End,
    Listen,
    Mail,
    Paper,
    Rest,
    Start,
    drawn,
    journeys,
    node_id,
)


def outline(journey: Journey) -> list[str]:
    """The lines below the journey's own settings."""
    _head, _blank, body = show(journey).partition("\n\n")
    return body.splitlines()


def head(**settings: Any) -> list[str]:
    return show(drawn({}, **settings)).splitlines()


def test_nodes_in_a_row_stand_one_under_the_other() -> None:
    journey = drawn({"in": Start(), "rest": Rest(seconds=60), "end": End()}, "in:in>rest", "rest:done>end")
    assert outline(journey) == [
        "In (Start): when somebody comes",
        "Rest (Rest): 60 seconds",
        "End (End): leaves",
    ]


def test_outlets_are_indented_and_a_node_is_described_once() -> None:
    journey = drawn(
        {"in": Start(), "ask": Mail(), "listen": Listen(about=node_id("ask")), "again": Again(), "end": End()},
        "in:in>ask", "ask:sent>listen", "listen:answered>end", "listen:timeout>again", "again:again>ask",
        "again:enough>end",
    )  # fmt: skip
    assert outline(journey) == [
        "In (Start): when somebody comes",
        "Ask (Mail): mail “hello”",
        "Listen (Listen): for an answer to Ask",
        "  answered →",
        "    End (End): leaves",
        "  timeout →",
        "    Again (Repeat): 1 days apart",
        "      again → back to “Ask”",
        "      enough → on to “End”",
    ]


def test_open_outlets_lead_nowhere() -> None:
    journey = drawn({"in": Start(), "ask": Choose(), "rest": Rest()}, "in:in>ask", "ask:yes>rest")
    assert outline(journey)[-4:] == ["  yes →", "    Rest (Rest): 86400 seconds", "    → nowhere", "  no → nowhere"]


def test_an_outlet_that_is_gone_is_called_so() -> None:
    journey = drawn({"in": Start(), "end": End(), "other": End()}, "in:in>end", "in:old>other")
    assert outline(journey)[1:] == [
        "  in →",
        "    End (End): leaves",
        "  old (this outlet is gone) →",
        "    Other (End): leaves",
    ]


def test_switched_off_and_unknown_nodes_are_called_so() -> None:
    journey = drawn({"in": Start(), "rest": Rest(seconds=1), "odd": {}}, "in:in>rest", "rest:done>odd", "odd:out>rest")
    journey.set_off(node_id("rest"), True)
    assert outline(journey)[1:] == [
        "Rest (Rest, switched off): 1 seconds",
        "Odd (unknown kind “odd”)",
        "→ back to “Rest”",
    ]


def test_what_hangs_on_nothing_and_notes_come_last() -> None:
    journey = drawn({"note": Paper(text="two\nlines"), "lost": End(), "in": Start(), "end": End()}, "in:in>end")
    assert outline(journey) == [
        "In (Start): when somebody comes",
        "End (End): leaves",
        "",
        "Lost (End): leaves",
        "",
        "Note (Paper): two lines",
    ]


def test_a_node_without_a_title_is_called_by_its_id() -> None:
    journey = drawn({"in": Start()})
    journey.set_title(node_id("in"), "")
    assert outline(journey)[0] == "INAAAAAA (Start): when somebody comes"


def test_the_settings_of_the_journey_are_said() -> None:
    assert head(
        re_entry={"rule": "after days", "days": 30},
        exit_when={"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": "withdrawn"},
        goal={"leaf": "purchase"},
        policies={"quiet_hours": {"from": "21:00", "to": "08:00"}, "cap": {"at_most": 2, "within_days": 7}},
    ) == [
        "Test",
        "  May come back: 30 days after the last entry, counted per contact.",
        "  Leaves when: has withdrawn consent to e-mail for “newsletter”.",
        "  Goal: at least 1 order (since entry).",
        "  Quiet hours: 21:00–8:00.",
        "  Frequency cap: 2 marketing messages in 7 days.",
    ]


def test_re_entry_counted_per_subject_is_said() -> None:
    assert head(re_entry={"rule": "after leaving", "per": "subject"})[1] == (
        "  May come back: after leaving, counted per subject."
    )


def test_labels_of_the_catalogue_stand_for_keys() -> None:
    catalogue = Catalogue(segments={"vip": "Best customers"})
    text = show(drawn({}, goal={"leaf": "segment", "segment": "vip"}), catalogue)
    assert "Goal: is in the segment “Best customers”." in text


def test_a_row_longer_than_pythons_stack_is_shown() -> None:
    names = [chr(65 + n // 26 // 26) + chr(65 + n // 26 % 26) + chr(65 + n % 26) + "Z" for n in range(3000)]
    edges = [f"{name}:yes>{after}" for name, after in itertools.pairwise(names)]
    assert len(outline(drawn({name: Choose() for name in names}, *edges))) == 3000 * 3


@given(journeys())
@settings(max_examples=60)
def test_every_node_of_any_journey_is_described_exactly_once(journey: Journey) -> None:
    for node in journey.node_ids():
        journey.set_title(node, node)
    text = show(journey)
    for node in journey.node_ids():
        assert text.count(f"{node} (") == 1
