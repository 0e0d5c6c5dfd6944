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


# --- ladders, lateness, what the passage is about --------------------------------------------------------------------

TWO = Catalogue(
    templates={"nps-survey": TemplateEntry(channels=frozenset({"email", "sms"}))}, purposes=frozenset({"newsletter"})
)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"ladder": {"channels": ["sms", "email"]}},
            "“nps-survey” by the preferred one of text message and e-mail if it reaches, else by the first that does, to those who agreed to “newsletter”",
        ),
        (
            {"ladder": {"rule": "first reachable", "channels": ["email", "sms"]}, "message_class": "service"},
            "“nps-survey” by the first of e-mail and text message that reaches, to everyone, as a service message",
        ),
        (
            {"ladder": {"rule": "all", "channels": ["email"]}, "purpose": None},
            "“nps-survey” by each of e-mail that reaches, marketing",
        ),
        (
            {"late": {"then": "next window", "window": {"from": "09:00", "to": "17:00"}}},
            "e-mail “nps-survey” to those who agreed to “newsletter”; if late by more than 1 day, then at 9:00–17:00 in the contact's time",
        ),
        ({"late": {"then": "run"}}, "e-mail “nps-survey” to those who agreed to “newsletter”; however late it is"),
    ],
)
def test_a_ladder_and_lateness_in_words(names, more: dict[str, Any], words: str) -> None:
    assert send(**more).words(names) == words


def test_a_channel_without_a_transport_is_said_to_be_never_taken(surroundings) -> None:
    around = surroundings(catalogue=TWO, nodes={"TRIGGERA": trigger()})
    (problem,) = send(ladder={"channels": ["email", "sms"]}).problems(around)
    assert (problem.check, problem.severity) == ("no-transport", "warns")
    assert problem.sentence == "Nothing in this installation hands over by text message; it is never taken."


def test_where_no_channel_is_left_the_check_blocks(surroundings) -> None:
    around = surroundings(catalogue=TWO, nodes={"TRIGGERA": trigger()})
    problems = list(send(ladder={"channels": ["sms", "push"]}).problems(around))
    assert [(one.check, one.severity) for one in problems] == [
        ("no-transport", "blocks"),
        ("template-channel", "blocks"),
    ]


@pytest.mark.parametrize(
    ("channels", "text"),
    [(["email", "email"], "stands there twice"), (["mail"], "no channel “mail”"), ([], "at least 1")],
)
def test_channels_of_a_ladder_are_known_and_named_once(channels: list[str], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        send(ladder={"channels": channels})


@pytest.mark.parametrize(
    ("message_class", "then", "hours"), [("marketing", "next window", 24), ("service", "skip", 72)]
)
def test_what_is_late_follows_the_class_where_nothing_is_said(message_class: str, then: str, hours: int) -> None:
    late = send(message_class=message_class).lateness
    assert (late.then, late.by.seconds) == (then, hours * 3600)


def test_A11_a_message_about_a_contract_warns_where_somebody_comes_in_without_one(surroundings) -> None:
    def about(*subjects: str) -> Catalogue:
        return Catalogue(
            templates={"nps-survey": TemplateEntry(subjects=frozenset(subjects))}, purposes=frozenset({"newsletter"})
        )

    with_contract = Trigger.model_validate(
        {"on": {"type": "event", "event": "contract.added"}, "subject": "contract", "only": CONSENT}
    )
    nodes = {"TRIGGERA": with_contract, "TRIGGERB": trigger(CONSENT)}
    (problem,) = send().problems(surroundings(catalogue=about("contract"), nodes=nodes))
    assert (problem.check, problem.severity, problem.nodes) == ("subject-missing", "warns", ("HEREAAAA", "TRIGGERB"))
    assert problem.sentence == "“nps-survey” speaks of a contract, and who comes in by “TRIGGERB” is about none."
    alone = {"TRIGGERA": with_contract}
    assert checks(send(), surroundings(catalogue=about("contract", "product", "event", "subject"), nodes=alone)) == []
    assert checks(send(), surroundings(catalogue=about("purchase"), nodes=alone)) == ["subject-missing"]
