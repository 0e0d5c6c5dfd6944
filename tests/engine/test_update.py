from __future__ import annotations

from sqlalchemy import delete

from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from tests.engine.conftest import World, build


def test_a_change_that_the_store_refuses_fails_its_passage_with_the_sentence_and_nobody_elses(world: World) -> None:
    (anna, bob) = world.people(2)
    with world.store.write() as conn:
        define_attribute(conn, "seen", "number")
    mark = ("update", {"changes": [{"do": "add to attribute", "attribute": "seen", "amount": 1}]})
    nodes = {
        "in": ("trigger", {"on": {"type": "list"}}),
        "who": (
            "condition",
            {"criterion": {"leaf": "attribute", "attribute": "email", "op": "contains", "value": "c0"}},
        ),
        "mark": mark,
        "exit": ("exit", {"reason": "finished"}),
    }
    edges = [("in", "in", "who"), ("who", "yes", "mark"), ("who", "no", "exit"), ("mark", "done", "exit")]
    world.publish(build(nodes, edges))
    with world.store.write() as conn:
        conn.execute(delete(t.attribute))
    world.enroll([anna, bob])
    world.tick()
    failed, finished = world.passages()
    assert (failed["state"], finished["state"]) == ("failed", "finished")
    assert "seen" in failed["reason"]
