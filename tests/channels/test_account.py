from __future__ import annotations

import pytest

from journeys.channels.account import Account, InvalidAccount
from journeys.channels.presets import PRESETS, UnknownPreset, preset


def problems(**settings):
    with pytest.raises(InvalidAccount) as caught:
        Account.read("shop", {"host": "smtp.shop.test", **settings})
    return caught.value.problems


def test_only_the_host_must_be_given():
    account = Account.read("shop", {"host": " smtp.shop.test "})
    assert (account.host, account.port, account.security, account.user) == ("smtp.shop.test", 587, "starttls", "")


def test_settings_go_into_the_store_and_come_back():
    account = Account.read(
        "shop", {"host": "smtp.shop.test", "user": "anna", "per_minute": 30, "from_domain": "shop.test"}
    )
    assert Account.read("shop", account.settings()) == account
    assert "key" not in account.settings()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"host": ""}, "The name of the mail server is missing, such as smtp.example.com."),
        ({"host": None}, "The name of the mail server is missing, such as smtp.example.com."),
        ({"host": "https://smtp.shop.test"}, "“https://smtp.shop.test” is not a host name. Write it alone, such as smtp.example.com."),
        ({"host": "smtp.shop.test:587"}, "“smtp.shop.test:587” holds a port. Write it in the field “port”."),
        ({"host": "smtp shop"}, "“smtp shop” is not a host name. Write it alone, such as smtp.example.com."),
        ({"host": "smtp..test"}, "“smtp..test” is not a host name. Write it alone, such as smtp.example.com."),
        ({"port": 0}, "“port” is a number from 1 to 65535; 587 goes with starttls, 465 with tls."),
        ({"port": "abc"}, "“port” is a number from 1 to 65535; 587 goes with starttls, 465 with tls."),
        ({"security": "ssl"}, "“security” is starttls, tls or plain."),
        ({"per_hour": 0}, "“per_hour” is a whole number from 1, or left out."),
        ({"per_day": 1.5}, "“per_day” is a whole number from 1, or left out."),
        ({"user": "anna\x00"}, "The user holds a character that cannot be shown. Type it by hand."),
        ({"user": 5}, "“user” is a text."),
        ({"from_domain": "shop test"}, "“shop test” is not the name of a domain or a machine."),
        ({"ehlo_name": "a/b"}, "“a/b” is not the name of a domain or a machine."),
        ({"prot": 25}, "There is no setting “prot”. The nearest is “port”."),
        ({"user": "anna", "security": "plain"}, "A password may not travel over an open line. Set “security” to starttls (port 587) or tls (port 465)."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence(settings, sentence):
    assert problems(**settings) == (sentence,)


def test_all_that_is_wrong_is_said_at_once():
    assert len(problems(host="", port=0, security="ssl")) == 3


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_on_this_machine_a_password_may_travel_in_the_clear(host):
    assert Account.read("shop", {"host": host, "user": "anna", "security": "plain"}).local


@pytest.mark.parametrize(
    "host", ["smtp.shop.test", "192.168.1.5", "2001:db8::1", "poczta.żółw.example", "a_b.shop.test"]
)
def test_names_and_addresses_are_hosts(host):
    assert Account.read("shop", {"host": host}).host == host


@pytest.mark.parametrize("field", ["password", "secret", "prot", "user", "host", "port", "security"])
def test_a_password_in_the_wrong_field_is_not_repeated(field):
    value = ["hunter2-żółw"]
    with pytest.raises(InvalidAccount) as caught:
        Account.read("shop", {"host": "smtp.shop.test", field: value})
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}"


def test_a_password_has_no_place_in_the_settings():
    assert problems(password="x") == (
        "A password does not belong into the settings. Give it with: kanwa secret set account/shop/password",
    )


def test_a_key_is_a_slug():
    with pytest.raises(InvalidAccount, match="A key has small letters, digits and hyphens only"):
        Account.read("My Shop", {"host": "smtp.shop.test"})


def test_the_error_names_the_account():
    with pytest.raises(
        InvalidAccount, match=r"The account “shop” cannot be used\. “security” is starttls, tls or plain\."
    ):
        Account.read("shop", {"host": "smtp.shop.test", "security": "ssl"})


def test_the_password_lies_under_the_key():
    assert Account.read("shop", {"host": "smtp.shop.test"}).secret_name == "account/shop/password"


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_each_preset_makes_an_account(name):
    account = Account.read("shop", preset(name).settings())
    assert (account.security == "tls") == (account.port == 465)


def test_presets_are_found_however_they_are_written():
    assert preset("Amazon SES") is PRESETS["amazon-ses"]


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(
        UnknownPreset, match=r"There is no preset “gmial”\. The nearest is “gmail”\. Known are: amazon-ses, "
    ):
        preset("gmial")
