"""Text at the door: cleaned once, folded once, so that both databases compare the same keys."""

from __future__ import annotations

import unicodedata

_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), None)


def clean(text: str) -> str:
    """NFC, without NUL and lone surrogates (PostgreSQL refuses both), line ends as \\n.

    Zero-width marks at the ends are dropped with the white space: they come from copied web pages.
    """
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        # nothing below but the strip would touch it, and almost all text is like that
        return text.strip()
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    text = text.encode("utf-8", "ignore").decode("utf-8")
    return unicodedata.normalize("NFC", text).strip().strip("".join(map(chr, _ZERO_WIDTH))).strip()


def fold(text: str) -> str:
    """The key by which texts are equal: case and compatibility forms do not matter, letters do (ł is not l).

    Worked out in Python because SQLite's lower() leaves Ł and Ż alone and collations differ between databases.
    """
    text = clean(text)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
