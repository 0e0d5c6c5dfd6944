"""Permission to contact, the channel that the contact prefers, and one by which they can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import field_validator
from sqlalchemy import ColumnElement, and_, case, false, func, literal, not_, select, true

from journeys.base.errors import suggestion
from journeys.base.i18n import _
from journeys.base.text import fold
from journeys.base.time import Instant
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.frame import Columns, Frame, any_row, one, scalar
from journeys.criteria.leaf import Leaf, Verdict
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import listed, quoted
from journeys.store import tables as t
from journeys.store.dialect import json_array_text, typed_attribute
from journeys.store.fields import CHANNELS


class _ChannelLeaf(Leaf):
    channel: str

    @field_validator("channel")
    @classmethod
    def _known(cls, channel: str) -> str:
        if channel not in CHANNELS:
            raise SettingsError(
                _("There is no channel “{channel}”. The channels are: {known}.").format(
                    channel=channel, known=listed(map(quoted, CHANNELS))
                )
                + suggestion(channel, CHANNELS)
            )
        return channel


class ConsentLeaf(_ChannelLeaf):
    """The state of one permission: given, withdrawn, or never asked."""

    leaf: Literal["consent"] = "consent"
    purpose: Key
    state: Literal["given", "withdrawn", "never asked"] = "given"

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        asked = t.consent_now.alias()
        rows = select(one).where(
            asked.c.contact == frame.contact,
            asked.c.channel == self.channel,
            asked.c.purpose == self.purpose,
            asked.c.at <= frame.moments.now,
        )
        match self.state:
            case "given":
                return any_row(rows.where(asked.c.given), asked)
            case "withdrawn":
                return any_row(rows.where(not_(asked.c.given)), asked)
            case "never asked":
                return not_(any_row(rows, asked))
            case _ as never:
                assert_never(never)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        return consent_state(frame, self.channel, self.purpose)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        seen = "never asked" if observed is None else "given" if observed else "withdrawn"
        return Verdict(
            what=_("consent to {channel} for “{purpose}”").format(
                channel=say_channel(self.channel), purpose=names.label("purpose", self.purpose)
            ),
            observed=_say_state(seen),
            wanted=_say_state(self.state),
            holds=seen == self.state,
            state=True,
        )

    def words(self, names: Names) -> str:
        match self.state:
            case "given":
                text = _("has given consent to {channel} for “{purpose}”")
            case "withdrawn":
                text = _("has withdrawn consent to {channel} for “{purpose}”")
            case "never asked":
                text = _("was never asked for consent to {channel} for “{purpose}”")
            case _ as never:
                assert_never(never)
        return text.format(channel=say_channel(self.channel), purpose=names.label("purpose", self.purpose))

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "consent.given", "consent.withdrawn"})

    def references(self) -> Iterator[tuple[str, str]]:
        yield "purpose", self.purpose

    def demands(self) -> Iterator[Demand]:
        yield Demand(("consent", self.channel, self.purpose), Allowed(only=frozenset({self.state})))


class PreferredChannelLeaf(_ChannelLeaf):
    """The channel is the one that the contact has declared; of those who declared none, the one they click most in.

    Channels clicked equally often count in the order of the alphabet.
    """

    leaf: Literal["preferred channel"] = "preferred channel"

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        return preferred_channel(frame) == self.channel

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        return preferred_channel(frame)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        return Verdict(
            what=_("preferred channel"),
            observed=say_channel(observed) if observed is not None else _("none"),
            wanted=say_channel(self.channel),
            holds=observed is not None and fold(observed) == self.channel,
            state=True,
        )

    def words(self, names: Names) -> str:
        return _("prefers {channel}").format(channel=say_channel(self.channel))

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "contact.changed", *(f"{channel}.clicked" for channel in CHANNELS)})

    def demands(self) -> Iterator[Demand]:
        yield Demand(("preferred channel",), Allowed(only=frozenset({self.channel})), can_miss=True)


class ReachableLeaf(_ChannelLeaf):
    """Has an address of the channel and has consented to it for the purpose.

    The suppression list holds keyed hashes that no criterion can compare: hand-over asks it.
    """

    leaf: Literal["reachable"] = "reachable"
    purpose: Key

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        given = ConsentLeaf(channel=self.channel, purpose=self.purpose)
        return and_(addressed(frame, self.channel), given.holds(frame))

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        return json_array_text(
            [
                case((addressed(frame, self.channel), true()), else_=false()),
                consent_state(frame, self.channel, self.purpose),
            ]
        )

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        addressed, given = observed
        if not addressed:
            seen = _("no address")
        elif not given:
            seen = _("no consent")
        else:
            seen = _("address and consent")
        return Verdict(
            what=_("reachable by {channel} for “{purpose}”").format(
                channel=say_channel(self.channel), purpose=names.label("purpose", self.purpose)
            ),
            observed=seen,
            wanted=_("address and consent"),
            holds=bool(addressed and given),
            state=True,
        )

    def words(self, names: Names) -> str:
        return _("can be reached by {channel} for “{purpose}”").format(
            channel=say_channel(self.channel), purpose=names.label("purpose", self.purpose)
        )

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "contact.changed", "consent.given", "consent.withdrawn"})

    def references(self) -> Iterator[tuple[str, str]]:
        yield "purpose", self.purpose

    def demands(self) -> Iterator[Demand]:
        # its opposite says nothing of the consent: the address may be missing
        yield Demand(("consent", self.channel, self.purpose), Allowed(only=frozenset({"given"})), reversible=False)


def preferred_channel(frame: Frame) -> ColumnElement[Any]:
    """The channel that the contact declared, else the one they click most in; NULL where neither is known."""
    clicked = t.event.alias()
    kinds = {f"{channel}.clicked": channel for channel in CHANNELS}
    most = scalar(
        select(case({kind: literal(channel) for kind, channel in kinds.items()}, value=clicked.c.kind))
        .where(
            clicked.c.contact == frame.contact,
            clicked.c.kind.in_(list(kinds)),
            clicked.c.at <= frame.moments.now,
        )
        .group_by(clicked.c.kind)
        .order_by(func.count().desc(), clicked.c.kind)
        .limit(one),
        clicked,
    )

    def declared(c: Columns) -> ColumnElement[Any]:
        return typed_attribute(c["keys"], "preferred_channel", "text")

    return func.coalesce(frame.from_person(declared), most)


def addressed(frame: Frame, channel: str) -> ColumnElement[bool]:
    """Whether the contact has an address of the channel."""
    match channel:
        case "email":
            return frame.of_person(lambda c: c.email_key.is_not(None))
        case "sms" | "phone":
            return frame.of_person(lambda c: c.phone.is_not(None))
        case _:
            # no address of these is stored yet
            return false()


def consent_state(frame: Frame, channel: str, purpose: str) -> ColumnElement[Any]:
    """True where given, false where withdrawn, NULL where never asked."""
    asked = t.consent_now.alias()
    return scalar(
        select(asked.c.given).where(
            asked.c.contact == frame.contact,
            asked.c.channel == channel,
            asked.c.purpose == purpose,
            asked.c.at <= frame.moments.now,
        ),
        asked,
    )


def say_channel(channel: str) -> str:
    match channel:
        case "email":
            return _("e-mail")
        case "sms":
            return _("text message")
        case "push":
            return _("push message")
        case "phone":
            return _("phone")
        case "post":
            return _("post")
        case _:
            return channel


def _say_state(state: str) -> str:
    match state:
        case "given":
            return _("given")
        case "withdrawn":
            return _("withdrawn")
        case _:
            return _("never asked")
