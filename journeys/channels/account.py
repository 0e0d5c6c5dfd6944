"""The settings of a mail account: where the server stands and how it is spoken to. The password is never among them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_, _
from journeys.channels.envelope import ascii_host
from journeys.messages.headers import BadAddress, checked_address

Security: TypeAlias = Literal["starttls", "tls", "plain"]

_HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


class InvalidAccount(UsageError):
    """The settings cannot be used. `problems` lists one sentence each."""

    text = N_("The account “{key}” cannot be used. {sentences}")

    @property
    def problems(self) -> tuple[str, ...]:
        problems: tuple[str, ...] = self.values["problems"]
        return problems


class Account(BaseModel):
    """One way to a mail server. Frozen; made by `Account.read`, which turns what is wrong into sentences."""

    # a value must not show in an error: somebody will type the password into the wrong field
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    key: str
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    #: starttls: the line begins plain and is encrypted or given up; tls: encrypted from the start
    security: Security = "starttls"
    #: empty: the server asks for no log-in
    user: str = ""
    #: the domain of Message-IDs; empty: that of the sender's address
    from_domain: str = ""
    #: the name this machine greets with; empty: its address as a literal
    ehlo_name: str = ""
    #: the mailbox that bounces go to, of a domain that the server lets mail come from; empty: the sender's address
    return_path: str = ""
    #: the server lets the return path differ from mail to mail: it then names the message, so that any bounce is known
    verp: bool = False
    #: headers that the server writes anew, which a signature must leave out
    rewrites: tuple[str, ...] = ()
    #: mails at most; nothing: as many as go
    per_second: int | None = Field(default=None, ge=1)
    per_minute: int | None = Field(default=None, ge=1)
    per_hour: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)

    @field_validator("key")
    @classmethod
    def _key_is_a_slug(cls, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError(_("A key has small letters, digits and hyphens only."))
        return key

    @field_validator("host")
    @classmethod
    def _host_is_a_name(cls, host: str) -> str:
        if not host:
            raise ValueError(_("The name of the mail server is missing, such as smtp.example.com."))
        if "://" in host or "/" in host or "@" in host:
            raise ValueError(
                _("“{host}” is not a host name. Write it alone, such as smtp.example.com.").format(host=host)
            )
        if re.fullmatch(r"[^:]+:\d+", host):
            raise ValueError(_("“{host}” holds a port. Write it in the field “port”.").format(host=host))
        if not is_host(host):
            raise ValueError(
                _("“{host}” is not a host name. Write it alone, such as smtp.example.com.").format(host=host)
            )
        return host

    @field_validator("from_domain")
    @classmethod
    def _domain_is_one_of_addresses(cls, name: str) -> str:
        try:
            return name and checked_address(f"x@{name}").removeprefix("x@")
        except BadAddress:
            raise ValueError(_("“{name}” is not the name of a domain or a machine.").format(name=name)) from None

    @field_validator("return_path")
    @classmethod
    def _bounces_go_to_an_address(cls, address: str) -> str:
        try:
            return address and checked_address(address)
        except BadAddress:
            raise ValueError(_("“{address}” is no address that bounces can go to.").format(address=address)) from None

    @field_validator("ehlo_name")
    @classmethod
    def _name_is_a_host(cls, name: str) -> str:
        if name and not is_host(name.strip("[]")):
            raise ValueError(_("“{name}” is not the name of a domain or a machine.").format(name=name))
        return name

    @field_validator("user")
    @classmethod
    def _user_is_one_line(cls, user: str) -> str:
        if any(not letter.isprintable() for letter in user):
            raise ValueError(_("The user holds a character that cannot be shown. Type it by hand."))
        return user

    @model_validator(mode="after")
    def _password_travels_encrypted(self) -> Self:
        if self.user and self.security == "plain" and not self.local:
            raise ValueError(
                _(
                    "A password may not travel over an open line. Set “security” to starttls (port 587) or tls (port 465)."
                )
            )
        return self

    @property
    def secret_name(self) -> str:
        """Under which name the keyring holds the password."""
        return f"account/{self.key}/password"

    @property
    def local(self) -> bool:
        """The server is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() in ("localhost", "localhost.localdomain")

    @property
    def limits(self) -> dict[str, int]:
        """Unit of time (second, minute, hour, day) → mails at most, for those that have a limit."""
        given = {unit: getattr(self, f"per_{unit}") for unit in ("second", "minute", "hour", "day")}
        return {unit: most for unit, most in given.items() if most is not None}

    def settings(self) -> dict[str, Any]:
        """What the store keeps beside the key."""
        return self.model_dump(mode="json", exclude={"key"})

    @classmethod
    def read(cls, key: str, settings: Mapping[str, Any]) -> Account:
        """The account with these settings. Raises `InvalidAccount` with all that is wrong at once."""
        try:
            return cls.model_validate({**settings, "key": key})
        except ValidationError as error:
            problems = tuple(_sentence(key, found) for found in error.errors(include_input=False, include_url=False))
        # outside the except clause: a chained ValidationError would bring the values along
        raise InvalidAccount(key=key, problems=problems, sentences=" ".join(problems))


def _sentence(key: str, found: Any) -> str:
    """One sentence for one finding of pydantic, without the value."""
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    field = str(found["loc"][0]) if found["loc"] else ""
    if found["type"] == "extra_forbidden":
        if field in ("password", "secret", "pass"):
            return _(
                "A password does not belong into the settings. Give it with: kanwa secret set account/{key}/password"
            ).format(key=key)
        return _("There is no setting “{field}”.").format(field=field) + suggestion(field, Account.model_fields)
    if field == "host":
        return _("The name of the mail server is missing, such as smtp.example.com.")
    if field == "port":
        return _("“port” is a number from 1 to 65535; 587 goes with starttls, 465 with tls.")
    if field == "security":
        return _("“security” is starttls, tls or plain.")
    if field == "verp":
        return _("“verp” is true or false.")
    if field == "rewrites":
        return _("“rewrites” is a list of header names.")
    if field.startswith("per_"):
        return _("“{field}” is a whole number from 1, or left out.").format(field=field)
    return _("“{field}” is a text.").format(field=field)


def is_host(name: str) -> bool:
    """Whether the name can be one of a machine: labels of letters, digits and hyphens (also beyond ASCII), or an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        host = ascii_host(name)
        return 0 < len(host) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in host.rstrip(".").split("."))
    return True
