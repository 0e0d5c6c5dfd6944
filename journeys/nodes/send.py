"""Send: one message to the contact, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, and_, case, exists, literal, not_, null, select, true

from journeys.base.i18n import _
from journeys.base.time import Instant, zone_of
from journeys.criteria import ensures_consent, say_channel
from journeys.nodes.about import missing_subjects
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, Named, Outcome, Parcel, members
from journeys.nodes.condition import Condition
from journeys.nodes.durations import Duration
from journeys.nodes.handed import NO_MESSAGE, when_handed_over
from journeys.nodes.keys import Key
from journeys.nodes.ladder import Ladder, Making, when_all_ended
from journeys.nodes.late import MARKETING, SERVICE, Late, due_text
from journeys.nodes.node import Around, Arrival, Family, Names, Node, Outlet
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.nodes.reach import ChannelName, why_not
from journeys.nodes.trigger import Trigger
from journeys.nodes.update import Update
from journeys.store.tables import message

SENT = "sent"
NOT_SENT = "not_sent"


class Send(Node):
    """Make a message and rest until its outcome is known, so that a reminder never overtakes what it reminds of.

    By one channel, or by a ladder of several, of which only those are taken that reach the contact. Who comes late, since
    the computer slept or the journey was paused, gets the message at its hour or not at all, as `late` says.

    Who cannot be reached (no consent, no address, refused, expired) goes by `not_sent` where that is set, else on by
    `sent` with the reason in the trace. A message of which nobody knows whether it went out counts as sent after 24
    hours.
    """

    kind: ClassVar[str] = "send"
    family: ClassVar[Family] = Family.SENDS
    label: ClassVar[str] = _("Send")
    icon: ClassVar[str] = "envelope-simple"
    arrival: ClassVar[Arrival] = Arrival.HANDS_OVER

    template: Key = Field(title=_("Message"))
    channel: ChannelName = Field("email", title=_("Channel"))
    ladder: Ladder | None = Field(
        None, title=_("Ladder"), description=_("Several channels; empty: the one channel alone.")
    )
    message_class: Literal["marketing", "service"] = Field(
        "marketing", title=_("Class"), description=_("A service message needs no consent and counts against no cap.")
    )
    purpose: Key | None = Field(None, title=_("Purpose"), description=_("What the contact agreed to be written for."))
    sender: Key | None = Field(None, title=_("Sender"), description=_("Empty: the workspace's only sender."))
    on_block: Literal["later", "skip"] = Field(
        "later", title=_("On a block"), description=_("What happens at quiet hours and when a cap is reached.")
    )
    unreachable_goes_another_way: bool = Field(False, title=_("Who cannot be reached goes another way"))
    wait_for_hand_over: bool = Field(True, title=_("Wait until it is handed over"))
    expires_after: Duration = Field(Duration(amount=3, unit="days"), title=_("Give up after"))
    service_keeps_quiet_hours: bool = Field(
        False, title=_("Keep quiet hours"), description=_("For service messages; marketing always does.")
    )
    late: Late | None = Field(
        None,
        title=_("If late"),
        description=_(
            "Empty: marketing that is a day late goes out at the same hour of the next day, service that is three days late not at all."
        ),
    )

    def outlets(self) -> tuple[Outlet, ...]:
        sent = Outlet(SENT, _("sent"), must_be_connected=False)
        return (sent, Outlet(NOT_SENT, _("not sent"))) if self.unreachable_goes_another_way else (sent,)

    def words(self, names: Names) -> str:
        said = self._words(names)
        return said if self.late is None else _("{send}; {late}").format(send=said, late=self.late.words())

    def _words(self, names: Names) -> str:
        template = names.label("template", self.template)
        purpose = names.label("purpose", self.purpose) if self.purpose is not None else ""
        if self.ladder is not None:
            said = self.ladder.words(template)
            if self.message_class == "service":
                return _("{message}, to everyone, as a service message").format(message=said)
            if self.purpose is None:
                return _("{message}, marketing").format(message=said)
            return _("{message}, to those who agreed to “{purpose}”").format(message=said, purpose=purpose)
        channel = say_channel(self.channel)
        if self.message_class == "service":
            return _("{channel} “{template}” to everyone, as a service message").format(
                channel=channel, template=template
            )
        if self.purpose is None:
            return _("{channel} “{template}”, marketing").format(channel=channel, template=template)
        return _("{channel} “{template}” to those who agreed to “{purpose}”").format(
            channel=channel, template=template, purpose=purpose
        )

    def references(self) -> Iterator[tuple[str, str]]:
        yield "template", self.template
        if self.purpose is not None:
            yield "purpose", self.purpose
        if self.sender is not None:
            yield "sender", self.sender

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        yield from self._template_problems(around)
        yield from self._channel_problems(around)
        yield from missing_subjects(self.template, around)
        if self.message_class == "marketing":
            if self.purpose is None:
                yield Problem(
                    "purpose-missing",
                    Severity.BLOCKS,
                    (around.node,),
                    _("A marketing message needs the purpose that contacts agreed to."),
                    field="purpose",
                )
            elif (
                # a ladder takes only channels with consent
                self.ladder is None and not self.unreachable_goes_another_way and not _consent_is_ensured(self, around)
            ):
                yield self._consent_problem(self.purpose, around)

    def _template_problems(self, around: Around) -> Iterator[Problem]:
        template = around.catalogue.templates.get(self.template) if around.catalogue else None
        if template is None:
            return
        if self.message_class == "service" and template.message_class == "marketing":
            yield Problem(
                "class-differs",
                Severity.WARNS,
                (around.node,),
                _(
                    "“{template}” is a marketing message, and here it goes out as a service message, without consent."
                ).format(template=self.template),
                field="message_class",
                fix=Fix(_("Send as marketing"), "set", {"field": "message_class", "value": "marketing"}),
            )

    def _channel_problems(self, around: Around) -> Iterator[Problem]:
        """Channels that are never taken; where none is left, nobody ever gets the message."""
        if around.catalogue is None:
            return
        template = around.catalogue.templates.get(self.template)
        bodies = template.channels if template is not None else frozenset(self.order)
        usable = around.catalogue.transports & bodies
        severity = Severity.WARNS if usable & set(self.order) else Severity.BLOCKS
        field = "channel" if self.ladder is None else "ladder.channels"
        for channel in self.order:
            if channel not in bodies:
                sentence = _("The message “{template}” has no text for {channel}.")
                check = "template-channel"
            elif channel not in around.catalogue.transports:
                sentence = _("Nothing in this installation hands over by {channel}; it is never taken.")
                check = "no-transport"
            else:
                continue
            said = sentence.format(template=self.template, channel=say_channel(channel))
            yield Problem(check, severity, (around.node,), said, field="template" if self.ladder is None else field)

    def _consent_problem(self, purpose: str, around: Around) -> Problem:
        return Problem(
            "consent-not-ensured",
            Severity.WARNS,
            (around.node,),
            _("Nothing on the way here makes sure of consent to e-mail for “{purpose}”.").format(purpose=purpose),
            field="purpose",
            fix=Fix(
                _("Let who cannot be reached go another way"),
                "set",
                {"field": "unreachable_goes_another_way", "value": True},
            ),
        )

    # --- the step --------------------------------------------------------------------------------------------------

    @property
    def order(self) -> tuple[str, ...]:
        """Channels in the order in which they are taken."""
        return self.ladder.channels if self.ladder is not None else (self.channel,)

    @property
    def lateness(self) -> Late:
        """What happens to who comes late."""
        return self.late or (MARKETING if self.message_class == "marketing" else SERVICE)

    def channels_asked(self) -> tuple[str, ...]:
        return self.order if self.ladder is not None else ()

    def base(self, cohort: Cohort) -> ColumnElement[str | None] | None:
        if self.lateness.then != "next window":
            return None
        return case((self.lateness.is_late(cohort), due_text()), else_=null())

    def named(self, bases: Iterable[tuple[str, str]], *, now: Instant, zone: ZoneInfo) -> dict[tuple[str, str], Named]:
        found = {}
        for name, base in bases:
            due_at = Instant(int(base.removeprefix("@")))
            again_at = self.lateness.again_at(due_at, now=now, zone=zone_of(name, zone))
            found[name, base] = Named(due_at, again_at)
        return found

    def makings(self, cohort: Cohort) -> list[Making]:
        """Which messages members who come here make: the channel of each, and who makes it."""
        if self.ladder is not None:
            made = self.ladder.makings(cohort, self._purpose_asked)
        else:
            made = [(literal(self.channel), true())] if self.channel in cohort.channels else []
        if self.lateness.then != "skip":
            return made
        return [(channel, and_(who, not_(self.lateness.is_late(cohort)))) for channel, who in made]

    @property
    def _purpose_asked(self) -> str | None:
        return (self.purpose or "") if self.message_class == "marketing" else None

    def parcel(self) -> Parcel:
        return Parcel(
            channel=self.channel,
            template=self.template,
            message_class=self.message_class,
            purpose=self.purpose or "",
            sender=self.sender or "",
            lasts=self.expires_after.seconds,
            waits=self.wait_for_hand_over,
        )

    def outcome(self, cohort: Cohort) -> Outcome:
        lost = NOT_SENT if self.unreachable_goes_another_way else SENT
        mine = and_(message.c.enrollment == members.c.id, message.c.node == cohort.node, message.c.visit == members.c.n)
        # in this walk: whoever has rested here was due
        just_came = members.c.due_at.is_(None)
        # why no message was made; later its row was tidied away, and nothing can wake the member any more
        reasons: list[tuple[ColumnElement[bool], str]] = []
        if self.lateness.then == "skip":
            reasons.append((and_(just_came, self.lateness.is_late(cohort)), "late"))
        chooses = self.ladder is not None or self.channel not in cohort.channels
        if chooses:
            reasons.append((just_came, "no reachable channel"))
        without = case(*reasons, else_=NO_MESSAGE) if reasons else NO_MESSAGE
        missing = ~exists(select(message.c.id).where(mine).correlate(members))
        if not self.wait_for_hand_over:
            if not reasons:
                return Outcome(outlet=literal(SENT))
            return Outcome(outlet=case((missing, lost), else_=SENT), reason=case((missing, without), else_=""))
        if chooses:
            why = why_not(cohort, self.order, self._purpose_asked)
            return when_all_ended(cohort, channels=self.order, sent=SENT, lost=lost, without=without, why=why)

        return when_handed_over(cohort, channel=self.channel, sent=SENT, lost=lost, without=without)


def _consent_is_ensured(send: Send, around: Around) -> bool:
    """Whether every trigger on the way, or some node, makes sure of it.

    A node beside the way counts as on it: which ways there are is for the eye, and the sentence only warns.
    """
    assert send.purpose is not None
    triggers: list[bool] = []
    for _id, node in around.upstream():
        match node:
            case Trigger():
                triggers.append(node.only is not None and ensures_consent(node.only, send.channel, send.purpose))
            case Condition():
                if ensures_consent(node.criterion, send.channel, send.purpose):
                    return True
            case Update():
                if node.gives_consent(send.channel, send.purpose):
                    return True
    return bool(triggers) and all(triggers)
