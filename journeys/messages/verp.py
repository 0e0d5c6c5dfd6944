"""Return paths that name their message (VERP), so that a bounce in whatever form tells which mail came back.

`bounces+KEYID-MESSAGE-MARK@example.com`: letters, digits, “+” and “-” only, and the same in any case, since servers on
the way change the case of local parts. The mark is an HMAC: nobody can make a bounce for a message they did not get.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from journeys.messages.links import LinkKeys

_PURPOSE = b"kanwa.return\n"
#: bytes of the mark; 16 letters in base 32
_MARK = 10
#: octets of a local part (RFC 5321, 4.5.3.1.1)
_LONGEST_LOCAL = 64
_RETURNED = re.compile(r"[^@]*\+([a-z0-9]{1,8})-([0-9]{1,19})-([a-z2-7]{16})@[^@]+")


def return_path(mailbox: str, message: int, keys: LinkKeys) -> str:
    """The address that bounces of a message go to: the mailbox with the message in it.

    The mailbox alone where its name is so long that nothing can be added.
    """
    local, _at, domain = mailbox.rpartition("@")
    named = f"{local}+{keys.current}-{message}-{_mark(message, keys.secrets[keys.current])}"
    return f"{named}@{domain}" if len(named) <= _LONGEST_LOCAL else mailbox


def returned(address: str, keys: LinkKeys) -> int | None:
    """The message that a bounce to this address is about; None for any address that we did not make."""
    found = _RETURNED.fullmatch(address.strip().strip("<>").lower())
    if found is None or found[1] not in keys.secrets:
        return None
    message = int(found[2])
    return message if hmac.compare_digest(_mark(message, keys.secrets[found[1]]), found[3]) else None


def _mark(message: int, secret: bytes) -> str:
    digest = hmac.digest(secret, _PURPOSE + str(message).encode(), hashlib.sha256)
    return base64.b32encode(digest[:_MARK]).decode().lower()
