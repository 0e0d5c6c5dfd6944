"""A Polish catalogue for a test, in the place of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from journeys.base import i18n


def speak_polish(monkeypatch: pytest.MonkeyPatch, place: Path, words: Mapping[str, str]) -> None:
    """Let the program find these translations, and no others, for as long as the test runs."""
    catalogue = Catalog(locale="pl")
    for english, polish in words.items():
        catalogue.add(english, polish)
    file = place / "pl" / "LC_MESSAGES" / "kanwa.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as out:
        write_mo(out, catalogue)
    monkeypatch.setattr(i18n, "PLACE", place)
