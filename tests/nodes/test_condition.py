from __future__ import annotations

from typing import Any

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.criteria import words
from journeys.nodes.condition import Condition

NOW = 1_795_345_200


def condition(criterion: dict[str, Any]) -> Condition:
    return Condition.model_validate({"criterion": criterion})


BOUGHT_TWICE = {
    "leaf": "event",
    "event": "purchase.made",
    "count": {"op": ">=", "value": 2},
    "scope": {"type": "since entry"},
}


def test_who_fits_goes_by_yes_and_everybody_else_by_no(case) -> None:
    node = condition({"leaf": "attribute", "attribute": "city", "op": "=", "value": "Łódź"})
    here = case.member(case.contact(attributes={"city": "Łódź"}, keys={"city": "łódź"}))
    elsewhere = case.member(case.contact(attributes={"city": "Gdynia"}, keys={"city": "gdynia"}))
    nowhere = case.member()
    decided = case.decide(node)
    assert [decided[m].outlet for m in (here, elsewhere, nowhere)] == ["yes", "no", "no"]


def test_a_scoped_leaf_speaks_of_the_passage(case) -> None:
    member = case.member()
    contact = case.contact_of(member)
    for at in (NOW - 31 * 86400, NOW - 3600):
        case.event(contact, "purchase.made", at)
    assert case.outlet(condition(BOUGHT_TWICE), member) == "no"
    case.event(contact, "purchase.made", NOW - 60)
    assert case.outlet(condition(BOUGHT_TWICE), member) == "yes"


def test_a_leaf_without_a_scope_looks_at_all_time(case) -> None:
    member = case.member()
    case.event(case.contact_of(member), "purchase.made", NOW - 400 * 86400)
    assert case.outlet(condition({"leaf": "event", "event": "purchase.made"}), member) == "yes"


def test_the_values_that_were_compared_are_traced(case) -> None:
    member = case.member()
    case.event(case.contact_of(member), "purchase.made", NOW - 60)
    assert case.decide(condition(BOUGHT_TWICE))[member].values == [{"leaf": 0, "value": 1}]


def test_a_list_is_asked_as_a_list_where_the_catalogue_says_so(case) -> None:
    node = condition({"leaf": "attribute", "attribute": "likes", "op": "contains", "value": "Tea"})
    member = case.member(case.contact(attributes={"likes": ["Tea"]}, keys={"likes": ["tea"]}))
    catalogue = Catalogue(attributes={"likes": AttributeEntry("list")})
    assert case.outlet(node.typed(catalogue), member) == "yes"


def test_a_condition_that_nobody_can_fit_warns(surroundings) -> None:
    tag = {"leaf": "tag", "tag": "vip"}
    (problem,) = condition({"all": [tag, {"none": [tag]}]}).problems(surroundings())
    assert (problem.check, problem.severity, problem.field) == ("never-true", "warns", "criterion")
    assert problem.sentence.startswith("Nobody can ever fit this. These exclude each other:")


def test_a_condition_in_words(names) -> None:
    node = condition({"leaf": "tag", "tag": "vip"})
    assert node.words(names) == words(node.criterion, names)


def test_nodes_and_keys_that_a_criterion_speaks_of_are_named() -> None:
    about = {
        "leaf": "event",
        "event": "email.clicked",
        "scope": {"type": "about message", "node": "ASKAAAAA"},
    }
    node = condition({"all": [about, {"leaf": "tag", "tag": "vip"}]})
    assert list(node.nodes_mentioned()) == [("criterion", "ASKAAAAA")]
    assert list(node.references()) == [("tag", "vip")]
