from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from journeys.graph.content import content
from journeys.graph.diff import Difference, differences
from journeys.graph.journey import Journey
from journeys.nodes.condition import Condition
from journeys.nodes.send import Send
from journeys.nodes.wait import Wait
from tests.graph.own_kinds import Choose, End, Mail, Rest, Start, drawn, journeys, node_id


@pytest.fixture
def before() -> Journey:
    return drawn({"in": Start(), "ask": Choose(), "end": End()}, "in:in>ask", "ask:yes>end")


def said(before: Journey, after: Journey, **options: Any) -> list[str]:
    return [change.sentence for change in differences(before, after, **options)]


def settings_said(before: Any, after: Any) -> list[str]:
    return said(drawn({"it": before}), drawn({"it": after}))


def test_equal_journeys_have_no_differences(before: Journey) -> None:
    assert differences(before, before.copy()) == ()


def test_an_added_node_is_described_with_where_it_leads(before: Journey) -> None:
    after = before.copy()
    after.add_node(node_id("mail"), Mail(), title="Mail")
    after.connect(node_id("ask"), "no", node_id("mail"))
    after.connect(node_id("mail"), "sent", node_id("end"))
    assert said(before, after) == [
        "“Ask”: the outlet “no” now leads to “Mail”.",
        "Added: Mail (Mail): mail “hello”.",
        "“Mail”: the outlet “sent” now leads to “End”.",
    ]


def test_a_removed_node_is_described_and_its_edges_open(before: Journey) -> None:
    after = before.copy()
    after.remove_node(node_id("end"))
    assert said(before, after) == [
        "Removed: End (End): leaves.",
        "“Ask”: the outlet “yes” led to “End” and is open now.",
    ]


def test_a_rewired_edge_names_both_targets(before: Journey) -> None:
    before.add_node(node_id("other"), End(), title="Other")
    after = before.copy()
    after.connect(node_id("ask"), "yes", node_id("other"))
    assert said(before, after) == ["“Ask”: the outlet “yes” led to “End” and now leads to “Other”."]


def test_a_new_title_names_the_old_one(before: Journey) -> None:
    after = before.copy()
    after.set_title(node_id("ask"), "Which one?")
    assert said(before, after) == ["“Ask” is now called “Which one?”."]


def test_switching_off_and_comments_are_differences(before: Journey) -> None:
    after = before.copy()
    after.set_off(node_id("ask"), True)
    after.set_comment(node_id("end"), "why?")
    assert said(before, after) == ["“Ask” was switched off.", "The comment on “End” was changed."]


def test_moved_cards_count_only_when_asked_for(before: Journey) -> None:
    after = before.copy()
    after.move(node_id("ask"), 7, 7)
    assert said(before, after) == []
    (change,) = differences(before, after, places=True)
    assert (change.kind, change.sentence) == (Difference.MOVED, "“Ask” was moved.")


def test_another_kind_under_the_same_id_is_said(before: Journey) -> None:
    after = before.copy()
    after.set_settings(node_id("end"), Rest())
    assert said(before, after) == ["“End” was another kind of node: End (End): leaves."]


def test_the_journeys_own_settings_are_compared_in_words() -> None:
    assert said(
        drawn({}),
        drawn(
            {},
            name="New",
            re_entry={"rule": "always"},
            goal={"leaf": "tag", "tag": "vip"},
            policies={"quiet_hours": {"from": "21:00", "to": "08:00"}},
            based_on="0" * 64,
        ),
    ) == [
        "The journey's “Name” was “Test”, now “New”.",
        "The journey's “May come back” was never, counted per contact, now at any time, also while still inside, counted per contact.",
        "The journey's “Goal” was nothing, now “carries the tag “vip””.",
        "The journey's “Policies, Quiet hours” was nothing, now 21:00–8:00.",
    ]


def test_settings_are_compared_field_by_field() -> None:
    assert settings_said(
        Send(template="hello", purpose="newsletter"),
        Send(template="bye", purpose="newsletter", unreachable_goes_another_way=True),
    ) == [
        "“It”: Message was “hello”, now “bye”.",
        "“It”: Who cannot be reached goes another way was no, now yes.",
    ]


def test_lengths_and_windows_are_said_as_people_say_them() -> None:
    assert settings_said(
        Wait.model_validate({"rule": {"type": "duration", "amount": 3, "unit": "days"}, "then": {"from": "09:00"}}),
        Wait.model_validate(
            {"rule": {"type": "duration", "amount": 5, "unit": "days"}, "then": {"from": "10:00", "to": "12:00"}}
        ),
    ) == ["“It”: Wait for was 3 days, now 5 days.", "“It”: Then until was 9:00, now 10:00–12:00."]


def test_criteria_are_said_in_words() -> None:
    assert settings_said(
        Condition.model_validate({"criterion": {"leaf": "tag", "tag": "vip"}}),
        Condition.model_validate({"criterion": {"leaf": "tag", "tag": "new"}}),
    ) == ["“It”: Contacts who match was “carries the tag “vip””, now “carries the tag “new””."]


def test_lists_are_said_whole() -> None:
    assert settings_said(Choose(), Choose(between=("yes", "no", "maybe"))) == [
        "“It”: between was “yes”, “no”, now “yes”, “no”, “maybe”."
    ]


def test_settings_of_unknown_kinds_are_compared_too() -> None:
    assert settings_said({"a": 1, "b": [2]}, {"a": 1, "b": [3], "c": None, "d": True}) == [
        "“It”: b was [2], now [3].",
        "“It”: d was nothing, now true.",
    ]


@given(journeys(), journeys())
@settings(max_examples=60)
def test_no_difference_is_told_exactly_where_the_contents_are_equal(one: Journey, other: Journey) -> None:
    assert (differences(one, other, places=True) == ()) == (content(one) == content(other))
    assert differences(one, one.copy(), places=True) == ()
