"""Criteria in JSON: what is refused and how; and in words."""

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest
from pydantic import BaseModel

from journeys.base.validation import InvalidData, parse_model
from journeys.criteria import Criterion, InvalidCriterion, dump_criterion, explain, parse_criterion, words
from journeys.criteria.criterion import LEAVES


def problems(data: Any) -> list[str]:
    with pytest.raises(InvalidCriterion) as caught:
        parse_criterion(data)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (5, ["A criterion is an object: a group (“all”, “any”, “none”) or a leaf."]),
        (None, ["A criterion is an object: a group (“all”, “any”, “none”) or a leaf."]),
        ({}, ["A criterion is a group (“all”, “any”, “none”) or names its kind of “leaf”."]),
        ({"any": []}, ["any: This needs at least 1 entry."]),
        ({"all": [], "some": 1}, ["some: There is no such setting."]),
        ({"all": [{"leaf": "tag"}]}, ["all[0].tag: This is missing."]),
        ({"leaf": "tag", "tag": "vip", "scope": {}}, ["scope: There is no such setting."]),
        (
            {"any": [{"leaf": "event", "event": "Visited"}]},
            [
                "any[0].event: “Visited” cannot be the kind of an event. A kind is lower-case words joined by dots, "
                "such as page.visited."
            ],
        ),
        (
            {"leaf": "event", "event": "a.b", "count": {"op": "between", "value": 3}},
            ["count.value: “between” needs two whole numbers, such as [2, 8]."],
        ),
        (
            {"leaf": "event", "event": "a.b", "count": {"op": "=", "value": 2.5}},
            ["count.value: 2.5 is not a whole number."],
        ),
        (
            {"leaf": "event", "event": "a.b", "count": {"op": "=", "value": -1}},
            ["count.value: -1 is out of reach; it can be 0 to 1000000."],
        ),
        (
            {
                "leaf": "event",
                "event": "a.b",
                "count": {"op": "=", "value": 1},
                "last_days_ago": {"op": "=", "value": 1},
            },
            ["One question at a time: a count, the last or the first one."],
        ),
        (
            {"leaf": "event", "event": "a.b", "scope": {"type": "later"}},
            [
                "scope: “later” is not known here. It is one of: “ever”, “last”, “since entry”, “since leaving”, "
                "“about message”, “subject”. The nearest is “last”."
            ],
        ),
        (
            {"leaf": "purchase", "scope": {"type": "about message", "node": "A"}},
            ["scope: A purchase answers no message. Ask for purchases since leaving the step."],
        ),
        (
            {"leaf": "contract", "scope": {"type": "last", "amount": 3}},
            ["scope: A contract is looked at as it stands today: the scope is “ever” or “subject”."],
        ),
        ({"leaf": "purchase", "total": {"op": ">", "value": 1}}, ["currency: A sum needs its currency, such as PLN."]),
        (
            {"leaf": "attribute", "attribute": "a", "op": "contains", "value": 5},
            [
                "op: “contains” does not go with a number. What goes: “=”, “!=”, “<”, “<=”, “>”, “>=”, “between”, “in”, "
                "“has a value”, “has none”."
            ],
        ),
        (
            {"leaf": "attribute", "attribute": "a", "op": "=", "value": "2026-02-30"},
            ["value: “2026-02-30” is not a day such as 2026-11-29."],
        ),
        (
            {"leaf": "attribute", "attribute": "a", "op": "=", "value": "x\x00"},
            ["value: The text has signs in it that no stored text has."],
        ),
        ({"leaf": "tag", "tag": "x\x00"}, ["tag: The text has signs in it that no stored text has."]),
        (
            {"leaf": "event", "event": "a.b", "where": [{"field": "x\x00", "op": "exists"}]},
            ["where[0].field: The text has signs in it that no stored text has."],
        ),
        (
            {"leaf": "event", "event": "a.b", "scope": {"type": "since leaving", "node": "\x00"}},
            ["scope.node: The text has signs in it that no stored text has."],
        ),
        ({"leaf": "contract", "recurring_now": "off"}, ["recurring_now: “off” is neither true nor false."]),
        (
            {"leaf": "attribute", "attribute": "created_at", "op": "<=", "value": "9999-12-31"},
            ["value: 9999-12-31 is out of reach; it can be 0001-01-02 to 9999-12-30."],
        ),
        (
            {"leaf": "attribute", "attribute": "a", "op": "=", "value": "x" * 10_001},
            ["value: A text may have at most 10000 characters."],
        ),
        (
            {"leaf": "attribute", "attribute": "a", "op": "=", "value": 2**60},
            ["value: The number is too large to be compared exactly."],
        ),
        (
            {"leaf": "consent", "channel": "e-mail", "purpose": "news"},
            [
                "channel: There is no channel “e-mail”. The channels are: “email”, “sms”, “push”, “phone”, “post”. "
                "The nearest is “email”."
            ],
        ),
        (
            {"all": [{"leaf": "tag", "tag": 5}, {"leaf": "nps"}]},
            ["all[0].tag: 5 is not a text.", "all[1]: One question at a time: the answer, or the score."],
        ),
        (
            {"leaf": "event", "event": "a.b", "where": [{"field": "x", "op": "in", "value": []}]},
            ["where[0].value: “in” needs a list of values."],
        ),
    ],
)
def test_each_problem_has_a_sentence_and_its_place(data: Any, expected: list[str]) -> None:
    assert problems(data) == expected


