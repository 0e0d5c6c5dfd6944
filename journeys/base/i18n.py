"""Translation. English is the source; a text is always one whole sentence or label, never a joined fragment."""

from __future__ import annotations

import gettext
from pathlib import Path

import resources

_TRANSLATIONS = gettext.translation(
    "kanwa", localedir=str(Path(resources.__file__).parent / "translations"), fallback=True
)


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
