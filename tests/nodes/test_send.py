from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.base.time import DAY
from journeys.nodes.condition import Condition
from journeys.nodes.send import Send
from journeys.nodes.trigger import Trigger
from journeys.nodes.update import Update

NOW = 1_795_345_200
HERE = "HEREAAAA"
CONSENT = {"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": "given"}


def send(**more: Any) -> Send:
    return Send.model_validate({"template": "nps-survey", "purpose": "newsletter"} | more)


ANOTHER_WAY = send(unreachable_goes_another_way=True)


def message(case, member: int, state: str, **more: Any) -> None:
    case.message(member, HERE, visit=3, state=state, **more)


def test_a_message_sent_goes_on(case) -> None:
    member = case.member()
    message(case, member, "sent")
    decided = case.decide(send())[member]
    assert (decided.outlet, decided.reason) == ("sent", "")
    assert decided.values == {"state": "sent", "reason": "", "detail": ""}


@pytest.mark.parametrize("state", ["pending", "held", "claimed", "started"])
def test_a_message_on_its_way_is_waited_for(case, state: str) -> None:
    member = case.member()
    message(case, member, state)
    decided = case.decide(send())[member]
    assert (decided.outlet, decided.due_at) == (None, None)


@pytest.mark.parametrize("state", ["failed", "skipped", "expired", "cancelled"])
def test_who_cannot_be_reached_goes_another_way_or_on_with_the_reason(case, state: str) -> None:
    member = case.member()
    message(case, member, state, reason="no consent", detail="withdrawn 3 Feb")
    decided = case.decide(ANOTHER_WAY)[member]
    assert (decided.outlet, decided.reason) == ("not_sent", "no consent")
    assert decided.values == {"state": state, "reason": "no consent", "detail": "withdrawn 3 Feb"}
    decided = case.decide(send())[member]
    assert (decided.outlet, decided.reason) == ("sent", "no consent")


def test_a_message_without_a_reason_is_traced_by_its_state(case) -> None:
    member = case.member()
    message(case, member, "expired")
    assert case.decide(ANOTHER_WAY)[member].reason == "expired"


@pytest.mark.parametrize(("ago", "outlet"), [(DAY, "sent"), (DAY - 1, None)])
def test_a_message_of_unknown_outcome_counts_as_sent_after_a_day(case, ago: int, outlet: str | None) -> None:
    member = case.member()
    message(case, member, "unknown", started_at=NOW - ago)
    decided = case.decide(ANOTHER_WAY)[member]
    assert (decided.outlet, decided.due_at) == (outlet, NOW - ago + DAY)
    assert decided.reason == ("unknown" if outlet else "")


def test_only_the_message_of_this_visit_counts(case) -> None:
    member = case.member()
    case.message(member, HERE, visit=2, state="failed")
    message(case, member, "pending")
    assert case.outlet(ANOTHER_WAY, member) is None


def test_a_message_that_is_gone_keeps_nobody(case) -> None:
    member = case.member()
    decided = case.decide(ANOTHER_WAY)[member]
    assert (decided.outlet, decided.reason) == ("not_sent", "no message")


def test_who_does_not_wait_for_the_hand_over_goes_on_at_once(case) -> None:
    member = case.member()
    message(case, member, "pending")
    assert case.outlet(send(wait_for_hand_over=False), member) == "sent"


def test_a_send_in_words(names) -> None:
    assert send().words(names) == "e-mail “nps-survey” to those who agreed to “newsletter”"
    assert send(message_class="service").words(names) == "e-mail “nps-survey” to everyone, as a service message"


def test_outlets_follow_the_setting() -> None:
    assert [outlet.id for outlet in send().outlets()] == ["sent"]
    assert [outlet.id for outlet in ANOTHER_WAY.outlets()] == ["sent", "not_sent"]


def trigger(only: dict[str, Any] | None = None) -> Trigger:
    return Trigger.model_validate({"on": {"type": "list"}, "only": only})


def checks(node: Send, around: Any) -> list[str]:
    return [problem.check for problem in node.problems(around)]


def test_consent_that_nothing_ensures_is_warned_about(surroundings) -> None:
    (problem,) = send().problems(surroundings(nodes={"TRIGGERA": trigger()}))
    assert (problem.check, problem.severity) == ("consent-not-ensured", "warns")
    assert problem.sentence == "Nothing on the way here makes sure of consent to e-mail for “newsletter”."


@pytest.mark.parametrize(
    "nodes",
    [
        {"TRIGGERA": trigger(CONSENT)},
        {"TRIGGERA": trigger(CONSENT), "TRIGGERB": trigger(CONSENT)},
        {"TRIGGERA": trigger(), "CONDAAAA": Condition.model_validate({"criterion": CONSENT})},
        {
            "TRIGGERA": trigger(),
            "UPDATEAA": Update.model_validate({"changes": [{"do": "give consent", "purpose": "newsletter"}]}),
        },
    ],
)
def test_a_trigger_a_condition_or_an_update_ensures_consent(surroundings, nodes: dict[str, Any]) -> None:
    assert checks(send(), surroundings(nodes=nodes)) == []


def test_every_trigger_must_ensure_consent(surroundings) -> None:
    nodes = {"TRIGGERA": trigger(CONSENT), "TRIGGERB": trigger()}
    assert checks(send(), surroundings(nodes=nodes)) == ["consent-not-ensured"]


def test_service_messages_and_another_way_need_no_consent_ensured(surroundings) -> None:
    around = surroundings(nodes={"TRIGGERA": trigger()})
    assert checks(send(message_class="service"), around) == []
    assert checks(ANOTHER_WAY, around) == []


def test_marketing_without_a_purpose_blocks(surroundings) -> None:
    assert checks(send(purpose=None), surroundings()) == ["purpose-missing"]


def test_the_template_is_looked_at(surroundings) -> None:
    catalogue = Catalogue(
        templates={
            "nps-survey": TemplateEntry(),
            "sms-only": TemplateEntry(channels=frozenset({"sms"})),
        },
        purposes=frozenset({"newsletter"}),
    )
    around = surroundings(catalogue=catalogue, nodes={"TRIGGERA": trigger(CONSENT)})
    assert checks(send(), around) == []
    assert checks(send(template="sms-only"), around) == ["template-channel"]
    assert checks(send(message_class="service"), around) == ["class-differs"]
    assert checks(send(sender="shop", purpose="newsleter"), around)[:2] == ["unknown-purpose", "unknown-sender"]


@pytest.mark.parametrize(
    "settings",
    [{"channel": "telegraph"}, {"message_class": "spam"}, {"template": "No Key"}, {"expires_after": {"amount": 0}}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        send(**settings)