def test_a_leaf_that_is_no_word_is_no_kind() -> None:
    (sentence,) = problems({"leaf": ["tag"]})
    assert sentence.startswith("There is no kind of leaf “['tag']”.")


def test_texts_are_compared_in_the_form_in_which_they_are_stored() -> None:
    apart = normalize("NFD", "Łódź, ż")
    leaf = {"leaf": "purchase", "category": apart}
    filtered = {"leaf": "event", "event": "a.b", "where": [{"field": apart, "op": "in", "value": [apart]}]}
    assert dump_criterion(parse_criterion({"all": [leaf, filtered]})) == json.loads(
        normalize("NFC", json.dumps({"all": [leaf, filtered]}, ensure_ascii=False))
    )


def test_an_unknown_leaf_is_told_the_nearest() -> None:
    (sentence,) = problems({"leaf": "purchases"})
    assert sentence.startswith("There is no kind of leaf “purchases”. The kinds are: “attribute”, ")
    assert sentence.endswith(" The nearest is “purchase”.")


def test_a_path_leads_through_the_model_that_holds_the_criterion() -> None:
    class Condition(BaseModel):
        criterion: Criterion

    with pytest.raises(InvalidData) as caught:
        parse_model(Condition, {"criterion": {"all": [{"none": [{"leaf": "tag", "tag": ""}]}]}}, where="Step “A”")
    assert str(caught.value) == "Step “A” does not fit. criterion.all[0].none[0].tag: This is empty."


def test_too_deep_and_too_many_are_refused() -> None:
    deep: Any = {"leaf": "tag", "tag": "a"}
    for _n in range(21):
        deep = {"all": [deep]}
    assert problems(deep) == ["Groups are nested more than 20 deep."]
    for _n in range(400):
        deep = {"all": [deep]}
    assert len(problems(deep)) == 1
    many = {"any": [{"leaf": "tag", "tag": "a"}] * 201}
    assert problems(many) == ["A criterion takes at most 200 leaves."]


def test_the_largest_criterion_runs_and_is_explained(base: Any) -> None:
    base.contact("Anna")
    leaf = {"leaf": "event", "event": "page.visited", "count": {"op": "=", "value": 0}}
    assert base.matches({"all": [leaf] * 200}) == {"Anna"}
    nested: Any = leaf
    for _n in range(19):
        nested = {"none": [nested, leaf]}
    assert base.matches(nested) in (set(), {"Anna"})
    assert len(base.explained({"any": [leaf] * 200}, "Anna")) == 200


@pytest.mark.parametrize(
    "leaf",
    [
        {"leaf": "attribute", "attribute": "city", "op": "in", "value": [f"t{n}" for n in range(1000)]},
        {"leaf": "attribute", "attribute": "points", "op": "in", "value": list(range(1000))},
        {
            "leaf": "attribute",
            "attribute": "likes",
            "type": "list",
            "op": "in",
            "value": [f"t{n}" for n in range(1000)],
        },
        {
            "leaf": "event",
            "event": "page.visited",
            "where": [{"field": "x", "op": "in", "value": [True, *range(499), *(f"t{n}" for n in range(500))]}],
        },
    ],
)
def test_long_lists_run_and_are_explained(base: Any, leaf: dict[str, Any]) -> None:
    base.attribute("city", "text")
    base.attribute("points", "number")
    base.attribute("likes", "list")
    base.contact("Anna", city="T498", points=498, likes=["none", "t498"])
    base.event("Anna", "page.visited", base.now, {"x": "t498"})
    base.contact("Bob", city="none", points=-1, likes=["none"])
    base.event("Bob", "page.visited", base.now, {"x": False})
    assert base.matches({"all": [leaf] * 10}) == {"Anna"}
    assert [seen.holds for seen in base.explained(leaf, "Bob")] == [False]


def test_too_many_values_are_refused() -> None:
    thousand = {"field": "x", "op": "in", "value": list(range(1000))}
    leaf = {"leaf": "event", "event": "page.visited", "where": [thousand]}
    assert problems({"all": [leaf] * 11}) == ["A criterion lists at most 10000 values."]
    one = {"field": "x", "op": "=", "value": 1}
    assert problems(leaf | {"where": [thousand, one]}) == ["where: At most 1000 values can be listed."]


