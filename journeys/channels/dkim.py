"""DKIM (RFC 6376): each mail signed for the domain it comes from, the key in the keyring only.

The canonical forms are dkimpy's; the signature itself is made by cryptography. dkimpy makes it in pure Python, which
holds the interpreter for 33 ms a mail of 26 KB *(measured, 2048 bits, 2 busy cores)*; so it takes 3 ms, mostly outside
the interpreter's lock.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from math import lcm
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from dkim import rfc822_parse, select_headers
from dkim.canonicalization import Relaxed

from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _
from journeys.base.time import Instant
from journeys.channels.channel import AccountTrouble
from journeys.channels.secrets import Secret

BITS = 2048
#: receivers take no shorter key (RFC 8301), and some no longer one
_FEWEST_BITS, _MOST_BITS = 1024, 4096
_EXPONENT = 65537
#: headers that are signed where the mail has them; both of one-click unsubscribing must be (RFC 8058, 4)
SIGNED = (
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
)
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


class BadSelector(UsageError):
    text = N_("“{selector}” cannot be a selector. Use small letters, digits and hyphens, such as kanwa1.")


class BadDkimKey(UsageError):
    text = N_(
        "This is no key to sign mail with. Give an RSA key of {fewest} to {most} bits in PEM, or have one made with --generate."
    )


def secret_name(sender: str, selector: str) -> str:
    """Under which name the keyring holds the key of a sender. Raises BadSelector."""
    if not _SELECTOR.fullmatch(selector):
        raise BadSelector(selector=selector)
    return f"sender/{sender}/dkim/{selector}"


class DkimKey:
    """A private key for signatures. It does not show itself."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"DkimKey({self._key.key_size} bits)"

    @classmethod
    def made(cls) -> Self:
        """A new key."""
        return cls(rsa.generate_private_key(_EXPONENT, BITS))

    @classmethod
    def read(cls, text: Secret) -> Self:
        """The key that `kept` wrote, or one in PEM without a passphrase. Raises BadDkimKey."""
        key: object = None
        # what is raised must not carry frames that hold the key
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            key = _of_primes(text.reveal()) or serialization.load_pem_private_key(text.reveal().encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey) or not _FEWEST_BITS <= key.key_size <= _MOST_BITS:
            raise BadDkimKey(fewest=_FEWEST_BITS, most=_MOST_BITS)
        return cls(key)

    def kept(self) -> Secret:
        """What the keyring keeps: the two primes. Windows takes 1,280 characters at most, and PEM has 1,700."""
        numbers = self._key.private_numbers()
        if numbers.public_numbers.e != _EXPONENT:
            return Secret(
                self._key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ).decode()
            )
        return Secret("rsa " + " ".join(_written(prime) for prime in (numbers.p, numbers.q)))

    def record(self) -> str:
        """The TXT record that receivers check signatures with."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    def sign(self, data: bytes) -> bytes:
        """The signature of `data` (RSASSA-PKCS1-v1_5 with SHA-256)."""
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _written(number: int) -> str:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()


def _of_primes(text: str) -> rsa.RSAPrivateKey | None:
    words = text.split()
    if len(words) != 3 or words[0] != "rsa":
        return None
    p, q = (int.from_bytes(base64.b64decode(word, validate=True), "big") for word in words[1:])
    d = pow(_EXPONENT, -1, lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs the mails of one sender for one domain. Thread-safe."""

    domain: str
    selector: str
    key: DkimKey
    #: headers that a server on the way writes anew
    leave_out: Collection[str] = field(default=())

    def sign(self, content: bytes, *, at: Instant) -> bytes:
        """The mail (lines ended by CR LF) with the signature at its head."""
        headers, body = rfc822_parse(content)
        left_out = {name.lower() for name in self.leave_out}
        present = {name.lower() for name, _value in headers}
        names = [name.lower() for name in SIGNED if name.lower() not in left_out]
        # From once more than it is there: nobody can put a second one above it
        listed = [b"from", *(name.encode() for name in names if name.encode() in present)]
        digest = base64.b64encode(hashlib.sha256(Relaxed.canonicalize_body(body)).digest()).decode()
        inside = ":\r\n  ".join(name.decode() for name in listed)
        value = (
            f" v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain}; s={self.selector};\r\n t={at};"
            f" h={inside};\r\n bh={digest};\r\n b="
        ).encode("ascii")
        chosen = Relaxed.canonicalize_headers(select_headers(headers, listed))
        ((name, own),) = Relaxed.canonicalize_headers([(b"DKIM-Signature", value)])
        hashed = b"".join(name + b":" + words for name, words in chosen) + name + b":" + own.rstrip()
        signature = base64.b64encode(self.key.sign(hashed)).decode()
        lines = "\r\n  ".join(signature[at : at + 72] for at in range(0, len(signature), 72))
        return b"DKIM-Signature:" + value + lines.encode() + b"\r\n" + content


@dataclass(frozen=True, slots=True)
class NoKey:
    """What stands for the signer of a sender whose key is not in the keyring."""

    sender: str

    @property
    def trouble(self) -> AccountTrouble:
        # unsigned the mail would go to the spam folder, and the good name of the domain with it
        return AccountTrouble(
            _("The key that signs the mail of “{sender}” is not in the keyring. Give it with kanwa sender dkim.").format(
                sender=self.sender
            )
        )  # fmt: skip
