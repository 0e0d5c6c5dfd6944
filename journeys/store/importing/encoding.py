"""Which letters a text file is written in.

The whole file is looked at once before anything is imported, so that a letter in the last row cannot turn out
unreadable after the first ones went in: a byte order mark decides; then strict UTF-8; then code page 1250 or
ISO 8859-2 by their Polish letters; charset-normalizer only when all of that fails.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from journeys.base.i18n import N_, _
from journeys.store.importing.errors import EmptyFile, NoSuchFile, NotATable, UnknownEncoding, WrongEncoding

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMATS = (
    (b"\xd0\xcf\x11\xe0", N_("an old Excel file or one with a password")),
    (b"%PDF", N_("a PDF")),
    (b"\x89PNG", N_("a picture")),
    (b"\xff\xd8\xff", N_("a picture")),
    (b"GIF8", N_("a picture")),
    (b"\x1f\x8b", N_("a packed file")),
    (b"7z\xbc\xaf", N_("a packed file")),
    (b"Rar!", N_("a packed file")),
    (b"SQLite format 3\x00", N_("a database")),
    (b"PAR1", N_("a Parquet file")),
    (b"\x7fELF", N_("a program")),
    (b"MZ\x90", N_("a program")),
    (b"{\\rtf", N_("a text document")),
)
_BLOCK = 1 << 20
_ODD_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b\x00"))
_POLISH = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"
_SURROGATES = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def encoding_of(path: Path) -> str:
    """The encoding, as Python names it. Raises a FileProblem for what is no text at all.

    A UTF-8 file with a few broken bytes stays UTF-8: read it with `surrogateescape` and refuse those rows.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_BLOCK)
    except OSError as error:
        raise NoSuchFile(path=path, why=error.strerror or error) from error
    if not head.strip(b"\x00 \t\r\n"):
        raise EmptyFile(path=path)
    for magic, what in _FORMATS:
        if head.startswith(magic):
            raise NotATable(path=path, what=_(what))
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            if not head[len(mark) :].strip(b"\x00 \t\r\n"):
                raise EmptyFile(path=path)
            return encoding
    wide = _wide(head)
    if wide:
        return wide
    if len(head.translate(None, _ODD_CONTROL)) < 0.98 * len(head) or head.count(0) > 0.1 * len(head):
        raise NotATable(path=path, what=_("a binary file"))
    good, bad, odd = _utf8(path)
    if not bad or good > 4 * bad:
        return "utf-8"
    return _by_letters(path, odd)


def checked_encoding(path: Path, encoding: str) -> str:
    """The encoding that a person named. Raises WrongEncoding when the file is not written in it."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", True)
    except (LookupError, UnicodeError, TypeError, AttributeError) as error:
        raise WrongEncoding(path=path, encoding=encoding) from error
    except OSError as error:
        raise NoSuchFile(path=path, why=error.strerror or error) from error
    return encoding


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: in a table most characters are ASCII, so every second byte is NUL."""
    half = len(head) // 2
    if half and head[1::2].count(0) > 0.7 * half and head[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if half and head[::2].count(0) > 0.7 * half and head[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return ""


def _utf8(path: Path) -> tuple[int, int, bytes]:
    """How many letters beyond ASCII decode, how many bytes do not, and the first lines that have any of them."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    odd = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if not block.isascii() and len(odd) < _BLOCK:
                odd += b"\n".join(line for line in block.splitlines() if not line.isascii())
            said = decoder.decode(block)
            if not said.isascii():
                wrong = len(_SURROGATES.findall(said))
                bad += wrong
                good += len(_NOT_ASCII.findall(said)) - wrong
    bad += len(decoder.decode(b"", True))
    return good, bad, odd[: 2 * _BLOCK]


def _by_letters(path: Path, odd: bytes) -> str:
    shares = {encoding: _polish_share(odd, encoding) for encoding in ("cp1250", "iso-8859-2")}
    best = max(shares, key=lambda encoding: shares[encoding])
    if shares[best] >= 0.8:
        return best
    guess = from_bytes(odd[:65536]).best()
    for encoding in (guess.encoding if guess else "", best):
        try:
            if encoding:
                return checked_encoding(path, encoding)
        except WrongEncoding:
            continue
    raise UnknownEncoding(path=path)


def _polish_share(odd: bytes, encoding: str) -> float:
    """Which part of the letters beyond ASCII is Polish, when read in this encoding."""
    letters = [letter for letter in odd.decode(encoding, "replace") if letter > "\x7f"]
    # typographic marks stand in any text and speak for no encoding
    letters = [letter for letter in letters if letter not in "„”“’‘–—…\xa0€§°"]
    return sum(letter in _POLISH for letter in letters) / len(letters) if letters else 0.0
