"""From a mail to the bytes that go over an SMTP line: addresses, line ends, dots, and what the server must be able to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import idna

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.channels.channel import Mail

_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
_FORBIDDEN = re.compile(r'[\x00-\x20\x7f<>()\[\],;:\\"]')
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')


class BadAddress(KanwaError):
    """The recipient's address cannot stand in an SMTP command."""

    text = N_("“{address}” is not an address that mail can go to. Correct it at the contact.")


class BadSender(KanwaError):
    """The address that bounces go to cannot stand in an SMTP command."""

    text = N_("“{address}” is not an address that mail can come from. Correct the address of the sender.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail as the wire wants it."""

    sender: bytes
    recipient: bytes
    #: dots doubled, last line ended, without the final dot
    content: bytes = field(repr=False)
    #: octets as the SIZE extension counts them: before dots are doubled
    size: int
    #: letters outside ASCII before an @: the server must offer SMTPUTF8
    utf8_address: bool
    #: letters outside ASCII in a header, not encoded: likewise
    utf8_headers: bool
    #: bytes above 127 anywhere: the server must offer 8BITMIME
    eight_bit: bool


def envelope(mail: Mail) -> Envelope:
    """Make a mail ready for the wire.

    The domain is written in ASCII (IDNA 2008); the part before the @ stays as it is. Line ends that are not CRLF
    become CRLF: a bare LF before a dot lets a mail carry a second one past some servers. Raises `BadAddress` and
    `BadSender`.
    """
    sender = _address(mail.envelope_from, BadSender) if mail.envelope_from else ""
    recipient = _address(mail.to, BadAddress)
    content = mail.content
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = _BARE_LINE_END.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    size = len(content)
    eight_bit = not content.isascii()
    headers = content.partition(b"\r\n\r\n")[0]
    if content.startswith(b"."):
        content = b"." + content
    return Envelope(
        sender=sender.encode(),
        recipient=recipient.encode(),
        content=content.replace(b"\r\n.", b"\r\n.."),
        size=size,
        utf8_address=not (sender + recipient).isascii(),
        utf8_headers=eight_bit and not headers.isascii(),
        eight_bit=eight_bit,
    )


def _address(address: str, problem: type[KanwaError]) -> str:
    local, at, domain = address.rpartition("@")
    ascii_domain = domain if domain.startswith("[") else ascii_host(domain)
    fits = local and at and ascii_domain and not re.search(r"[\x00-\x20\x7f<>]", ascii_domain)
    if not fits or not (_QUOTED.fullmatch(local) or not _FORBIDDEN.search(local)) or _SURROGATE.search(local):
        raise problem(address=_SURROGATE.sub("?", address))
    return f"{local}@{ascii_domain}"


def ascii_host(name: str) -> str:
    """A host name in ASCII, or nothing where it is no host name. Names that are ASCII already are not judged."""
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
