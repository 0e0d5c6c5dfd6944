"""Presets: whatever is offered can be added, kept and found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from journeys.base.catalogue import AttributeEntry, Catalogue, PoolEntry, TemplateEntry
from journeys.nodes.exit import Exit
from journeys.nodes.icons import icon_of
from journeys.nodes.node import Node
from journeys.nodes.preset import NOT_CHOSEN, Beginning, Preset
from journeys.nodes.presets import presets
from journeys.nodes.registry import kind_of
from journeys.nodes.repeat import Repeat

TODAY = date(2026, 11, 25)
RICH = Catalogue(
    attributes={"birthday": AttributeEntry("date"), "city": AttributeEntry("text")},
    templates={"survey": TemplateEntry(survey="nps")},
    segments={"vip": "VIP"},
    tags=frozenset({"club"}),
    purposes=frozenset({"newsletter"}),
    programmes=frozenset({"club"}),
    funnels={"club": ("new", "old")},
    pools={"ten": PoolEntry(5)},
    journeys=frozenset({"welcome"}),
    feeds=frozenset({"weather"}),
)


@pytest.mark.parametrize("catalogue", [Catalogue(), RICH], ids=["empty", "rich"])
@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_what_is_offered_makes_settings_that_a_file_can_keep(preset: Preset, catalogue: Catalogue) -> None:
    made = preset.make(Beginning(TODAY, catalogue))
    again = kind_of(made.kind).model_validate(made.model_dump(mode="json", by_alias=True))
    assert (again, made.family) == (made, preset.family)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_the_card_has_the_picture_of_the_palette(preset: Preset) -> None:
    assert icon_of(preset.make(Beginning(TODAY, RICH))) == preset.icon


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.id)
def test_no_guess_that_could_be_sent_or_called_stands_in_the_settings(preset: Preset) -> None:
    """Where there is more than one message, pool or tag to choose from, none is taken."""
    two = Catalogue(
        templates={"a": TemplateEntry(), "b": TemplateEntry()},
        pools={"a": PoolEntry(1), "b": PoolEntry(1)},
        tags=frozenset({"a", "b"}),
        journeys=frozenset({"a", "b"}),
    )
    named = {key for kind, key in preset.make(Beginning(TODAY, two)).references() if kind != "attribute"}
    assert named <= {NOT_CHOSEN, f"{NOT_CHOSEN}/{NOT_CHOSEN}"}


def test_what_there_is_only_one_of_is_taken() -> None:
    made = {preset.id: preset.make(Beginning(TODAY, RICH)) for preset in presets()}
    assert ("pool", "ten") in made["code"].references()
    assert ("template", "survey") in made["email"].references()
    assert ("purpose", "newsletter") in made["email"].references()
    assert ("stage", "club/new") in made["stage"].references()


def test_words_to_find_them_by_are_plain() -> None:
    assert all(re.fullmatch(r"[\w/ -]*", preset.synonyms) for preset in presets())


def test_a_kind_whose_settings_need_nothing_is_offered_by_itself() -> None:
    class Free(Exit):
        kind = "free"
        label = "Free"
        reason: str = "over"

    (offered,) = Free.presets()
    assert offered.make(Beginning(TODAY)) == Free()


def test_a_kind_whose_settings_cannot_be_guessed_is_not() -> None:
    def offered(kind: type[Node]) -> Iterator[Preset]:
        return kind.presets()

    assert list(offered(Repeat)) == []
