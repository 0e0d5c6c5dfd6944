"""Signed links: what a click in a mail says, so that nobody else can say it.

A token is `KEYID.PAYLOAD.SIGNATURE`. It names the message, what the link is for, and when it ends; whoever holds the
key of that id can read it without a database. Where a link leads is inside the signature: an address that a stranger
appends to our endpoint is never followed.

There are two ways for an answer to come back: a web endpoint (https), or a mail to an address of the shop with the
token in its subject. Links are the latter as long as no endpoint is set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from itsdangerous import BadData, URLSafeSerializer

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _, words_in
from journeys.base.time import DAY, Instant

#: how long a link is good for: people answer old mails, and an unsubscribe must work for at least 30 days
LIFE = 400 * DAY
#: characters of a click target; longer URLs are cut by mail programs
MAX_URL = 2000

_SALT = b"kanwa.link"
_KEY_ID = re.compile(r"[a-z0-9]{1,8}")
_TOKEN = re.compile(r"\b[a-z0-9]{1,8}\.\.?[A-Za-z0-9_-]{4,4000}\.[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])")
_MIN_SECRET = 16


class LinkError(KanwaError):
    """A link that says nothing we can act on."""


class BrokenLink(LinkError):
    text: ClassVar[str] = N_("This link is not one of ours, or it was cut on the way. Open it from the mail again.")


class LinkKeyGone(LinkError):
    text: ClassVar[str] = N_("This link was signed with key “{key}”, which is no longer kept.")


class ExpiredLink(LinkError):
    text: ClassVar[str] = N_("This link is too old to be used.")


class BadTarget(LinkError):
    text: ClassVar[str] = N_("“{url}” cannot be the target of a link. Write a whole address that starts with https://.")


class BadScore(LinkError):
    text: ClassVar[str] = N_("{score} is no answer to the survey: scores are the whole numbers from 0 to 10.")


class NoKeyFor(LinkError):
    text: ClassVar[str] = N_("links.{name} needs a {setting} in the template's settings. Add it to template.toml.")


class BadLinkKeys(KanwaError):
    text: ClassVar[str] = N_("The keys for links cannot be used: {reason}.")


class LinkPurpose(StrEnum):
    """What a link is for; the value stands in tokens and never changes."""

    UNSUBSCRIBE = "u"
    NPS = "n"
    CLICK = "c"
    JOIN = "j"
    DECLINE = "d"
    REASON = "r"


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says."""

    #: id of the message it stands in
    message: int
    purpose: LinkPurpose
    #: key of the survey (nps, reason) or programme (join, decline)
    key: str = ""
    #: score of an nps link, reason of a reason link, target of a click
    value: str | int = ""


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """Secrets by id. New tokens are signed with `current`; older keys stay until their links have expired."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise BadLinkKeys(reason=_("the current key “{key}” is missing").format(key=self.current))
        for key, secret in self.secrets.items():
            if not _KEY_ID.fullmatch(key):
                raise BadLinkKeys(reason=_("“{key}” is no id: at most 8 lower-case letters and digits").format(key=key))
            if len(secret) < _MIN_SECRET:
                raise BadLinkKeys(reason=_("key “{key}” is shorter than {n} bytes").format(key=key, n=_MIN_SECRET))

    def rotated(self, key: str, secret: bytes) -> LinkKeys:
        """The same keys with a new current one."""
        return LinkKeys(key, {**self.secrets, key: secret})


def sign(link: Link, keys: LinkKeys, *, at: Instant, life: int = LIFE) -> str:
    """The token of a link made at `at`, good for `life` seconds. The same link gives the same token."""
    _check(link)
    payload = [link.message, link.purpose.value, link.key, link.value, at + life]
    return f"{keys.current}.{_serializer(keys.secrets[keys.current]).dumps(payload)}"


def read(token: str, keys: LinkKeys, *, now: Instant) -> Link:
    """What a token says. Raises BrokenLink, LinkKeyGone or ExpiredLink."""
    key, dot, signed = token.partition(".")
    if not dot or not _KEY_ID.fullmatch(key):
        raise BrokenLink
    if key not in keys.secrets:
        raise LinkKeyGone(key=key)
    try:
        payload: Any = _serializer(keys.secrets[key]).loads(signed)
        message, purpose, about, value, until = payload
        link = Link(message, LinkPurpose(purpose), about, value)
        _check(link)
    except (BadData, ValueError, TypeError, LinkError) as error:
        raise BrokenLink from error
    if now >= until:
        raise ExpiredLink
    return link


def token_in(text: str) -> str | None:
    """The token in the subject or body of an answer by mail; line breaks that mail programs put in do not matter."""
    found = _TOKEN.search(text) or _TOKEN.search(re.sub(r"(?:=?\r?\n)[ \t]*", "", text))
    return found[0] if found else None


def safe_target(url: str) -> str:
    """The URL, if a click may lead there: absolute, http or https, with a host and no control characters."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        fine = False
    if not fine or len(url) > MAX_URL or re.search(r"[\x00-\x20\x7f-\x9f\\<>\"\s]", url):
        raise BadTarget(url=url[:200])
    return url


