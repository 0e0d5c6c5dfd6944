"""The form of every registered kind edits every field, by keys and clicks, and gives the settings that were meant."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Node
from tests.nodes.examples import NODES
from tests.widgets.hands import fill
from widgets.form.editor import Context
from widgets.form.shapes import as_data
from widgets.form.suggest import FromCatalogue
from widgets.inspector.model_form import ModelForm
from widgets.theme.theme import Theme

every_node = pytest.mark.parametrize("node", NODES)

#: what the names of new outlets are; nobody types them
_GIVEN = {"id": "way", "outlet": "event"}


def _as_typed(data: Any) -> Any:
    """The same settings, with the names that outlets get, and criteria that begin with a group."""
    if isinstance(data, dict):
        return {
            name: {"all": [_as_typed(value)]}
            if name in ("only", "criterion") and isinstance(value, dict) and "leaf" in value
            else _as_typed(value)
            for name, value in data.items()
        }
    if not isinstance(data, list):
        return data
    made = []
    for n, one in enumerate(map(_as_typed, data), 1):
        given = {
            name: f"{word}-{n}"
            for name, word in _GIVEN.items()
            if isinstance(one, dict) and name in one and "label" in one
        }
        made.append({**one, **given} if given else one)
    return made


@pytest.fixture
def context(theme: Theme) -> Context:
    known = Catalogue(
        attributes={"city": AttributeEntry("text", "City"), "points": AttributeEntry("number")},
        segments={"vip": "VIP customers", "loyal": "Loyal"},
    )
    return Context(theme, source=FromCatalogue(catalogue=known))


@every_node
def test_a_form_gives_back_what_it_is_given(context: Context, qtbot, node: Node):
    form = ModelForm(context, type(node))
    qtbot.addWidget(form)
    form.show_settings(node)
    assert type(node).model_validate(form.record.value()) == node


@every_node
def test_every_field_can_be_filled_from_nothing(context: Context, qtbot, node: Node):
    form = ModelForm(context, type(node))
    qtbot.addWidget(form)
    form.record.set_value({})
    form.show()
    qtbot.waitExposed(form)
    fill(form.record, as_data(node))
    # where nothing had to be typed nothing was told
    given = form.settings or type(node).model_validate(form.record.value())
    assert given == type(node).model_validate(_as_typed(as_data(node)))


def test_the_journeys_own_settings_can_be_filled_from_nothing(context: Context, qtbot):
    begun = JourneySettings(id="welcome", name="x")
    meant = JourneySettings.model_validate(
        {
            "id": "welcome",
            "name": "Welcome",
            "direction": "right",
            "re_entry": {"rule": "after days", "days": 90, "per": "subject"},
            "exit_when": {"all": [{"leaf": "tag", "tag": "gone"}]},
            "goal": {"any": [{"leaf": "purchase", "count": {"op": ">=", "value": 2}}]},
            "policies": {"quiet_hours": {"from": "21:00", "to": "08:00"}, "cap": {"at_most": 3, "within_days": 7}},
        }
    )
    form = ModelForm(context, JourneySettings, leave_out=("id", "based_on"))
    qtbot.addWidget(form)
    form.show_settings(begun)
    form.show()
    qtbot.waitExposed(form)
    data: BaseModel | dict[str, Any] = as_data(meant)
    fill(form.record, data)
    assert form.settings == meant
