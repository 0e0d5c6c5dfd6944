"""Webhook: call an address of somebody's own, and what it answered."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import literal

from journeys.base.i18n import _
from journeys.base.validation import SettingsError
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, Outcome, Parcel
from journeys.nodes.durations import Duration
from journeys.nodes.handed import when_handed_over
from journeys.nodes.keys import Key
from journeys.nodes.node import Around, Arrival, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem, Severity

OK = "ok"
FAILED = "failed"
#: the channel that its messages bear in the outbox
CHANNEL = "webhook"

#: what is sent unless somebody writes another body
BODY = """{
  "journey": {{ journey|tojson }},
  "step": {{ step|tojson }},
  "contact": {
    "id": {{ contact.external_id|tojson }},
    "email": {{ contact.email|tojson }}
  }
}
"""

_BODILESS = ("GET", "DELETE")


def _called(url: str) -> str:
    """The address, looked at for what would only fail later. Secrets stand in no address: it is shown and logged."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise SettingsError(
            _("“{value}” is no web address. It begins with https:// and has no blanks.").format(value=url[:60])
        )
    if parts.username is not None or parts.password is not None:
        raise SettingsError(_("An address with a password in it shows the password. Sign the call with a secret."))
    if parts.fragment:
        raise SettingsError(_("What stands behind # never reaches a server. Leave it out."))
    return url


Url = Annotated[str, AfterValidator(_called)]


class Webhook(Node):
    """Call an address and rest until its answer is known.

    Contacts nobody, so that consent, caps and quiet hours do not matter; for a suppressed or erased contact nothing is
    called. Answers 429 and 5xx are tried again until it is given up, other 4xx are not. A call of which nobody knows
    whether it arrived is not made again unless `again_when_unknown` is set, and counts as answered after 24 hours.
    """

    kind: ClassVar[str] = "webhook"
    family: ClassVar[Family] = Family.CHANGES
    label: ClassVar[str] = _("Webhook")
    icon: ClassVar[str] = "link"
    arrival: ClassVar[Arrival] = Arrival.HANDS_OVER

    url: Url = Field(title=_("Address"), max_length=2000)
    method: Literal["POST", "PUT", "PATCH", "GET", "DELETE"] = Field("POST", title=_("Method"))
    content_type: Literal["application/json", "application/x-www-form-urlencoded", "text/plain"] = Field(
        "application/json", title=_("Form")
    )
    body: str = Field(BODY, title=_("Body"), description=_("Written like a message."), max_length=50_000)
    secret: Key | None = Field(
        None, title=_("Secret"), description=_("Name of the secret that signs it; kept in the keyring.")
    )
    private_addresses: bool = Field(
        False, title=_("Private addresses allowed"), description=_("Addresses of this machine and its own network.")
    )
    wait_for_answer: bool = Field(True, title=_("Wait until it is answered"))
    again_when_unknown: bool = Field(
        False,
        title=_("Call again when nobody knows"),
        description=_("Only where the other side knows a repeated call by its Idempotency-Key."),
    )
    expires_after: Duration = Field(Duration(amount=1, unit="days"), title=_("Give up after"))

    @model_validator(mode="before")
    @classmethod
    def _no_body(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("method") in _BODILESS and "body" not in data:
            return data | {"body": ""}
        return data

    @model_validator(mode="after")
    def _body_goes_along(self) -> Webhook:
        if self.method in _BODILESS and self.body:
            raise SettingsError(
                _("{method} sends no body. Leave it empty, or take POST.").format(method=self.method), "body"
            )
        return self

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def outlets(self) -> tuple[Outlet, ...]:
        ok = Outlet(OK, _("ok"), must_be_connected=False)
        return (ok, Outlet(FAILED, _("failed"))) if self.wait_for_answer else (ok,)

    def words(self, names: Names) -> str:
        if self.secret is None:
            return _("calls “{host}”, unsigned").format(host=self.host)
        return _("calls “{host}”, signed with “{secret}”").format(host=self.host, secret=self.secret)

    def references(self) -> Iterator[tuple[str, str]]:
        if self.secret is not None:
            yield "secret", self.secret

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        if is_private(self.host) and not self.private_addresses:
            yield Problem(
                "private-address",
                Severity.WARNS,
                (around.node,),
                _("“{host}” is this machine or its own network, which is not called unless that is allowed.").format(
                    host=self.host
                ),
                field="private_addresses",
            )
        elif self.url.startswith("http:") and not self.private_addresses:
            yield Problem(
                "not-encrypted",
                Severity.WARNS,
                (around.node,),
                _("The call travels readable for everybody on its way. Use https."),
                field="url",
            )

    def parcel(self) -> Parcel:
        return Parcel(
            channel=CHANNEL,
            message_class="service",
            lasts=self.expires_after.seconds,
            waits=self.wait_for_answer,
            repeatable=self.again_when_unknown,
        )

    def outcome(self, cohort: Cohort) -> Outcome:
        if not self.wait_for_answer:
            return Outcome(outlet=literal(OK))
        return when_handed_over(cohort, channel=CHANNEL, sent=OK, lost=FAILED)


def is_private(host: str) -> bool:
    """Whether the name itself says that it is no address of the open Internet; what it resolves to is asked at the call."""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
