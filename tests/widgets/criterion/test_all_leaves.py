"""Every leaf of the criteria language can be made in the editor, by keys and clicks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.criteria import parse_criterion
from journeys.criteria.criterion import LEAVES
from tests.widgets.hands import fill
from widgets.criterion.editor import CriterionField
from widgets.criterion.tokens import OPEN, tokens
from widgets.form.editor import Context
from widgets.form.shapes import as_data
from widgets.form.suggest import FromCatalogue
from widgets.theme.theme import Theme

AT_LEAST = {"op": ">=", "value": 3}
BETWEEN = {"op": "between", "value": [2, 8]}
EXAMPLES: list[dict[str, Any]] = [
    {"leaf": "attribute", "attribute": "city", "op": "=", "value": "Łódź"},
    {"leaf": "attribute", "attribute": "city", "op": "in", "value": ["Kraków", "Gdynia"]},
    {"leaf": "attribute", "attribute": "points", "op": "between", "value": [2, 8]},
    {"leaf": "attribute", "attribute": "points", "op": ">=", "value": 12.5},
    {"leaf": "attribute", "attribute": "birthday", "op": "<", "value": "1990-05-04"},
    {"leaf": "attribute", "attribute": "birthday", "op": "in the next days", "value": 7},
    {"leaf": "attribute", "attribute": "member", "op": "=", "value": True},
    {"leaf": "attribute", "attribute": "size", "op": "!=", "value": "L"},
    {"leaf": "attribute", "attribute": "unheard-of", "op": "has a value"},
    {"leaf": "attribute", "attribute": "unheard-of", "op": "=", "value": 4},
    {"leaf": "attribute", "attribute": "unheard-of", "op": "=", "value": "4"},
    {"leaf": "tag", "tag": "vip"},
    {"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": "withdrawn"},
    {"leaf": "preferred channel", "channel": "sms"},
    {"leaf": "reachable", "channel": "phone", "purpose": "newsletter"},
    {"leaf": "event", "event": "page.visited"},
    {
        "leaf": "event",
        "event": "page.visited",
        "where": [
            {"field": "url", "op": "starts with", "value": "/tea"},
            {"field": "n", "op": "between", "value": [1, 3]},
            {"field": "new", "op": "exists"},
            {"field": "colour", "op": "in", "value": ["red", "blue"]},
        ],
        "count": AT_LEAST,
        "scope": {"type": "last", "amount": 2, "unit": "weeks"},
    },
    {"leaf": "event", "event": "email.clicked", "last_days_ago": BETWEEN, "scope": {"type": "since entry"}},
    {"leaf": "event", "event": "email.clicked", "first_days_ago": AT_LEAST, "scope": {"type": "ever"}},
    {"leaf": "event", "event": "email.clicked", "scope": {"type": "about message", "node": "ASKAAAAA"}},
    {"leaf": "event", "event": "product.viewed", "scope": {"type": "subject"}},
    {"leaf": "purchase", "count": AT_LEAST, "product": "tea", "scope": {"type": "since leaving", "node": "ASKAAAAA"}},
    {"leaf": "purchase", "total": {"op": ">", "value": 10000}, "currency": "PLN", "category": "Tea"},
    {"leaf": "purchase", "last_days_ago": AT_LEAST},
    {"leaf": "purchase", "first_days_ago": {"op": "!=", "value": 0}},
    {"leaf": "purchase", "change": {"of": "total", "days": 90, "op": "<=", "percent": -50}, "currency": "EUR"},
    {
        "leaf": "contract",
        "product": "gym",
        "offer": "summer",
        "end": {"op": "<=", "value": 8},
        "duration_days": AT_LEAST,
        "started_days_ago": BETWEEN,
        "recurring_now": False,
        "recurring_initially": True,
        "count": {"op": "=", "value": 1},
        "scope": {"type": "subject"},
    },
    {"leaf": "segment", "segment": "vip"},
    {"leaf": "journey", "journey": "welcome", "state": "reached goal"},
    {"leaf": "journey", "node": "ASKAAAAA", "visits": AT_LEAST},
    {"leaf": "nps", "answer": "promoter", "survey": "nps", "scope": {"type": "last", "amount": 90}},
    {"leaf": "nps", "score": {"op": ">=", "value": 9}},
    {"leaf": "loyalty", "programme": "club", "state": "not asked"},
    {"leaf": "stage", "funnel": "club", "stage": "new", "entered_days_ago": AT_LEAST},
    {"leaf": "stage", "funnel": "club"},
    {"leaf": "anniversary", "of": {"type": "attribute", "attribute": "birthday"}, "in_days": 3, "leap_day": "1 Mar"},
    {"leaf": "anniversary", "of": {"type": "last purchase"}, "leap_day": "28 Feb"},
    {"leaf": "anniversary", "of": {"type": "first event", "event": "page.visited"}, "leap_day": "28 Feb"},
    {"leaf": "random share", "percent": 12.5, "salt": "spring"},
]
CASES = [pytest.param(example, id=f"{example['leaf']}-{n}") for n, example in enumerate(EXAMPLES)]
KNOWN = Catalogue(
    attributes={
        "city": AttributeEntry("text", "City"),
        "points": AttributeEntry("number"),
        "birthday": AttributeEntry("date", "Birthday"),
        "member": AttributeEntry("boolean"),
        "size": AttributeEntry("choice", choices=("S", "M", "L")),
    },
    funnels={"club": ("new", "old")},
    segments={"vip": "VIP customers"},
)


class Labels:
    def label(self, kind: str, key: str) -> str:
        return KNOWN.segments.get(key, key.rpartition("/")[2])


@pytest.fixture
def context(theme: Theme) -> Context:
    return Context(theme, source=FromCatalogue(catalogue=KNOWN), names=Labels(), today=lambda: date(2026, 11, 22))


def test_every_leaf_has_an_example():
    assert {example["leaf"] for example in EXAMPLES} == set(LEAVES)


@pytest.mark.parametrize("leaf", CASES)
def test_a_leaf_is_made_by_keys_and_clicks(context: Context, qtbot, leaf):
    field = CriterionField(context)
    qtbot.addWidget(field)
    field.show()
    qtbot.waitExposed(field)
    fill(field, {"all": [as_data(parse_criterion(leaf)) | leaf]})
    assert field.criterion == parse_criterion({"all": [leaf]})


@pytest.mark.parametrize("leaf", CASES)
def test_a_leaf_is_shown_and_given_back(context: Context, qtbot, leaf):
    field = CriterionField(context)
    qtbot.addWidget(field)
    field.set_value({"any": [leaf]})
    field.open((0,))
    form = field._rows[0,].form
    assert form is not None
    assert parse_criterion(form.value()) == parse_criterion(leaf)


@pytest.mark.parametrize("leaf", CASES)
def test_a_whole_leaf_has_tokens_without_gaps(leaf):
    said = tokens(leaf, Labels(), date(2026, 11, 22))
    assert said.subject
    assert said.value or said.operator
    assert OPEN not in said.subject + said.operator + said.value


@pytest.mark.parametrize("kind", sorted(LEAVES))
def test_a_leaf_that_is_just_begun_has_tokens_too(kind):
    assert tokens({"leaf": kind}, Labels(), date(2026, 11, 22)).subject


def test_A4_the_day_a_counter_stands_for_is_beside_it(context: Context, qtbot):
    field = CriterionField(context)
    qtbot.addWidget(field)
    field.set_value({"all": [{"leaf": "contract", "end": {"op": "=", "value": 8}}]})
    assert "8 (Sun 29 Nov 2026)" in field._rows[0,].tokens.shown.value
    field.open((0,))
    form = field._rows[0,].form
    assert form is not None
    assert form.inner is not None
    assert form.inner.rows["end"].said == "The last day of the contract, today: Sun 29 Nov 2026."  # type: ignore[attr-defined]
