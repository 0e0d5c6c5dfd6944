from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.channels.channel import Mail
from journeys.channels.envelope import envelope
from journeys.messages.links import LinkKeys
from journeys.messages.verp import return_path, returned

KEYS = LinkKeys("k1", {"k1": b"0123456789abcdef", "old": b"fedcba9876543210"})


@given(message=st.integers(1, 2**63 - 1))
def test_a_bounce_names_its_message_in_whatever_case_it_comes_back(message: int) -> None:
    address = return_path("Bounces@Shop.test", message, KEYS)
    assert (
        returned(address, KEYS) == returned(address.upper(), KEYS) == returned(f" <{address.lower()}>", KEYS) == message
    )
    assert len(address.rpartition("@")[0]) <= 64


def test_the_address_can_stand_in_an_smtp_command() -> None:
    address = return_path("bounces@shop.test", 12, KEYS)
    assert address.startswith("bounces+k1-12-")
    assert envelope(Mail(12, address, "anna@example.test", b"\r\n")).sender == address.encode()


def test_older_keys_are_read_as_long_as_they_are_kept() -> None:
    address = return_path("bounces@shop.test", 5, LinkKeys("old", KEYS.secrets))
    assert returned(address, KEYS) == 5
    assert returned(address, LinkKeys("k1", {"k1": KEYS.secrets["k1"]})) is None


@pytest.mark.parametrize(
    "address",
    [
        "bounces@shop.test",
        "bounces+k1-12-aaaaaaaaaaaaaaaa@shop.test",
        "bounces+k9-12-aaaaaaaaaaaaaaaa@shop.test",
        "bounces+k1-99999999999999999999-aaaaaaaaaaaaaaaa@shop.test",
        "",
        "@",
        "x" * 10_000,
    ],
)
def test_any_other_address_names_none(address: str) -> None:
    assert returned(address, KEYS) is None


def test_nobody_makes_the_address_of_another_message() -> None:
    mine = return_path("bounces@shop.test", 12, KEYS)
    assert returned(mine.replace("-12-", "-13-"), KEYS) is None


def test_a_mailbox_too_long_for_more_stays_as_it_is() -> None:
    assert return_path(f"{'x' * 60}@shop.test", 1, KEYS) == f"{'x' * 60}@shop.test"
