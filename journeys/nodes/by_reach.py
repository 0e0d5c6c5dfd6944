"""Splitting by the channel that reaches a contact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import case, literal

from journeys.base.i18n import _
from journeys.criteria import say_channel
from journeys.nodes.by import OTHERWISE, SplitBy
from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.keys import Key, NotEmpty
from journeys.nodes.node import Around, Names, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.reach import ChannelNames, reaches, say_channels, why_not


class ByReachable(SplitBy):
    """By the first channel of the list by which the contact can be reached; `otherwise` for who cannot be at all.

    Reached means: an address of the channel, consent to it for the purpose, and not on the suppression list. A channel
    that this installation cannot hand over by reaches nobody. Why a channel does not reach stands in the trace.
    """

    type: Literal["reachable"] = "reachable"
    channels: Annotated[ChannelNames, NotEmpty] = Field(title=_("Channels, in order"))
    purpose: Key = Field(title=_("Purpose"), description=_("What the contact agreed to be written for."))

    def outlets(self) -> tuple[Outlet, ...]:
        return (
            *(Outlet(channel, say_channel(channel)) for channel in self.channels),
            Outlet(OTHERWISE, _("otherwise")),
        )

    def words(self, names: Names) -> str:
        return _("by the first of these channels that reaches, for “{purpose}”: {channels}").format(
            purpose=names.label("purpose", self.purpose), channels=say_channels(self.channels)
        )

    def references(self) -> Iterator[tuple[str, str]]:
        yield "purpose", self.purpose

    def channels_asked(self) -> tuple[str, ...]:
        return self.channels

    def problems(self, around: Around) -> Iterator[Problem]:
        if around.catalogue is None:
            return
        for channel in self.channels:
            if channel not in around.catalogue.transports:
                yield Problem(
                    "no-transport",
                    Severity.WARNS,
                    (around.node,),
                    _("Nothing in this installation hands over by {channel}, so that nobody goes that way.").format(
                        channel=say_channel(channel)
                    ),
                    field="by.channels",
                )

    def outcome(self, cohort: Cohort) -> Outcome:
        usable = [channel for channel in self.channels if channel in cohort.channels]
        ways = [(reaches(cohort, channel, self.purpose), channel) for channel in usable]
        return Outcome(
            outlet=case(*ways, else_=OTHERWISE) if ways else literal(OTHERWISE),
            values=why_not(cohort, self.channels, self.purpose),
        )
