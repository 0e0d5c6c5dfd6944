"""Send: one message to the contact, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field
from sqlalchemy import literal

from journeys.base.i18n import _
from journeys.criteria import ensures_consent
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, Outcome, Parcel
from journeys.nodes.condition import Condition
from journeys.nodes.durations import Duration
from journeys.nodes.handed import when_handed_over
from journeys.nodes.keys import Key
from journeys.nodes.node import Around, Arrival, Family, Names, Node, Outlet
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.nodes.trigger import Trigger
from journeys.nodes.update import Update

SENT = "sent"
NOT_SENT = "not_sent"


class Send(Node):
    """Make a message and rest until its outcome is known, so that a reminder never overtakes what it reminds of.

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
    channel: Literal["email"] = Field("email", title=_("Channel"))
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

    def outlets(self) -> tuple[Outlet, ...]:
        sent = Outlet(SENT, _("sent"), must_be_connected=False)
        return (sent, Outlet(NOT_SENT, _("not sent"))) if self.unreachable_goes_another_way else (sent,)

    def words(self, names: Names) -> str:
        template = names.label("template", self.template)
        if self.message_class == "service":
            return _("e-mail “{template}” to everyone, as a service message").format(template=template)
        if self.purpose is None:
            return _("e-mail “{template}”, marketing").format(template=template)
        return _("e-mail “{template}” to those who agreed to “{purpose}”").format(
            template=template, purpose=names.label("purpose", self.purpose)
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
        if self.message_class == "marketing":
            if self.purpose is None:
                yield Problem(
                    "purpose-missing",
                    Severity.BLOCKS,
                    (around.node,),
                    _("A marketing message needs the purpose that contacts agreed to."),
                    field="purpose",
                )
            elif not self.unreachable_goes_another_way and not _consent_is_ensured(self, around):
                yield self._consent_problem(self.purpose, around)

    def _template_problems(self, around: Around) -> Iterator[Problem]:
        template = around.catalogue.templates.get(self.template) if around.catalogue else None
        if template is None:
            return
        if self.channel not in template.channels:
            yield Problem(
                "template-channel",
                Severity.BLOCKS,
                (around.node,),
                _("The message “{template}” has no text for e-mail.").format(template=self.template),
                field="template",
            )
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
        if not self.wait_for_hand_over:
            return Outcome(outlet=literal(SENT))
        lost = NOT_SENT if self.unreachable_goes_another_way else SENT
        return when_handed_over(cohort, channel=self.channel, sent=SENT, lost=lost)


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
