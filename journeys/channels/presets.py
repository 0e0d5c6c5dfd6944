"""Where well-known providers take mail, and how much of it: a small table, with where each figure comes from.

Limits are what the provider states for one mailbox; whoever has a plan with other figures gives them with the account.
A provider whose limits depend on the plan alone has none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_
from journeys.channels.account import Account, Security


class UnknownPreset(UsageError):
    """There is no preset of that name."""

    text = N_("There is no preset “{name}”.{suggestion} Known are: {known}.")


@dataclass(frozen=True, slots=True)
class Preset:
    """Where a well-known provider takes mail."""

    host: str
    port: int = 587
    security: Security = "starttls"
    per_second: int | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    #: headers that the provider writes anew
    rewrites: tuple[str, ...] = ()
    #: where limits and rewritten headers are stated
    source: str = ""

    def settings(self) -> dict[str, Any]:
        """What an account takes over."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.name in Account.model_fields}
        return {name: value for name, value in given.items() if value not in (None, ())}


_EXCHANGE_LIMITS = "learn.microsoft.com: Exchange Online limits, sending limits (recipients a day, messages a minute)"

PRESETS: Mapping[str, Preset] = {
    # a host a region: change the middle of the name to yours; what an account may send, its console says
    "amazon-ses": Preset(
        "email-smtp.eu-central-1.amazonaws.com",
        rewrites=("Date", "Message-ID"),
        source="docs.aws.amazon.com/ses: Manual DKIM signing (headers not to sign)",
    ),
    "brevo": Preset("smtp-relay.brevo.com"),
    "fastmail": Preset("smtp.fastmail.com", 465, "tls"),
    "gmail": Preset("smtp.gmail.com", per_day=500, source="support.google.com/mail/answer/22839"),
    "google-workspace": Preset("smtp.gmail.com", per_day=2_000, source="support.google.com/a/answer/166852"),
    "icloud": Preset("smtp.mail.me.com", per_day=1_000, source="support.apple.com/102198"),
    "mailgun": Preset("smtp.mailgun.org"),
    "mailgun-eu": Preset("smtp.eu.mailgun.org"),
    "mailjet": Preset("in-v3.mailjet.com"),
    "mailpit": Preset("localhost", 1025, "plain"),
    "mailtrap": Preset("live.smtp.mailtrap.io"),
    "mailtrap-sandbox": Preset("sandbox.smtp.mailtrap.io", 2525),
    "outlook": Preset("smtp.office365.com", per_minute=30, per_day=10_000, source=_EXCHANGE_LIMITS),
    "postmark": Preset("smtp.postmarkapp.com"),
    "sendgrid": Preset("smtp.sendgrid.net"),
    "yahoo": Preset("smtp.mail.yahoo.com", 465, "tls", per_day=500, source="help.yahoo.com: SMTP sending limits (SLN17518)"),
    "zoho": Preset("smtp.zoho.eu", 465, "tls"),
}  # fmt: skip


def preset(name: str) -> Preset:
    """The preset of a provider. Raises `UnknownPreset`."""
    key = name.strip().lower().replace(" ", "-").replace("_", "-")
    if key not in PRESETS:
        raise UnknownPreset(name=name, suggestion=suggestion(key, PRESETS), known=", ".join(sorted(PRESETS)))
    return PRESETS[key]
