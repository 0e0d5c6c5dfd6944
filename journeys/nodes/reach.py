"""By which channels a member can be reached: an address, consent to it for a purpose, and not suppressed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator
from sqlalchemy import ColumnElement, and_, case, exists, func, literal, not_, select, true

from journeys.base.errors import suggestion
from journeys.base.i18n import _
from journeys.base.validation import SettingsError
from journeys.criteria import Frame, addressed, consent_state, say_channel
from journeys.nodes.cohort import Cohort, barred, members
from journeys.nodes.member import frame_of
from journeys.nodes.saying import listed
from journeys.store.dialect import json_object_text
from journeys.store.fields import CHANNELS


def _known(channel: str) -> str:
    if channel not in CHANNELS:
        raise SettingsError(
            _("There is no channel “{channel}”. The channels are: {known}.").format(
                channel=channel[:60], known=", ".join(CHANNELS)
            )
            + suggestion(channel, CHANNELS)
        )
    return channel


def _once(channels: tuple[str, ...]) -> tuple[str, ...]:
    for n, channel in enumerate(channels):
        if channel in channels[:n]:
            raise SettingsError(_("The channel “{channel}” stands there twice.").format(channel=channel))
    return channels


ChannelName = Annotated[str, AfterValidator(_known)]
#: channels in an order, each once
ChannelNames = Annotated[tuple[ChannelName, ...], AfterValidator(_once)]


def reaches(cohort: Cohort, channel: str, purpose: str | None) -> ColumnElement[bool]:
    """Whether a member can be reached; without a purpose no consent is asked for. Wants the channel in `barred`."""
    frame = frame_of(cohort)
    asked = [addressed(frame, channel), not_(_is_barred(channel))]
    if purpose is not None:
        asked.append(func.coalesce(consent_state(frame, channel, purpose), not_(true())))
    return and_(*asked)


def why_not(cohort: Cohort, channels: Iterable[str], purpose: str | None) -> ColumnElement[str]:
    """JSON text for the trace: {"channels": {channel: "reachable" or the code of the first reason why not}}."""
    frame = frame_of(cohort)
    told = {channel: _reason(cohort, frame, channel, purpose) for channel in channels}
    return json_object_text({"channels": json_object_text(told)})


def say_channels(channels: Sequence[str]) -> str:
    """“e-mail, text message and post”."""
    return listed([say_channel(channel) for channel in channels])


def _reason(cohort: Cohort, frame: Frame, channel: str, purpose: str | None) -> ColumnElement[str]:
    if channel not in cohort.channels:
        return literal("no transport")
    asked: list[tuple[ColumnElement[bool], str]] = [
        (not_(addressed(frame, channel)), "without address"),
        (_is_barred(channel), "suppressed"),
    ]
    if purpose is not None:
        given = consent_state(frame, channel, purpose)
        asked += [(given.is_(None), "no consent"), (not_(given), "consent withdrawn")]
    return case(*asked, else_="reachable")


def _is_barred(channel: str) -> ColumnElement[bool]:
    return exists(
        select(barred.c.contact)
        .where(barred.c.contact == members.c.contact, barred.c.channel == channel)
        .correlate(members)
    )
