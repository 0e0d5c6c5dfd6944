"""The mail itself: structure, files and fixed headers once per version, the rest spliced in per message.

*(measured, 26 kB of HTML, 2 shared and busy cores)* an `EmailMessage` each: 60 to 90 mails/s; spliced: 700 to 900.
"""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from journeys.base.time import Instant
from journeys.messages import headers
from journeys.messages.context import Context
from journeys.messages.template import File, Template

_TEXT = "kanwa-text-goes-here"
_HTML = "kanwa-html-goes-here"


def message_id(store: str, message: int, domain: str) -> str:
    """The Message-ID of a message, the same however often it is rendered. `store` is the id of the store."""
    return f"<{kanwa_id(store, message)}@{domain}>"


def kanwa_id(store: str, message: int) -> str:
    """What X-Kanwa-Id says: the message, and a mark that nobody else's store makes."""
    return f"{message}.{_mark(store, message)}"


def message_of(text: str, store: str) -> int | None:
    """The message that an X-Kanwa-Id or Message-ID of this store names; None for any other."""
    number, _, rest = text.strip().lstrip("<").partition(".")
    if not number.isascii() or not number.isdigit():
        return None
    return int(number) if rest.partition("@")[0].rstrip(">") == _mark(store, int(number)) else None


def _mark(store: str, message: int) -> str:
    return hashlib.sha256(f"{store}\n{message}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class MailHeaders:
    """What differs from mail to mail, besides its words."""

    from_name: str
    from_email: str
    to_name: str
    to_email: str
    subject: str
    message_id: str
    kanwa_id: str
    at: Instant
    reply_to: str = ""
    #: mailto: and https: URIs, for marketing mail
    unsubscribe_by_mail: str | None = None
    unsubscribe_by_click: str | None = None

    @classmethod
    def of(cls, context: Context, subject: str, *, store: str) -> MailHeaders:
        """The headers of the mail that `context` renders."""
        sender, contact = context.sender, context.contact
        message = context.links.message
        name = " ".join(part for part in (contact.get("first_name"), contact.get("last_name")) if part)
        domain = headers.checked_address(f"x@{sender.domain}" if sender.domain else sender.email).rpartition("@")[2]
        return cls(
            from_name=sender.name,
            from_email=sender.email,
            to_name=name,
            to_email=contact.get("email") or "",
            subject=subject,
            message_id=message_id(store, message, domain),
            kanwa_id=kanwa_id(store, message),
            at=context.at,
            reply_to="" if sender.reply_to == sender.email else sender.reply_to,
            unsubscribe_by_mail=context.links.unsubscribe_by_mail() if context.marketing else None,
            unsubscribe_by_click=context.links.unsubscribe_by_click() if context.marketing else None,
        )

    def encoded(self) -> bytes:
        """The headers, each ended by CR LF. Raises BadAddress or BadHeader."""
        made = [
            headers.addresses("From", self.from_name, self.from_email),
            headers.addresses("To", self.to_name, self.to_email),
        ]
        if self.reply_to:
            made.append(headers.addresses("Reply-To", "", self.reply_to))
        made += [
            headers.text("Subject", self.subject),
            headers.opaque("Message-ID", self.message_id),
            headers.opaque("Date", format_datetime(datetime.fromtimestamp(self.at, UTC))),
            headers.opaque("X-Kanwa-Id", self.kanwa_id),
        ]
        ways = [f"<{uri}>" for uri in (self.unsubscribe_by_click, self.unsubscribe_by_mail) if uri]
        if ways:
            made.append(headers.opaque("List-Unsubscribe", *ways))
        if self.unsubscribe_by_click:
            # RFC 8058: only beside an https address that acts on one POST
            made.append(headers.opaque("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        return "".join(made).encode("ascii")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A mail with holes: before the text, between text and HTML, after the HTML."""

    head: bytes
    between: bytes
    tail: bytes

    @classmethod
    def make(cls, template: Template) -> Skeleton:
        """The skeleton of a template's mails, with its attachments and inline images encoded once."""
        mail = EmailMessage(policy=SMTP)
        mail.set_content(_TEXT)
        mail.add_alternative(_HTML, subtype="html")
        for file in template.inline:
            related = mail.get_body(("related", "html"))
            assert isinstance(related, EmailMessage)
            kind, _, subtype = file.content_type.partition("/")
            related.add_related(
                file.data, kind, subtype, cid=f"<{file.name}>", filename=file.name, disposition="inline"
            )
        for file in template.attachments:
            kind, _, subtype = file.content_type.partition("/")
            mail.add_attachment(file.data, kind, subtype, filename=file.name)
        digest = _digest(template.attachments + template.inline)
        for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
            # "=_" stands neither in quoted-printable nor in base64, so that no body can hold a boundary
            part.set_boundary(f"=_kanwa{number}_{digest}")
        for part in mail.walk():
            if part is not mail:
                # only the mail as a whole states it, and the holes below are found by what precedes them
                del part["MIME-Version"]
        head, text, rest = mail.as_bytes().partition(_hole(_TEXT))
        between, html, tail = rest.partition(_hole(_HTML))
        assert text, "the skeleton has no place for the text"
        assert html, "the skeleton has no place for the HTML"
        return cls(head, between, tail)

    def mail(self, headers: MailHeaders, html: str, text: str) -> bytes:
        """A whole mail, lines ended by CR LF. Raises BadAddress or BadHeader."""
        return b"".join((headers.encoded(), self.head, _body(text), self.between, _body(html), self.tail))


def _hole(word: str) -> bytes:
    return f"Content-Transfer-Encoding: 7bit\r\n\r\n{word}\r\n".encode()


_NOT_ASCII = bytes(range(128))


def _body(text: str) -> bytes:
    """The rest of a part from its encoding on: quoted-printable, or base64 where that is shorter."""
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "ignore")
    if not data.endswith(b"\n"):
        data += b"\n"
    if 5 * len(data.translate(None, delete=_NOT_ASCII)) > len(data):
        data = data.replace(b"\n", b"\r\n")
        # 57 bytes make a line of 76
        lines = (binascii.b2a_base64(data[at : at + 57]) for at in range(0, len(data), 57))
        return b"Content-Transfer-Encoding: base64\r\n\r\n" + b"".join(lines).replace(b"\n", b"\r\n")
    encoded = binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    return b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded


def _digest(files: tuple[File, ...]) -> str:
    return hashlib.sha256(b"".join(file.name.encode() + file.data for file in files)).hexdigest()[:16]
