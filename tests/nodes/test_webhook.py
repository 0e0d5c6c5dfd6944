from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from journeys.base.catalogue import Catalogue
from journeys.base.time import DAY, Instant
from journeys.nodes.webhook import BODY, Webhook

NOW = Instant(1_795_345_200)
HERE = "HEREAAAA"
OWNER = Webhook(url="https://shop.example/hooks/owner", secret="shop")


def call(case: Any, member: int, state: str, **columns: Any) -> None:
    case.message(member, HERE, visit=3, channel="webhook", template="", state=state, **columns)


@pytest.mark.parametrize(
    ("state", "outlet"),
    [
        ("sent", "ok"),
        ("failed", "failed"),
        ("skipped", "failed"),
        ("expired", "failed"),
        ("cancelled", "failed"),
        ("pending", None),
        ("held", None),
        ("claimed", None),
        ("started", None),
    ],
)
def test_a_member_rests_until_the_outcome_is_known(case, state: str, outlet: str | None) -> None:
    member = case.member()
    call(case, member, state)
    assert case.outlet(OWNER, member) == outlet


def test_the_trace_keeps_what_was_answered(case) -> None:
    member = case.member()
    call(case, member, "failed", reason="refused", detail="HTTP 404 Not Found")
    decided = case.decide(OWNER)[member]
    assert (decided.reason, decided.values) == (
        "refused",
        {"state": "failed", "reason": "refused", "detail": "HTTP 404 Not Found"},
    )


def test_a_call_of_which_nobody_knows_counts_as_answered_after_a_day(case) -> None:
    member = case.member()
    call(case, member, "unknown", started_at=NOW - DAY + 1)
    decided = case.decide(OWNER)[member]
    assert (decided.outlet, decided.due_at) == (None, NOW + 1)
    later = case.decide(OWNER, now=Instant(NOW + 1))[member]
    assert (later.outlet, later.reason) == ("ok", "unknown")


def test_a_mail_of_the_same_stay_is_not_the_call(case) -> None:
    member = case.member()
    case.message(member, HERE, visit=3)
    call(case, member, "pending")
    assert case.outlet(OWNER, member) is None


def test_who_does_not_wait_goes_on_and_cannot_learn_that_it_failed(case) -> None:
    node = Webhook(url="https://shop.example/", wait_for_answer=False)
    assert case.outlet(node, case.member()) == "ok"
    assert [one.id for one in node.outlets()] == ["ok"]
    assert [one.id for one in OWNER.outlets()] == ["ok", "failed"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("shop.example/hook", "is no web address"),
        ("ftp://shop.example/", "is no web address"),
        ("https://", "is no web address"),
        ("https://shop.example:99999/", "is no web address"),
        ("https://shop.example/a b", "is no web address"),
        ("https://shop.example/{{ contact.email }}", "is no web address"),
        ("https://sklep.przykład/", "is no web address"),
        ("https://me:geheim@shop.example/", "shows the password"),
        ("https://shop.example/#top", "never reaches a server"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Webhook(url=url)


def test_a_method_without_a_body_has_none() -> None:
    assert Webhook(url="https://shop.example/", method="GET").body == ""
    with pytest.raises(ValidationError, match="GET sends no body"):
        Webhook(url="https://shop.example/", method="GET", body="hello")
    assert OWNER.body == BODY


def test_it_makes_a_service_message_of_its_own_channel() -> None:
    parcel = OWNER.parcel()
    assert (parcel.channel, parcel.message_class, parcel.lasts, parcel.waits, parcel.repeatable) == (
        "webhook", "service", DAY, True, False,
    )  # fmt: skip


def checks(node: Webhook, around: Any) -> list[str]:
    return [one.check for one in node.problems(around)]


def test_an_unknown_secret_blocks_where_the_keyring_could_be_asked(surroundings) -> None:
    assert checks(OWNER, surroundings(catalogue=Catalogue(secrets=frozenset()))) == ["unknown-secret"]
    assert checks(OWNER, surroundings(catalogue=Catalogue(secrets=frozenset({"shop"})))) == []
    assert checks(OWNER, surroundings(catalogue=Catalogue(secrets=None))) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.0.0.1", "[::1]", "printer.local"])
def test_an_address_of_the_own_network_warns_unless_it_is_allowed(surroundings, host: str) -> None:
    assert checks(Webhook(url=f"http://{host}/"), surroundings()) == ["private-address"]
    assert checks(Webhook(url=f"http://{host}/", private_addresses=True), surroundings()) == []


def test_a_call_that_everybody_can_read_warns(surroundings) -> None:
    assert checks(Webhook(url="http://shop.example/"), surroundings()) == ["not-encrypted"]


def test_a_webhook_in_words(names) -> None:
    assert OWNER.words(names) == "calls “shop.example”, signed with “shop”"
    assert Webhook(url="https://shop.example/").words(names) == "calls “shop.example”, unsigned"
