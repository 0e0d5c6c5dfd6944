from __future__ import annotations

from journeys.nodes.jump import Jump


def test_a_jump_to_a_node_leads_on_by_its_edge(case) -> None:
    node = Jump()
    assert case.outlet(node, case.member()) == "to"
    assert ([one.id for one in node.outlets()], node.ends) == (["to"], None)


def test_a_jump_to_a_journey_ends_here() -> None:
    node = Jump(journey="resignation")
    assert (node.outlets(), node.ends) == ((), "jumped")


def test_a_jump_in_words(names) -> None:
    assert Jump().words(names) == "goes on elsewhere in this journey"
    assert Jump(journey="resignation").words(names) == "ends here and comes into the journey “resignation”"
