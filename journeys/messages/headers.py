"""Headers of a mail, encoded and folded; whatever the values hold, each stays one header.

Written out here and not by `EmailMessage`, whose parser takes most of the time of a mail.
"""

from __future__ import annotations

import re
import textwrap
from email.header import Header
from typing import ClassVar

from email_validator import EmailNotValidError, validate_email

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_

LINE = 76

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
)
_PLAIN_WORDS = re.compile(r"[\x21-\x7e]{1,60}(?: [\x21-\x7e]{1,60})*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_OPAQUE = re.compile(r"[\x21-\x7e]{1,900}(?: [\x21-\x7e]{1,900})*")


class BadAddress(KanwaError):
    text: ClassVar[str] = N_("“{address}” is no address that mail can be sent to.")


class BadHeader(KanwaError):
    text: ClassVar[str] = N_("“{value}” cannot stand in the header {name}.")


def one_line(value: str) -> str:
    """The value without line breaks and other control characters, as it will be read back."""
    return _BREAKS.sub(" ", value.encode("utf-8", "ignore").decode()).strip()


def text(name: str, value: str) -> str:
    """A header that people read, such as the subject."""
    return f"{name}: {_words(value, used=len(name) + 2)}\r\n"


def addresses(name: str, display: str, address: str) -> str:
    """A header with one address. Raises BadAddress."""
    spec = f"<{checked_address(address)}>"
    phrase = _phrase(display, used=len(name) + 2)
    if not phrase:
        return f"{name}: {spec[1:-1]}\r\n"
    last = phrase.rpartition("\r\n")[2]
    gap = " " if len(name) + 2 + len(last) + 1 + len(spec) <= LINE else "\r\n "
    return f"{name}: {phrase}{gap}{spec}\r\n"


def opaque(name: str, *values: str) -> str:
    """A header for machines: printable ASCII, folded only between values. Raises BadHeader."""
    for value in values:
        if not _OPAQUE.fullmatch(value):
            raise BadHeader(name=name, value=one_line(value)[:100])
    whole = f"{name}: {', '.join(values)}"
    return whole + "\r\n" if len(whole) <= LINE else f"{name}: " + ",\r\n ".join(values) + "\r\n"


def checked_address(address: str) -> str:
    """The address with its domain in ASCII. Raises BadAddress."""
    local, at, domain = address.rpartition("@")
    if domain and not domain.isascii():
        try:
            domain = validate_email(address, check_deliverability=False, test_environment=True).ascii_domain
        except EmailNotValidError as error:
            raise BadAddress(address=one_line(address)[:100]) from error
    whole = f"{local}{at}{domain}"
    if len(whole) > 254 or len(local) > 64 or not _ADDRESS.fullmatch(whole):
        raise BadAddress(address=one_line(address)[:100])
    return whole


def _words(value: str, *, used: int) -> str:
    value = one_line(value)
    if not value:
        return ""
    # "=?" would be read as an encoded word, and a word longer than a line cannot be folded as it is
    if value.isascii() and "=?" not in value and _PLAIN_WORDS.fullmatch(value):
        if used + len(value) <= LINE:
            return value
        lines = textwrap.wrap(
            value, LINE - 1, initial_indent=" " * used, break_long_words=False, break_on_hyphens=False
        )
        return "\r\n ".join(lines).lstrip()
    return Header(value, "utf-8", maxlinelen=LINE, header_name="x" * (used - 2)).encode(linesep="\r\n")


def _phrase(display: str, *, used: int) -> str:
    display = one_line(display)
    if display.isascii() and "=?" not in display and len(display) <= 60 and _PLAIN_WORDS.fullmatch(display):
        if _ATOMS.fullmatch(display):
            return display
        return '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not display:
        return ""
    return Header(display, "utf-8", maxlinelen=LINE, header_name="x" * (used - 2)).encode(linesep="\r\n")
