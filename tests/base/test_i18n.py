from __future__ import annotations

from pathlib import Path

import pytest

from journeys.base.i18n import words_in
from tests.polish import speak_polish


@pytest.fixture
def polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of one word in the place of ours."""
    speak_polish(monkeypatch, tmp_path, {"Unsubscribe": "Wypisz mnie"})


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
