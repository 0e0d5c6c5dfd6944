"""Keys that do not exist: where they stand, and the nearest one written there."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.base.catalogue import AttributeEntry, Catalogue, PoolEntry, TemplateEntry
from journeys.nodes.places import places, with_value
from journeys.nodes.registry import kinds

CATALOGUE = Catalogue(
    attributes={"points": AttributeEntry("number"), "day": AttributeEntry("date")},
    templates={"welcome": TemplateEntry()},
    segments={"loyal": "Loyal", "lapsed": "Lapsed"},
    tags=frozenset({"vip"}),
    purposes=frozenset({"newsletter"}),
    programmes=frozenset({"club"}),
    surveys=frozenset({"after-order"}),
    funnels={"club": ("to-encourage", "joined"), "sales": ("lead",)},
    senders=frozenset({"shop"}),
    pools={"summer": PoolEntry(free=100)},
    products=frozenset({"stream-x"}),
    secrets=frozenset({"hook"}),
    feeds=frozenset({"weather"}),
)
TAG = {"leaf": "tag", "tag": "vipp"}
SEND = {"template": "welcome", "message_class": "marketing", "purpose": "newsletter"}

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("trigger", {"on": {"type": "segment", "segment": "loyl"}}, "on.segment", "loyal"),
    ("trigger", {"on": {"type": "segment", "segment": "loyal", "moved_from": "lapsd"}}, "on.moved_from", "lapsed"),
    ("trigger", {"on": {"type": "change", "attribute": "pointz"}}, "on.attribute", "points"),
    ("trigger", {"on": {"type": "list"}, "only": {"any": [TAG]}}, "only.any[0].tag", "vip"),
    (
        "trigger",
        {"on": {"type": "date", "date": {"type": "contract end", "product": "stream-y"}, "at": "09:00"}},
        "on.date.product",
        "stream-x",
    ),
    ("condition", {"criterion": {"all": [{"none": [TAG]}]}}, "criterion.all[0].none[0].tag", "vip"),
    (
        "condition",
        {"criterion": {"leaf": "stage", "funnel": "club", "stage": "to-encourag"}},
        "criterion.stage",
        "to-encourage",
    ),
    ("split", {"by": {"type": "segments", "segments": ["loyal", "lapsd"]}}, "by.segments[1]", "lapsed"),
    ("split", {"by": {"type": "nps", "survey_key": "after-orde", "ever": True}}, "by.survey_key", "after-order"),
    ("split", {"by": {"type": "loyalty", "programme": "clup"}}, "by.programme", "club"),
    ("send", SEND | {"template": "welcom"}, "template", "welcome"),
    ("send", SEND | {"purpose": "newsleter"}, "purpose", "newsletter"),
    ("send", SEND | {"sender": "shopp"}, "sender", "shop"),
    ("code", {"pool": "sumer"}, "pool", "summer"),
    ("wait", {"rule": {"type": "criterion", "criterion": TAG, "timeout": {"amount": 3, "unit": "days"}}},
     "rule.criterion.tag", "vip"),
    ("update", {"changes": [{"do": "set stage", "funnel": "clubb", "stage": "joined"}]}, "changes[0].funnel", "club"),
    ("webhook", {"url": "https://example.com/", "secret": "hok"}, "secret", "hook"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "settings", "place", "name"), CASES)
def test_the_nearest_name_is_an_edit_of_one_field_that_mends_it(
    surroundings: Any, kind: str, settings: dict[str, Any], place: str, name: str
) -> None:
    node = kinds()[kind].model_validate(settings)
    around = surroundings(catalogue=CATALOGUE)
    unknown = [one for one in node.problems(around) if one.check.startswith("unknown-") and one.fix is not None]
    (problem,) = unknown
    assert (problem.field, problem.fix.label, problem.fix.act) == (place, f"Use “{name}”", "set")
    assert problem.fix.arguments == {"field": place, "value": name}
    mended = kinds()[kind].model_validate(with_value(node.model_dump(mode="json", by_alias=True), place, name))
    assert not [one for one in mended.problems(around) if one.check == problem.check]


def test_a_key_that_stands_in_two_places_is_a_problem_of_each(surroundings: Any) -> None:
    node = kinds()["condition"].model_validate({"criterion": {"any": [TAG, {"none": [TAG]}]}})
    found = [one.field for one in node.problems(surroundings(catalogue=CATALOGUE))]
    assert found == ["criterion.any[0].tag", "criterion.any[1].none[0].tag"]


def test_where_no_name_comes_near_there_is_no_fix(surroundings: Any) -> None:
    node = kinds()["condition"].model_validate({"criterion": TAG | {"tag": "something-else"}})
    (problem,) = node.problems(surroundings(catalogue=CATALOGUE))
    assert (problem.field, problem.fix) == ("criterion.tag", None)


def test_a_stage_is_not_mended_by_one_of_another_funnel(surroundings: Any) -> None:
    stage = {"leaf": "stage", "funnel": "club", "stage": "lead"}
    node = kinds()["condition"].model_validate({"criterion": stage})
    problem = next(one for one in node.problems(surroundings(catalogue=CATALOGUE)))
    assert (problem.check, problem.field, problem.fix) == ("unknown-stage", "criterion.stage", None)


def test_a_text_of_another_kind_is_no_place_of_the_key() -> None:
    assert list(places({"a": {"segment": "vip"}, "tag": "vip"}, "tag", "vip")) == ["tag"]


def test_a_value_is_written_without_touching_the_settings_it_came_from() -> None:
    before = {"all": [{"tag": "a"}, {"tag": "b"}], "other": {"x": 1}}
    assert with_value(before, "all[1].tag", "c") == {"all": [{"tag": "a"}, {"tag": "c"}], "other": {"x": 1}}
    assert before["all"] == [{"tag": "a"}, {"tag": "b"}]


def test_a_field_that_has_its_default_may_be_missing() -> None:
    assert with_value({}, "existing", False) == {"existing": False}
