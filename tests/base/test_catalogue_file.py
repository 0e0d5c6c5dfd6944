"""A catalogue as a file: what goes out comes in, and nonsense gets one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from journeys.base.catalogue import AttributeEntry, Catalogue, PoolEntry, TemplateEntry
from journeys.base.catalogue_file import UnreadableCatalogue, catalogue_text, read_catalogue
from journeys.base.validation import InvalidData

FULL = Catalogue(
    attributes={"size": AttributeEntry("choice", "Größe", ("S", "M"))},
    templates={"hello": TemplateEntry("service", survey="nps", channels=frozenset({"email", "sms"}))},
    segments={"loyal": "Loyal, łódź"},
    tags=frozenset({"b", "a"}),
    funnels={"club": ("invited", "member")},
    pools={"club-10": PoolEntry(3, 10)},
    secrets=frozenset({"shop"}),
)


@pytest.mark.parametrize("catalogue", [Catalogue(), FULL], ids=["empty", "full"])
def test_a_catalogue_round_trips(tmp_path: Path, catalogue: Catalogue) -> None:
    file = tmp_path / "c.json"
    file.write_text(catalogue_text(catalogue), encoding="utf-8")
    assert read_catalogue(file) == catalogue


def test_its_keys_are_in_order_so_that_two_can_be_compared() -> None:
    assert json.loads(catalogue_text(FULL))["tags"] == ["a", "b"]
    assert catalogue_text(FULL) == catalogue_text(FULL)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no JSON text"),
        ("{", "it is no JSON text"),
        ("[" * 100_000, "it is no JSON text"),
        ("[]", "it does not say that it is one"),
        ('{"tags": []}', "it does not say that it is one"),
        ('{"kanwa_catalogue": 2}', "it was written by a newer Kanwa"),
    ],
    ids=range(6),
)
def test_what_is_none_is_refused_in_one_sentence(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableCatalogue) as raised:
        read_catalogue(file)
    assert str(raised.value) == f"{file} is not a catalogue: {why}. Make one with kanwa catalogue --to FILE."


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableCatalogue, match="it cannot be opened"):
        read_catalogue(tmp_path / "gone.json")


def test_every_field_that_is_wrong_is_named(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text('{"kanwa_catalogue": 1, "tags": 5, "colours": [], "pools": {"a": {"free": "x"}}}')
    with pytest.raises(InvalidData) as raised:
        read_catalogue(file)
    assert {problem.path for problem in raised.value.problems} == {"tags", "colours", "pools.a.free"}