def test_groups_in_words() -> None:
    tag, other = {"leaf": "tag", "tag": "a"}, {"leaf": "tag", "tag": "b"}

    def said(criterion: Any) -> str:
        return words(parse_criterion(criterion))

    assert said({"all": []}) == "every contact"
    assert said({"all": [tag]}) == "carries the tag “a”"
    assert said({"all": [tag, other]}) == "all of these: carries the tag “a”; carries the tag “b”"
    assert said({"any": [tag, {"none": [other]}]}) == (
        "any of these: carries the tag “a”; (this is not so: carries the tag “b”)"
    )
    assert said({"none": [tag, {"all": [tag, other]}]}) == (
        "none of these: carries the tag “a”; (all of these: carries the tag “a”; carries the tag “b”)"
    )


@pytest.mark.parametrize(
    ("leaf", "sentence"),
    [
        ({"leaf": "purchase"}, "at least 1 order"),
        (
            {"leaf": "purchase", "count": {"op": ">", "value": 1}, "scope": {"type": "since entry"}},
            "at least 2 orders (since entry)",
        ),
        ({"leaf": "event", "event": "page.visited"}, "“page.visited” has happened"),
        (
            {
                "leaf": "event",
                "event": "page.visited",
                "count": {"op": "between", "value": [2, 3]},
                "where": [{"field": "url", "op": "starts with", "value": "/a"}],
                "scope": {"type": "since leaving", "node": "N"},
            },
            "“page.visited” has happened between 2 and 3 times (since leaving “N”; url starts with “/a”)",
        ),
        (
            {"leaf": "purchase", "last_days_ago": {"op": ">=", "value": 90}, "category": "tea"},
            "the last order was at least 90 days ago (from the category “tea”)",
        ),
        (
            {"leaf": "purchase", "total": {"op": ">=", "value": 12345}, "currency": "PLN"},
            "orders for at least 123.45 PLN",
        ),
        (
            {"leaf": "attribute", "attribute": "born", "op": "<=", "value": "2000-01-01"},
            "born is on 2000-01-01 or before",
        ),
        ({"leaf": "attribute", "attribute": "a", "op": "!=", "value": "b"}, "a has another value than “b”"),
        ({"leaf": "attribute", "attribute": "a", "op": "=", "value": False}, "a is no"),
        ({"leaf": "attribute", "attribute": "first_name", "op": "has none"}, "first name has no value"),
        (
            {"leaf": "anniversary", "of": {"type": "first purchase"}, "in_days": 7, "leap_day": "1 Mar"},
            "anniversary of the first order is in 7 days (29 February is kept on 1 March)",
        ),
        ({"leaf": "random share", "percent": 12.5, "salt": "a"}, "is among a random 12.5 % (“a”)"),
    ],
)
def test_leaves_in_words(leaf: dict[str, Any], sentence: str) -> None:
    assert words(parse_criterion(leaf)) == sentence


def test_names_take_the_place_of_keys() -> None:
    class Labels:
        def label(self, kind: str, key: str) -> str:
            return {("tag", "vip"): "Our best"}.get((kind, key), key)

    assert words(parse_criterion({"leaf": "tag", "tag": "vip"}), Labels()) == "carries the tag “Our best”"


def test_the_trace_of_orders_reads_like_a_sum(base: Any) -> None:
    base.contact("Anna")
    for days in (1, 2, 3):
        base.purchase("Anna", base.days_ago(days))
    wanted = {"leaf": "purchase", "count": {"op": ">=", "value": 2}, "scope": {"type": "last", "amount": 30}}
    rows = base.explained({"all": [wanted, {"none": [{**wanted, "count": {"op": ">=", "value": 4}}]}]}, "Anna")
    assert [str(row) for row in rows] == [
        "orders (in the last 30 days): 3 ≥ 2",
        "orders (in the last 30 days): 3, not ≥ 4",
    ]
    assert [(row.leaf, row.holds) for row in rows] == [(0, True), (1, False)]
    assert rows[0].words == "at least 2 orders (in the last 30 days)"


def test_an_explanation_reads_what_the_trace_kept(moment_at: Any) -> None:
    from zoneinfo import ZoneInfo

    (row,) = explain(
        parse_criterion({"leaf": "purchase", "last_days_ago": {"op": ">=", "value": 3}}),
        f'[{{"leaf": 0, "value": {moment_at("2026-11-20 23:59")}}}]',
        at=moment_at("2026-11-22 00:01"),
        zone=ZoneInfo("Europe/Warsaw"),
    )
    assert str(row) == "days since the last order: 2 (2026-11-20 23:59), not ≥ 3"


def test_every_kind_of_leaf_is_documented() -> None:
    import journeys.criteria

    for name in LEAVES:
        assert f'{{"leaf": "{name}"' in str(journeys.criteria.__doc__)