@lru_cache(maxsize=16)
def _serializer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_SALT)


def _check(link: Link) -> None:
    match link.purpose:
        case LinkPurpose.NPS:
            if isinstance(link.value, bool) or not isinstance(link.value, int) or not 0 <= link.value <= 10:
                raise BadScore(score=link.value)
        case LinkPurpose.CLICK:
            safe_target(str(link.value))
        case _:
            pass


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes the links of one message.

    `answers` is the shop's address for answers by mail; `endpoint` the https address of the web endpoint with no slash
    at its end, or nothing. Tokens count their life from `at`, so that a mail rendered twice is the same.
    """

    keys: LinkKeys
    message: int
    at: Instant
    answers: str
    endpoint: str | None = None
    survey: str = ""
    programme: str = ""
    #: of the subjects of answers by mail
    language: str = ""

    def unsubscribe(self) -> str:
        """Where the visible link leads."""
        return self._url(Link(self.message, LinkPurpose.UNSUBSCRIBE), self._say(N_("Unsubscribe")))

    def unsubscribe_by_mail(self) -> str:
        """The mailto form, for the header; it stands there beside the https form."""
        return self._mailto(self._token(Link(self.message, LinkPurpose.UNSUBSCRIBE)), self._say(N_("Unsubscribe")))

    def unsubscribe_by_click(self) -> str | None:
        """The https form for one click (RFC 8058), where an endpoint exists."""
        if self.endpoint is None:
            return None
        return f"{self.endpoint}/u/{self._token(Link(self.message, LinkPurpose.UNSUBSCRIBE))}"

    def nps(self, score: int) -> str:
        """The answer `score`, 0 to 10, to the template's survey."""
        link = Link(self.message, LinkPurpose.NPS, self._needs("nps", "survey", self.survey), score)
        return self._url(link, self._say(N_("My answer: {answer}")).format(answer=score))

    def reason(self, reason: str) -> str:
        """One of the predefined reasons of the template's survey."""
        link = Link(self.message, LinkPurpose.REASON, self._needs("reason", "survey", self.survey), str(reason))
        return self._url(link, self._say(N_("My answer: {answer}")).format(answer=reason))

    def join(self) -> str:
        """Join the template's programme."""
        programme = self._needs("join", "programme", self.programme)
        return self._url(Link(self.message, LinkPurpose.JOIN, programme), self._say(N_("I join")))

    def decline(self) -> str:
        """Say no to the template's programme."""
        programme = self._needs("decline", "programme", self.programme)
        return self._url(Link(self.message, LinkPurpose.DECLINE, programme), self._say(N_("I do not join")))

    def click(self, url: str) -> str:
        """A link to `url` that counts the click; without an endpoint the plain URL. Raises BadTarget."""
        target = safe_target(url)
        if self.endpoint is None:
            return target
        return self._url(Link(self.message, LinkPurpose.CLICK, "", target), "")

    def _say(self, text: str) -> str:
        return words_in(self.language)(text)

    def _needs(self, name: str, setting: str, key: str) -> str:
        if not key:
            raise NoKeyFor(name=name, setting=setting)
        return key

    def _token(self, link: Link) -> str:
        return sign(link, self.keys, at=self.at)

    def _url(self, link: Link, subject: str) -> str:
        token = self._token(link)
        if self.endpoint is None:
            return self._mailto(token, subject)
        return f"{self.endpoint}/{link.purpose.value}/{token}"

    def _mailto(self, token: str, subject: str) -> str:
        return f"mailto:{quote(self.answers, safe='@')}?subject={quote(f'{subject} [{token}]', safe='')}"
