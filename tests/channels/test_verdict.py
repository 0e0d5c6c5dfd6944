"""The table of answers, each cell once. The conversations are in test_smtp."""

from __future__ import annotations

import pytest

from journeys.channels.account import Account
from journeys.channels.channel import Accepted, AccountTrouble, Deferred, Refused, Uncertain
from journeys.channels.conversation import Answer
from journeys.channels.verdict import Asked, verdict

ACCOUNT = Account.read("shop", {"host": "mail.shop.test", "user": "shop"})
NO_LOG_IN = Account.read("shop", {"host": "mail.shop.test"})
EARLY = [Asked.GREETING, Asked.EHLO, Asked.STARTTLS, Asked.AUTH]
LATE = [Asked.MAIL, Asked.RCPT, Asked.DATA, Asked.DOT]


@pytest.mark.parametrize("asked", [*EARLY, Asked.MAIL, Asked.RCPT])
@pytest.mark.parametrize("code", [220, 235, 250, 251, 252])
def test_a_2_leads_on(asked, code):
    assert verdict(asked, Answer(code, "ok"), ACCOUNT) is None


def test_data_is_led_on_by_354_only():
    assert verdict(Asked.DATA, Answer(354, "go"), ACCOUNT) is None
    assert isinstance(verdict(Asked.DATA, Answer(250, "ok"), ACCOUNT), Deferred)


def test_a_2_after_the_dot_accepts():
    assert verdict(Asked.DOT, Answer(250, "kept as 42"), ACCOUNT) == Accepted("250 kept as 42")


@pytest.mark.parametrize("asked", list(Asked))
@pytest.mark.parametrize("code", [421, 450, 451, 452, 454, 499])
def test_a_4_defers_and_is_account_wide_where_the_person_is_not_the_cause(asked, code):
    wide = asked in {*EARLY, Asked.MAIL} or code == 421
    assert verdict(asked, Answer(code, "later"), ACCOUNT) == Deferred(code, f"{code} later", 60, account_wide=wide)


@pytest.mark.parametrize("asked", EARLY)
@pytest.mark.parametrize("code", [500, 535, 550, 554])
def test_a_5_before_the_mail_is_trouble_with_the_account(asked, code):
    assert isinstance(verdict(asked, Answer(code, "no"), ACCOUNT), AccountTrouble)


@pytest.mark.parametrize("asked", [Asked.RCPT, Asked.DATA, Asked.DOT])
@pytest.mark.parametrize("code", [500, 550, 551, 552, 553, 554, 571])
def test_a_5_about_the_person_or_the_content_refuses(asked, code):
    assert verdict(asked, Answer(code, "no"), ACCOUNT) == Refused(code, f"{code} no")


@pytest.mark.parametrize(
    ("code", "words"), [(550, "no"), (553, "5.1.8 bad sender"), (501, "5.1.7 x"), (554, "5.7.1 no")]
)
def test_a_refused_sender_is_trouble_with_the_account(code, words):
    assert isinstance(verdict(Asked.MAIL, Answer(code, words), ACCOUNT), AccountTrouble)


@pytest.mark.parametrize(
    ("code", "words"), [(552, "too big"), (555, "what?"), (554, "5.3.4 too big"), (553, "5.6.7 ASCII")]
)
def test_a_5_to_mail_about_this_mail_refuses_it(code, words):
    assert isinstance(verdict(Asked.MAIL, Answer(code, words), ACCOUNT), Refused)


@pytest.mark.parametrize("asked", LATE)
@pytest.mark.parametrize("words", ["5.4.5 Daily user sending limit exceeded", "5.1.90 daily limit"])
def test_a_quota_passes_with_time(asked, words):
    assert verdict(asked, Answer(550, words), ACCOUNT) == Deferred(550, f"550 {words}", 3600, account_wide=True)


@pytest.mark.parametrize("asked", LATE)
@pytest.mark.parametrize(("code", "words"), [(530, "x"), (535, "x"), (538, "x"), (550, "5.7.8 x")])
def test_a_wish_for_a_log_in_is_trouble_with_the_account(asked, code, words):
    assert "refused the password" in verdict(asked, Answer(code, words), ACCOUNT).sentence
    assert "wants a user and a password" in verdict(asked, Answer(code, words), NO_LOG_IN).sentence


@pytest.mark.parametrize("asked", [asked for asked in Asked if asked not in (Asked.DOT, Asked.DATA)])
def test_an_answer_that_fits_nothing_defers_before_the_dot(asked):
    assert isinstance(verdict(asked, Answer(354, "?"), ACCOUNT), Deferred)


def test_an_answer_that_fits_nothing_after_the_dot_is_uncertain():
    assert verdict(Asked.DOT, Answer(354, "?"), ACCOUNT) == Uncertain("354 ?")
