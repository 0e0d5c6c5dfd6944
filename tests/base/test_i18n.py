from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from journeys.base import i18n
from journeys.base.i18n import words_in


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of one word in the place of ours."""
    catalogue = Catalog(locale="pl")
    catalogue.add("Unsubscribe", "Wypisz mnie")
    file = tmp_path / "pl" / "LC_MESSAGES" / "kanwa.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as out:
        write_mo(out, catalogue)
    monkeypatch.setattr(i18n, "PLACE", tmp_path)


@pytest.mark.usefixtures("polish")
@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("pl", "Wypisz mnie"),
        ("pl-PL", "Wypisz mnie"),
        ("de", "Unsubscribe"),
        ("", "Unsubscribe"),
        ("../../pl", "Unsubscribe"),
        ("ł\x00", "Unsubscribe"),
    ],
)
def test_words_come_in_the_language_of_the_person(language: str, word: str) -> None:
    assert words_in(language)("Unsubscribe") == word
