from __future__ import annotations

import pytest

from journeys.channels.account import Account
from journeys.channels.identity import Identity, doubts, organisation


def account(host: str = "smtp.provider.test", **settings: object) -> Account:
    return Account.read("mail", {"host": host, **settings})


def found(who: Identity) -> list[str]:
    return [doubt.id for doubt in doubts(who)]


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("mail.shop.co.uk", "shop.co.uk"),
        ("news.sklep.com.pl", "sklep.com.pl"),
        ("Shop.Example", "shop.example"),
        ("a.b.example.com", "example.com"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_a_domain_belongs_to_its_registered_one(domain: str, registered: str) -> None:
    assert organisation(domain) == registered


@pytest.mark.parametrize(
    ("who", "ids"),
    [
        # signed for the same organisation, whatever the return path
        (Identity("s", "a@shop.com", account(), "mail.shop.com", "k"), []),
        (Identity("s", "a@shop.com", account(return_path="b@bounces.example"), "shop.com", "k"), []),
        (Identity("s", "a@shop.com", account(), "other.com", "k"), ["dkim-not-aligned"]),
        (Identity("s", "a@shop.com", account(return_path="b@other.com")), ["not-aligned"]),
        (Identity("s", "a@shop.com", account(return_path="b@mail.shop.com")), ["no-dkim"]),
        (Identity("s", "a@shop.com", account()), ["no-dkim"]),
        (Identity("s", "a@shop.com", None, "shop.com", "k"), ["no-account"]),
        # two shops below one public suffix are not one organisation
        (Identity("s", "a@one.co.uk", account(), "two.co.uk", "k"), ["dkim-not-aligned"]),
        (Identity("s", "a@gmail.com", account()), ["free-mailbox"]),
        (Identity("s", "a@gmail.com", account("smtp.gmail.com")), []),
        (Identity("s", "a@yahoo.com", account("smtp.mail.yahoo.com")), []),
        (Identity("s", "a@yahoo.com", account("smtp.gmail.com")), ["free-mailbox"]),
        (Identity("s", "a@outlook.com", account("smtp.office365.com")), []),
        (Identity("s", "a@wp.pl", account("smtp.wp.pl")), []),
    ],
)
def test_what_receivers_hold_against_a_sender(who: Identity, ids: list[str]) -> None:
    assert found(who) == ids


def test_a_free_mailbox_by_the_wrong_server_is_said_in_a_sentence() -> None:
    (doubt,) = doubts(Identity("s", "shop@gmail.com", account()))
    assert doubt.sentence == (
        "shop@gmail.com is a mailbox of gmail.com, and smtp.provider.test may not send for it: receivers refuse such mail. "
        "Let it come from a domain of your own."
    )


def test_a_missing_key_is_only_a_hint_since_the_provider_may_sign() -> None:
    (doubt,) = doubts(Identity("s", "a@shop.com", account()))
    assert not doubt.warns
