"""Translation. English is the source; a text is always one whole sentence or label, never a joined fragment."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import resources

_DOMAIN = "kanwa"
#: where the compiled catalogues lie
PLACE = Path(resources.__file__).parent / "translations"
_TRANSLATIONS = gettext.translation(_DOMAIN, localedir=str(PLACE), fallback=True)


def _(text: str) -> str:
    """Translate one text into the language of this process."""
    return _TRANSLATIONS.gettext(text)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a text that depends on a number."""
    return _TRANSLATIONS.ngettext(singular, plural, n)


def NN_(singular: str, plural: str) -> tuple[str, str]:  # noqa: N802 - as N_
    """Mark a text that depends on a number for extraction; whoever shows it translates it."""
    return singular, plural


def N_(text: str) -> str:  # noqa: N802 - the field's name for "mark, translate later"
    """Mark a text for extraction; whoever shows it translates it."""
    return text


def words_in(language: str) -> Callable[[str], str]:
    """What translates texts marked by `N_` for a person, whatever the language of this process.

    `language` is a tag such as "pl" or "pt-BR"; one that is empty or has no catalogue speaks English.
    """
    return _catalogue(language, PLACE).gettext


@lru_cache(maxsize=64)
def _catalogue(language: str, place: Path) -> gettext.NullTranslations:
    tag = language.replace("-", "_")
    # contacts bring in what stands here: it must name no path
    known = [tag] if tag.isascii() and tag.replace("_", "").isalnum() else []
    return gettext.translation(_DOMAIN, localedir=str(place), languages=known, fallback=True)
