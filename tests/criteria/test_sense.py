"""What is known of a criterion without asking anybody."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.criteria import (
    InvalidCriterion,
    drifts,
    ensures_consent,
    ensures_not_recurring,
    never_true,
    parse_criterion,
    references,
    stirs,
    typed,
)
from journeys.criteria.leaves.attribute import AttributeLeaf


def attribute(key: str, op: str, *value: Any, **more: Any) -> dict[str, Any]:
    return {"leaf": "attribute", "attribute": key, "op": op, **({"value": value[0]} if value else {}), **more}


def is_(op: str, value: Any) -> dict[str, Any]:
    return {"op": op, "value": value}


TAG = {"leaf": "tag", "tag": "vip"}
CONSENT = {"leaf": "consent", "channel": "email", "purpose": "news"}
NEVER = attribute("points", "between", [5, 1])
VISITS = {"leaf": "event", "event": "page.visited"}
CATALOGUE = Catalogue(
    attributes={
        "plan": AttributeEntry("choice", choices=("Gold", "Silver")),
        "born": AttributeEntry("date"),
        "city": AttributeEntry("text"),
        "points": AttributeEntry("number"),
        "seen": AttributeEntry("datetime"),
    },
    funnels={"sales": ("lead", "won")},
)


@pytest.mark.parametrize(
    ("criterion", "sentence"),
    [
        (NEVER, "Nothing lies between 5 and 1: the first is the larger one."),
        ({**VISITS, "count": is_("<", 0)}, "No count is ever < 0."),
        ({**VISITS, "count": is_("between", [8, 2])}, "No count is ever between 8 and 2."),
        (
            {**VISITS, "last_days_ago": is_(">=", 90), "scope": {"type": "last", "amount": 30}},
            "What was ≥ 90 days ago lies before the last 30 days, which are all that is looked at.",
        ),
        ({"leaf": "contract", "end": is_("between", [8, 2])}, "No contract is ever counted between 8 and 2."),
        ({"leaf": "nps", "score": is_(">", 10)}, "No NPS score is ever > 10."),
        ({"leaf": "random share", "percent": 0, "salt": "a"}, "A random share of 0 % is nobody."),
        (
            {"all": [attribute("city", "=", "Łódź"), attribute("city", "=", "Lodz")]},
            "These exclude each other: city is “Łódź”; city is “Lodz”.",
        ),
        (
            {"all": [attribute("points", ">", 5), {"all": [attribute("points", "<", 5)]}]},
            "These exclude each other: points is more than 5; points is less than 5.",
        ),
        (
            {"all": [TAG, {"none": [TAG]}]},
            "These exclude each other: carries the tag “vip”; this is not so: carries the tag “vip”.",
        ),
        (
            {"all": [CONSENT, {**CONSENT, "state": "withdrawn"}]},
            "These exclude each other: has given consent to e-mail for “news”; "
            "has withdrawn consent to e-mail for “news”.",
        ),
        (
            {"all": [{**VISITS, "count": is_("=", 5)}, {**VISITS, "count": is_("=", 0)}]},
            "These exclude each other: “page.visited” has happened exactly 5 times; “page.visited” has never happened.",
        ),
        ({"any": [NEVER, NEVER]}, "Nothing lies between 5 and 1: the first is the larger one."),
        (
            {"none": [{"any": [TAG, {"none": [TAG]}]}]},
            "These exclude each other: this is not so: carries the tag “vip”; carries the tag “vip”.",
        ),
        (attribute("plan", "=", "Golden"), "“plan” has no choice “Golden”. The nearest is “Gold”."),
        (attribute("city", ">", 3), "“city” is a text; what is asked of it does not go with that."),
        (attribute("born", "contains", "19"), "“born” is a date; what is asked of it does not go with that."),
        ({"leaf": "stage", "funnel": "sales", "stage": "lost"}, "The funnel “sales” has no stage “lost”."),
        (
            {"leaf": "anniversary", "of": {"type": "attribute", "attribute": "city"}, "leap_day": "28 Feb"},
            "“city” is no date; only a date has anniversaries.",
        ),
    ],
)
def test_a_criterion_that_nobody_fits_says_why(criterion: dict[str, Any], sentence: str) -> None:
    assert never_true(parse_criterion(criterion), CATALOGUE) == sentence


@pytest.mark.parametrize(
    "criterion",
    [
        {"all": []},
        {"any": [NEVER, TAG]},
        {"none": [NEVER]},
        {"all": [attribute("points", ">=", 5), attribute("points", "<=", 5)]},
        {"all": [attribute("city", "=", "Łódź"), attribute("city", "=", "łódź")]},
        {"none": [attribute("points", "<", 5), attribute("points", ">=", 5)]},
        {"all": [attribute("points", "!=", 5), {"none": [attribute("points", "=", 6)]}]},
        {"all": [{**VISITS, "count": is_(">=", 3)}, {**VISITS, "count": is_("<=", 3)}]},
        {
            "all": [
                {**VISITS, "count": is_("=", 5)},
                {**VISITS, "count": is_("=", 0), "scope": {"type": "last", "amount": 3}},
            ]
        },
        {"all": [{"leaf": "contract", "product": "a"}, {"none": [{"leaf": "contract", "product": "b"}]}]},
        {
            "all": [
                CONSENT,
                {"none": [{"leaf": "reachable", "channel": "email", "purpose": "news"}]},
            ]
        },
        attribute("born", "=", "2026-11-22"),
        attribute("plan", "in", ["Gold", "Bronze"]),
    ],
)
def test_a_criterion_that_somebody_may_fit_is_left_alone(criterion: dict[str, Any]) -> None:
    assert never_true(parse_criterion(criterion), CATALOGUE) is None


@pytest.mark.parametrize(
    ("criterion", "ensured"),
    [
        (CONSENT, True),
        ({"all": [TAG, CONSENT]}, True),
        ({"any": [TAG, CONSENT]}, False),
        ({"any": [{"all": [TAG, CONSENT]}, {"leaf": "reachable", "channel": "email", "purpose": "news"}]}, True),
        ({"none": [CONSENT]}, False),
        ({"none": [{"none": [CONSENT]}]}, True),
        ({**CONSENT, "purpose": "other"}, False),
        ({**CONSENT, "state": "never asked"}, False),
    ],
)
def test_E18_whether_a_criterion_ensures_consent(criterion: dict[str, Any], ensured: bool) -> None:
    assert ensures_consent(parse_criterion(criterion), "email", "news") is ensured


def test_A14_whether_a_criterion_leaves_out_contracts_that_renew() -> None:
    off = {"leaf": "contract", "end": is_("=", 8), "recurring_now": False}
    assert ensures_not_recurring(parse_criterion({"all": [TAG, off]}))
    assert not ensures_not_recurring(parse_criterion({**off, "recurring_now": True}))
    assert not ensures_not_recurring(parse_criterion({**off, "count": is_("=", 0)}))
    assert not ensures_not_recurring(parse_criterion({"leaf": "contract", "end": is_("=", 8)}))


def test_the_catalogue_tells_the_type() -> None:
    leaf = typed(parse_criterion(attribute("seen", "=", "2026-11-22")), CATALOGUE)
    assert isinstance(leaf, AttributeLeaf)
    assert leaf.kind == "datetime"


def test_a_comparison_that_does_not_go_with_the_type_is_refused() -> None:
    with pytest.raises(InvalidCriterion) as caught:
        typed(parse_criterion({"any": [TAG, attribute("born", "=", "soon")]}), CATALOGUE)
    assert str(caught.value) == (
        "“born is “soon”” cannot be used as a criterion. value: “soon” is not a day such as 2026-11-29."
    )


def test_what_stirs_drifts_and_is_referred_to() -> None:
    criterion = parse_criterion(
        {
            "all": [
                attribute("city", "=", "Łódź"),
                attribute("first_name", "=", "Ewa"),
                CONSENT,
                {"any": [VISITS, {"leaf": "loyalty", "programme": "club", "state": "joined"}]},
                {"leaf": "stage", "funnel": "sales", "stage": "lead"},
            ]
        }
    )
    assert stirs(criterion) == {
        "contact.created",
        "contact.changed",
        "consent.given",
        "consent.withdrawn",
        "page.visited",
        "loyalty.asked",
        "loyalty.joined",
        "loyalty.declined",
        "stage.entered",
    }
    assert not drifts(criterion)
    assert list(references(criterion)) == [
        ("attribute", "city"),
        ("purpose", "news"),
        ("programme", "club"),
        ("funnel", "sales"),
        ("stage", "sales/lead"),
    ]


@pytest.mark.parametrize(
    "criterion",
    [
        TAG,
        attribute("born", "days ago", 3),
        {**VISITS, "scope": {"type": "last", "amount": 3}},
        {**VISITS, "last_days_ago": is_(">=", 3)},
        {"leaf": "purchase", "change": {"days": 90, "op": "<=", "percent": -50}},
        {"leaf": "contract", "end": is_("=", 8)},
        {"leaf": "anniversary", "of": {"type": "first purchase"}, "leap_day": "28 Feb"},
        {"leaf": "journey", "journey": "J", "state": "in"},
    ],
)
def test_time_alone_may_change_it(criterion: dict[str, Any]) -> None:
    assert drifts(parse_criterion({"any": [criterion]}))
