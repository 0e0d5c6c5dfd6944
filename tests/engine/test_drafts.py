"""Drafts and the version they are based on."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.engine.drafts import NoSuchVersion, NotBasedOn, Stale, base_of, version_of
from journeys.engine.publish import Published
from journeys.graph.content import content, hash_of
from journeys.graph.journey import Journey
from journeys.store.store import Store
from tests.engine.conftest import World, node_id
from tests.engine.test_lifecycle import POLISH, waiting
from tests.engine.test_migrate import wait


@pytest.fixture
def alone(sqlite_store: Store) -> World:
    return World(sqlite_store)


def publish(world: World, journey: Journey, templates: Any = None) -> Published:
    return world.publish(journey, templates, over=False)


def on(base: Published, **attributes: Any) -> Journey:
    return waiting(name="Welcome", based_on=base.hash, **attributes)


def test_a_draft_that_starts_from_the_newest_version_is_published(world: World) -> None:
    first = publish(world, waiting(name="Welcome"))
    second = publish(world, on(first, exit_when=POLISH))
    assert publish(world, on(second)).number == 3


def test_a_stale_draft_is_refused_and_told_what_it_does_not_know(alone: World) -> None:
    hello = {"hello": {"subject": "Helo"}}
    first = publish(alone, waiting(name="Welcome"), hello)
    other = on(first)
    longer = wait(3)[1]
    other.set_settings(node_id("wait"), type(other.node(node_id("wait"))).model_validate(longer))  # type: ignore[union-attr]
    publish(alone, other, {"hello": {"subject": "Hello"}})
    with pytest.raises(Stale) as refused:
        publish(alone, on(first, exit_when=POLISH), hello)
    first_line, *differences, last_line = str(refused.value).splitlines()
    assert first_line == (
        "This draft of “Welcome” was begun before version 2 was published. Version 2 changed what the draft started from:"
    )
    assert any("was 1 day, now 3 days" in one or ("1" in one and "3" in one) for one in differences)
    assert "The message “hello” reads otherwise." in differences
    assert last_line == "Fetch version 2 and make your changes in it, or publish over it on purpose."


def test_a_stale_draft_can_be_published_on_purpose(alone: World) -> None:
    first = publish(alone, waiting(name="Welcome"))
    publish(alone, on(first, exit_when=POLISH))
    assert alone.publish(on(first, goal=POLISH), over=True).number == 3


def test_a_draft_made_from_no_version_is_refused_where_there_is_one(alone: World) -> None:
    publish(alone, waiting(name="Welcome"))
    with pytest.raises(NotBasedOn) as refused:
        publish(alone, waiting(name="Welcome", exit_when=POLISH))
    assert str(refused.value).startswith(
        "This draft of “Welcome” was not made from version 1, which is published. It would change it so:\n"
    )


def test_going_back_to_what_was_before_is_a_change_like_any_other(alone: World) -> None:
    first = publish(alone, waiting(name="Welcome"))
    publish(alone, on(first, exit_when=POLISH))
    with pytest.raises(Stale):
        publish(alone, on(first))


def test_what_a_draft_is_based_on_does_not_count_in_its_hash(alone: World) -> None:
    journey = waiting()
    before = hash_of(journey)
    journey.settings = journey.settings.model_copy(update={"based_on": "0" * 64})
    journey.move(node_id("wait"), 500, 500)
    journey.set_comment(node_id("wait"), "why a day")
    assert hash_of(journey) == before


def test_a_version_is_fetched_as_a_draft_based_on_it(world: World) -> None:
    hello = {"hello": {"subject": "Hello"}}
    first = publish(world, waiting(name="Welcome"), hello)
    publish(world, on(first, exit_when=POLISH), hello)
    with world.store.read() as conn:
        fetched = version_of(conn, "Welcome", number=1)
        newest = version_of(conn, "test")
    assert (fetched.number, fetched.journey.settings.based_on, dict(fetched.templates)) == (1, first.hash, hello)
    assert content(fetched.journey)["nodes"] == content(waiting())["nodes"]
    assert newest.number == 2


def test_the_version_a_draft_started_from_is_known(alone: World) -> None:
    first = publish(alone, waiting(name="Welcome"))
    with alone.store.read() as conn:
        known = base_of(conn, on(first))
        assert known is not None
        assert known.number == 1
        assert base_of(conn, waiting()) is None
        assert base_of(conn, waiting(based_on="0" * 64)) is None


def test_an_unknown_version_is_a_sentence(alone: World) -> None:
    publish(alone, waiting(name="Welcome"))
    with alone.store.read() as conn, pytest.raises(NoSuchVersion) as refused:
        version_of(conn, "test", number=4)
    assert str(refused.value) == "“Welcome” has no version 4."
