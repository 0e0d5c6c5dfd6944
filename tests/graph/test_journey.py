from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given, settings

from journeys.graph.content import content, hash_of
from journeys.graph.journey import Edge, Journey, NodeExists, NoSuchNode, is_node_id
from journeys.graph.settings import JourneySettings
from tests.graph.own_kinds import Choose, End, Mail, Paper, Rest, Start, drawn, journeys, node_id

ASK, END, OTHER = node_id("ask"), node_id("end"), node_id("other")


@pytest.fixture
def journey() -> Journey:
    return drawn({"ask": Choose(), "end": End(), "other": End()}, "ask:yes>end")


def test_an_outlet_that_is_connected_again_leads_to_the_new_node_only(journey: Journey) -> None:
    journey.connect(ASK, "yes", OTHER)
    assert list(journey.edges_from(ASK)) == [Edge(ASK, "yes", OTHER)]


def test_two_outlets_may_lead_to_one_node(journey: Journey) -> None:
    journey.connect(ASK, "no", END)
    assert {edge.outlet for edge in journey.edges_into(END)} == {"yes", "no"}


def test_a_disconnected_outlet_leads_nowhere(journey: Journey) -> None:
    journey.disconnect(ASK, "yes")
    assert journey.target(ASK, "yes") is None


def test_disconnecting_an_open_outlet_changes_nothing(journey: Journey) -> None:
    before = content(journey)
    journey.disconnect(ASK, "no")
    assert content(journey) == before


def test_a_removed_node_takes_its_edges_with_it(journey: Journey) -> None:
    journey.remove_node(END)
    assert (END in journey, list(journey.edges())) == (False, [])


def test_other_settings_keep_edges_whose_outlet_is_gone(journey: Journey) -> None:
    journey.set_settings(ASK, Choose(between=("maybe",)))
    assert journey.target(ASK, "yes") == END


def test_an_id_is_not_taken_twice(journey: Journey) -> None:
    with pytest.raises(
        NodeExists, match=r"There is a node ASKAAAAA in this journey already; ids are never used twice."
    ):
        journey.add_node(ASK, End())


def test_a_node_that_is_not_there_is_named(journey: Journey) -> None:
    with pytest.raises(NoSuchNode, match=r"There is no node GONEAAAA in this journey."):
        journey.connect(ASK, "yes", node_id("gone"))


def test_a_failed_connection_leaves_the_old_edge(journey: Journey) -> None:
    with pytest.raises(NoSuchNode):
        journey.connect(ASK, "yes", node_id("gone"))
    assert journey.target(ASK, "yes") == END


def test_new_ids_have_eight_letters_of_base32(journey: Journey) -> None:
    made = {journey.new_id() for _n in range(100)}
    assert len(made) == 100
    assert all(map(is_node_id, made))


def test_the_graph_is_a_multidigraph_whose_edge_keys_are_outlets(journey: Journey) -> None:
    assert isinstance(journey.graph, nx.MultiDiGraph)
    assert list(journey.graph.edges(keys=True)) == [(ASK, END, "yes")]


def test_a_copy_changes_on_its_own(journey: Journey) -> None:
    copy = journey.copy()
    copy.set_title(ASK, "Other")
    copy.connect(ASK, "no", END)
    assert (journey.title(ASK), journey.target(ASK, "no")) == ("Ask", None)


# the hash


def test_the_hash_leaves_out_places_comments_notes_and_the_version_the_draft_is_based_on() -> None:
    plain = drawn({"in": Start(), "end": End()}, "in:in>end")
    tidied = drawn({"in": Start(), "end": End(), "note": Paper(text="see")}, "in:in>end", based_on="0" * 64)
    tidied.move(node_id("in"), 500, 7)
    tidied.set_comment(node_id("end"), "why?")
    assert hash_of(tidied) == hash_of(plain)


@pytest.mark.parametrize(
    "other",
    [
        drawn({"in": Start(), "end": Rest(seconds=5)}, "in:in>end"),
        drawn({"in": Start(), "end": Rest()}),
        drawn({"in": Start(), "end": Rest()}, "in:in>end", name="Other"),
        drawn({"in": Start(), "end": Rest(), "more": End()}, "in:in>end"),
        drawn({"in": Start(), "end": Mail()}, "in:in>end"),
    ],
)
def test_the_hash_differs_where_a_version_would(other: Journey) -> None:
    assert hash_of(other) != hash_of(drawn({"in": Start(), "end": Rest()}, "in:in>end"))


def test_switching_a_node_off_changes_the_hash() -> None:
    journey = drawn({"in": Start(), "mail": Mail()}, "in:in>mail")
    before = hash_of(journey)
    journey.set_off(node_id("mail"), True)
    assert hash_of(journey) != before


@given(journeys())
@settings(max_examples=50)
def test_the_order_in_which_a_journey_was_drawn_does_not_show(journey: Journey) -> None:
    again = Journey(journey.settings)
    for node in reversed(journey.node_ids()):
        x, y = journey.place(node)
        again.add_node(
            node,
            journey.node(node) or journey.raw_settings(node),
            kind=journey.kind(node),
            title=journey.title(node),
            x=x,
            y=y,
            off=journey.is_off(node),
            comment=journey.comment(node),
        )
    for edge in reversed(list(journey.edges())):
        again.connect(edge.source, edge.outlet, edge.target)
    assert (content(again), hash_of(again)) == (content(journey), hash_of(journey))


# the journey's own settings


def test_quiet_hours_need_two_times() -> None:
    with pytest.raises(ValueError, match="Quiet hours begin and end at the same time"):
        JourneySettings(id="a", name="A", policies={"quiet_hours": {"from": "21:00", "to": "21:00"}})


def test_a_name_may_hold_any_letters_and_joined_emoji() -> None:
    assert JourneySettings(id="a", name="Żółw 👩‍👩‍👧").name == "Żółw 👩‍👩‍👧"
