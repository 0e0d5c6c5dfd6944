"""Wrong types at every place of a journey file: each is read or refused, and what is read stays what it is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import resources
from journeys.graph.checks import check
from journeys.graph.decode import NotDecoded, decode
from journeys.graph.file import read_journey, write_journey
from journeys.graph.journey import Journey
from journeys.graph.problems import UnreadableJourney
from journeys.graph.show import show

SAMPLES = sorted((Path(resources.__file__).parent / "journeys").glob("*.journey"))

#: what a file's author may mistake for what belongs there; lists and objects cannot be looked up in sets
ODD: tuple[Any, ...] = ([1], {"a": 1}, -1.5)

#: beginnings of sentences that are no sentences of ours
FOREIGN = ("Traceback", "pydantic", "Input should", "Value error", "Assertion")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place within plain JSON."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    for part, item in inside:
        yield (*path, part)
        yield from places(item, (*path, part))


def with_odd(data: Any, path: tuple[str | int, ...], odd: Any) -> Any:
    changed = copy.deepcopy(data)
    here = changed
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = odd
    return changed


def read(text: str) -> tuple[Journey | None, str]:
    """The journey, or why it is none."""
    try:
        return read_journey(text), ""
    except UnreadableJourney as refused:
        return None, str(refused)


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_wrong_type_anywhere_is_read_or_refused_in_our_own_words(path: Path, odd: Any) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    for place in places(data):
        journey, said = read(json.dumps(with_odd(data, place, odd)))
        if journey is None:
            assert said, place
            assert not [word for word in FOREIGN if word in said], place
            continue
        text = write_journey(journey)
        assert write_journey(read_journey(text)) == text, place
        assert show(journey).endswith("\n"), place
        assert check(journey).skipped, place


def test_of_very_many_problems_the_first_are_kept() -> None:
    with pytest.raises(NotDecoded) as refused:
        decode('{"kanwa": 1, "x": [' + "NaN," * 50_000 + "1]}")
    assert len(refused.value.problems) == 1000
