from __future__ import annotations

import re

import pytest

from journeys.channels import trial
from journeys.channels.account import Account
from journeys.channels.secrets import Secret
from journeys.channels.sink_server import Hang, Moment, Rule, Say
from journeys.channels.smtp import Stage


def try_out(server, secret=None, *, context=None, timeouts=None, **settings):
    account = Account.read("shop", {"host": "127.0.0.1", "port": server.port, "security": "plain", **settings})
    options = {"timeouts": timeouts} if timeouts else {}
    return trial.test_account(account, None if secret is None else Secret(secret), context=context, **options)


def test_each_thing_that_works_has_its_sentence(sink, certificate, inbox):
    server = sink(context=certificate.server, logins={"anna": "secret"})
    tried = try_out(server, "secret", security="starttls", user="anna", context=certificate.client)
    assert tried.works
    assert [step.stage for step in tried.steps] == [Stage.CONNECT, Stage.GREET, Stage.ENCRYPT, Stage.LOG_IN]
    sentences = [step.sentence for step in tried.steps]
    assert re.fullmatch(
        r"The line to 127\.0\.0\.1 is encrypted \(TLSv1\.\d\), and its certificate is valid\.", sentences.pop(2)
    )
    assert sentences == [
        f"127.0.0.1 answers on port {server.port}.",
        "127.0.0.1 is a mail server.",
        "127.0.0.1 takes the password of anna.",
    ]
    assert inbox == []


def test_tls_from_the_start_is_tried_before_the_greeting(sink, certificate):
    tried = try_out(sink(context=certificate.server, tls_from_start=True), security="tls", context=certificate.client)
    assert [step.stage for step in tried.steps] == [Stage.CONNECT, Stage.ENCRYPT, Stage.GREET, Stage.LOG_IN]
    assert tried.steps[-1].sentence == "127.0.0.1 is ready to take mail without a password."


def test_a_wrong_password_is_the_last_thing_tried(sink):
    tried = try_out(sink(logins={"anna": "right"}), "wrong", user="anna")
    assert not tried.works
    assert [step.works for step in tried.steps] == [True, True, False]
    assert tried.steps[-1].sentence == (
        "127.0.0.1 refused the password. Type it again in Settings, Accounts, or with: kanwa secret set account/shop/password"
    )
    assert tried.steps[-1].detail.startswith("535 ")


def test_a_certificate_that_is_not_valid(sink, certificate):
    tried = try_out(sink(context=certificate.server), security="starttls")
    assert (tried.steps[-1].stage, tried.steps[-1].works) == (Stage.ENCRYPT, False)
    assert "is not valid: self-signed certificate." in tried.steps[-1].sentence


def test_nobody_listens(unheard_port):
    tried = try_out(unheard_port)
    assert [step.sentence for step in tried.steps] == [
        f"127.0.0.1 does not answer on port {unheard_port.port}. (Connection refused)"
    ]


def test_a_busy_server(sink):
    tried = try_out(sink(rules=[Rule(Moment.GREETING, Say("421 busy"))]))
    assert (tried.steps[-1].sentence, tried.steps[-1].detail) == (
        "127.0.0.1 does not take mail at the moment. Try again in some minutes.",
        "421 busy",
    )


def test_silence(sink, hasty):
    tried = try_out(sink(rules=[Rule(Moment.GREETING, Hang())]), timeouts=hasty)
    assert tried.steps[-1].sentence == "The line to 127.0.0.1 was lost. (There was no answer in time.)"


@pytest.mark.parametrize(
    ("port", "security", "hint"),
    [
        (465, "starttls", "Port 465 is encrypted from the start: set “security” to tls."),
        (587, "tls", "Port 587 begins unencrypted: set “security” to starttls."),
        (25, "starttls", "Many networks block port 25: try port 587."),
        (587, "starttls", ""),
    ],
)
def test_where_port_and_security_do_not_go_together_it_is_said(port, security, hint):
    account = Account.read("shop", {"host": "127.0.0.1", "port": port, "security": security})
    assert trial._with_hint("It is silent.", account) == f"It is silent. {hint}".strip()
