"""Real conversations over SMTP: what arrives, and what each failure is called."""

from __future__ import annotations

import socket
import threading

import pytest

from journeys.channels.channel import Accepted, AccountTrouble, Deferred, Refused, Uncertain
from journeys.channels.sink_server import Drop, Hang, Moment, Rule, Say

CONTENT = b"Subject: Hello\r\nFrom: shop@shop.test\r\n\r\nGood morning.\r\n"
EHLO = "250-mail.test\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 SMTPUTF8"
PIPELINING = "250-mail.test\r\n250 PIPELINING"


def hand_over(channel, mail):
    with channel.open() as session:
        return session.hand_over(mail)


# what arrives


def test_a_mail_arrives_byte_for_byte(sink, channel, mail, inbox):
    handed = hand_over(channel(sink()), mail())
    assert handed == Accepted("250 2.0.0 Kept")
    assert (inbox[0].envelope_from, inbox[0].to, inbox[0].content) == (
        "bounce@shop.test",
        ("anna@example.test",),
        CONTENT,
    )


@pytest.mark.parametrize("extensions", [("PIPELINING", "8BITMIME", "SMTPUTF8"), ("8BITMIME", "SMTPUTF8")])
@pytest.mark.parametrize(
    "content",
    [
        b".\r\n",
        b"..\r\n.\r\n",
        b"Subject: x\r\n\r\n.hidden\r\n..twice\r\nends with a dot.\r\n.\r\n",
        b"\r\n\r\n",
        b"Subject: x\r\n\r\n" + b"ten letters and more\r\n" * 20_000,
        "Subject: x\r\n\r\nzażółć gęślą jaźń\r\n".encode(),
        "Subject: zażółć\r\n\r\nx\r\n".encode(),
    ],
    ids=["one dot", "dots", "lines that begin with dots", "empty lines", "400 KB", "8 bit", "8-bit header"],
)
def test_content_survives_the_journey(sink, channel, mail, inbox, content, extensions):
    assert isinstance(hand_over(channel(sink(extensions=extensions)), mail(content=content)), Accepted)
    assert inbox[0].content == content


@pytest.mark.parametrize(
    "content", [b"a\n.\nMAIL FROM:<x@y.z>\n", b"a\r.\rb", b"a\n.\r\nb\r\n", b"a\r\n.\nb", b"a\r\r\n.\r\nb"]
)
def test_line_ends_that_could_smuggle_a_second_mail_are_mended(sink, channel, mail, inbox, content):
    assert isinstance(hand_over(channel(sink()), mail(content=content)), Accepted)
    assert len(inbox) == 1
    assert (
        inbox[0].content.replace(b"\r\n", b"").find(b"\n") == inbox[0].content.replace(b"\r\n", b"").find(b"\r") == -1
    )


def test_one_line_carries_many_mails(sink, channel, mail, inbox):
    server = sink()
    with channel(server).open() as session:
        assert all(isinstance(session.hand_over(mail(message_id=n)), Accepted) for n in range(30))
    assert (server.lines, len(inbox)) == (1, 30)


def test_after_so_many_mails_the_line_is_renewed(sink, channel, mail, inbox):
    server = sink()
    with channel(server, mails_per_line=10).open() as session:
        for n in range(30):
            session.hand_over(mail(message_id=n))
    assert (server.lines, len(inbox)) == (3, 30)


def test_a_line_that_rested_too_long_is_renewed(sink, channel, mail):
    server, now = sink(), [0.0]
    with channel(server, monotonic=lambda: now[0], idle_seconds=60).open() as session:
        session.hand_over(mail())
        now[0] = 60.0
        session.hand_over(mail())
        assert server.lines == 1
        now[0] = 121.0
        session.hand_over(mail())
        assert server.lines == 2


def test_a_refused_recipient_does_not_hurt_the_next_one(sink, channel, mail, inbox):
    server = sink(rules=[Rule(Moment.RCPT, Say("550 5.1.1 unknown"), to="nobody@example.test")])
    with channel(server).open() as session:
        assert session.hand_over(mail("nobody@example.test")) == Refused(550, "550 5.1.1 unknown")
        assert isinstance(session.hand_over(mail()), Accepted)
    assert (server.lines, len(inbox)) == (1, 1)


def test_a_refused_recipient_does_not_hurt_the_next_one_without_pipelining(sink, channel, mail, inbox):
    rule = Rule(Moment.RCPT, Say("550 5.1.1 unknown"), to="nobody@example.test")
    server = sink(rules=[rule], extensions=())
    with channel(server).open() as session:
        assert session.hand_over(mail("nobody@example.test")) == Refused(550, "550 5.1.1 unknown")
        assert isinstance(session.hand_over(mail()), Accepted)
    assert (server.lines, len(inbox)) == (1, 1)


@pytest.mark.parametrize("pipelining", [True, False])
def test_threads_with_a_session_each_deliver_exactly_once(sink, channel, mail, inbox, pipelining):
    server = sink(extensions=("PIPELINING",) if pipelining else ())
    shared = channel(server, mails_per_line=7)
    answers = []

    def run(start):
        with shared.open() as session:
            answers.extend(
                session.hand_over(mail(f"p{n}@example.test", message_id=n)) for n in range(start, start + 50)
            )

    threads = [threading.Thread(target=run, args=(start,)) for start in range(0, 200, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert sorted(received.to[0] for received in inbox) == sorted(f"p{n}@example.test" for n in range(200))


# lines that break


def test_a_line_the_server_closed_meanwhile_is_opened_again_at_once(script, channel, mail):
    server = script(
        ["220 hi", EHLO, "250 ok", "250 ok", "354 go", "250 kept", None],
        ["220 hi", EHLO, "250 ok", "250 ok", "354 go", "250 kept again", "221 bye"],
    )
    with channel(server).open() as session:
        assert session.hand_over(mail()) == Accepted("250 kept")
        assert session.hand_over(mail()) == Accepted("250 kept again")


def test_a_line_the_server_gives_up_by_421_is_opened_again_at_once(script, channel, mail):
    server = script(
        ["220 hi", EHLO, "250 ok", "250 ok", "354 go", "250 kept", "421 4.4.2 idle too long"],
        ["220 hi", EHLO, "250 ok", "250 ok", "354 go", "250 kept again", "221 bye"],
    )
    with channel(server).open() as session:
        session.hand_over(mail())
        assert session.hand_over(mail()) == Accepted("250 kept again")


def test_a_new_line_that_breaks_is_not_tried_twice(sink, channel, mail):
    server = sink(rules=[Rule(Moment.MAIL, Drop())])
    handed = hand_over(channel(server), mail())
    assert isinstance(handed, Deferred)
    assert server.lines == 1


def test_a_mail_lost_after_the_dot_is_uncertain_and_never_offered_again(sink, channel, mail, inbox):
    server = sink(rules=[Rule(Moment.DOT, Drop(), to="anna@example.test", times=1, keep=True)])
    with channel(server).open() as session:
        session.hand_over(mail("first@example.test"))
        handed = session.hand_over(mail())
        assert isinstance(session.hand_over(mail("third@example.test")), Accepted)
    assert isinstance(handed, Uncertain)
    assert handed.detail.startswith("127.0.0.1 had the whole mail and did not say whether it keeps it. (")
    assert [received.to[0] for received in inbox] == ["first@example.test", "anna@example.test", "third@example.test"]


def test_a_refusal_between_pipelined_commands_never_lets_content_follow(script, channel, mail):
    server = script(
        ["220 hi", PIPELINING, "250 ok", "550 5.1.1 unknown", "354 go ahead all the same", None],
    )
    assert hand_over(channel(server), mail()) == Refused(550, "550 5.1.1 unknown")
    assert "Subject" not in "".join(server.heard)


# what each failure is called


FAILURES = [
    (Rule(Moment.GREETING, Say("421 4.3.2 busy")), Deferred(421, "421 4.3.2 busy", 60, True)),
    (Rule(Moment.MAIL, Say("451 4.7.1 slow down")), Deferred(451, "451 4.7.1 slow down", 60, True)),
    (Rule(Moment.MAIL, Say("552 5.3.4 too big")), Refused(552, "552 5.3.4 too big")),
    (Rule(Moment.RCPT, Say("421 4.7.0 later")), Deferred(421, "421 4.7.0 later", 60, True)),
    (Rule(Moment.RCPT, Say("450 4.2.0 greylisted")), Deferred(450, "450 4.2.0 greylisted", 60)),
    (Rule(Moment.RCPT, Say("451 4.3.0 not now")), Deferred(451, "451 4.3.0 not now", 60)),
    (Rule(Moment.RCPT, Say("452 4.2.2 full")), Deferred(452, "452 4.2.2 full", 60)),
    (Rule(Moment.RCPT, Say("550 5.1.1 unknown")), Refused(550, "550 5.1.1 unknown")),
    (Rule(Moment.RCPT, Say("553 no")), Refused(553, "553 no")),
    (Rule(Moment.RCPT, Say("550 5.4.5 Daily user sending limit exceeded")),
     Deferred(550, "550 5.4.5 Daily user sending limit exceeded", 3600, True)),
    (Rule(Moment.DATA, Say("451 4.3.0 not now")), Deferred(451, "451 4.3.0 not now", 60)),
    (Rule(Moment.DATA, Say("554 5.7.1 no")), Refused(554, "554 5.7.1 no")),
    (Rule(Moment.DOT, Say("451 4.3.0 not now")), Deferred(451, "451 4.3.0 not now", 60)),
    (Rule(Moment.DOT, Say("421 4.3.0 closing")), Deferred(421, "421 4.3.0 closing", 60, True)),
    (Rule(Moment.DOT, Say("554 5.7.1 looks like spam")), Refused(554, "554 5.7.1 looks like spam")),
    (Rule(Moment.GREETING, Say("554 5.7.1 not you")),
     AccountTrouble("127.0.0.1 takes no mail from this machine. Ask its provider, or use another account.", "554 5.7.1 not you")),
    (Rule(Moment.MAIL, Say("553 5.7.1 not your address")),
     AccountTrouble("127.0.0.1 refused the address the mail comes from. Register the sender's address there, or use the account that belongs to it.", "553 5.7.1 not your address")),
    (Rule(Moment.MAIL, Say("530 5.7.0 log in first")),
     AccountTrouble("127.0.0.1 wants a user and a password. Add the user to the account and the password with: kanwa secret set account/shop/password", "530 5.7.0 log in first")),
    (Rule(Moment.GREETING, Drop()), Deferred),
    (Rule(Moment.MAIL, Drop()), Deferred),
    (Rule(Moment.RCPT, Drop()), Deferred),
    (Rule(Moment.DATA, Drop()), Deferred),
    (Rule(Moment.DOT, Drop()), Uncertain),
    (Rule(Moment.DOT, Drop(), keep=True), Uncertain),
    (Rule(Moment.DOT, Say("350 what else")), Uncertain("350 what else")),
]  # fmt: skip


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
@pytest.mark.parametrize(
    ("rule", "expected"), FAILURES, ids=[f"{rule.at} {rule.act}{' kept' * rule.keep}" for rule, _ in FAILURES]
)
def test_a_failure_is_called_what_it_is(sink, channel, mail, inbox, rule, expected, pipelining):
    server = sink(rules=[Rule(rule.at, rule.act, keep=rule.keep)], extensions=("PIPELINING",) if pipelining else ())
    handed = hand_over(channel(server), mail())
    assert handed == expected if not isinstance(expected, type) else isinstance(handed, expected)
    assert len(inbox) == rule.keep


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (Moment.GREETING, Deferred),
        (Moment.MAIL, Deferred),
        (Moment.RCPT, Deferred),
        (Moment.DATA, Deferred),
        (Moment.DOT, Uncertain),
    ],
)
def test_silence_ends_by_timeout_and_is_called_what_it_is(sink, channel, mail, hasty, at, expected):
    handed = hand_over(channel(sink(rules=[Rule(at, Hang())]), timeouts=hasty), mail())
    assert isinstance(handed, expected)
    assert "There was no answer in time." in (handed.answer if isinstance(handed, Deferred) else handed.detail)


def test_a_server_that_accepts_and_never_answers_leaves_one_mail_and_one_question(sink, channel, mail, inbox, hasty):
    handed = hand_over(channel(sink(rules=[Rule(Moment.DOT, Hang(), keep=True)]), timeouts=hasty), mail())
    assert isinstance(handed, Uncertain)
    assert len(inbox) == 1


#: more than the buffers of both ends hold, so that it cannot have left whole
LARGE = CONTENT + (b"x" * 70 + b"\r\n") * 200_000


def test_a_line_cut_within_the_content_is_certainly_not_accepted(sink, channel, mail, inbox):
    assert isinstance(hand_over(channel(sink(rules=[Rule(Moment.CONTENT, Drop())])), mail(content=LARGE)), Deferred)
    assert inbox == []


def test_a_server_that_stops_reading_the_content_has_certainly_not_accepted_it(script, channel, mail, hasty):
    server = script(["220 hi", EHLO.replace("1000000", "0"), "250 ok", "250 ok", "354 go", 0.0])
    assert isinstance(hand_over(channel(server, timeouts=hasty), mail(content=LARGE)), Deferred)


def test_an_answer_that_breaks_off_after_the_dot_is_uncertain(script, channel, mail, hasty):
    server = script(["220 hi", EHLO, "250 ok", "250 ok", "354 go", "250-never\r\n250-ending", 0.0])
    assert isinstance(hand_over(channel(server, timeouts=hasty), mail()), Uncertain)


SCRIPTED = [
    (["554 go away", None], AccountTrouble),
    (["HTTP/1.1 400 Bad Request", None], AccountTrouble),
    (["220 hi", "421 busy"], Deferred),
    (["220 hi", "550 who are you"], AccountTrouble),
    (["220 hi", None], Deferred),
    (["220 hi", EHLO, "250 ok", "250 ok", "354 go", None], Uncertain),
    (["220 hi", EHLO, "250 ok", "250 ok", "354 go", "what?"], Uncertain),
    (["220 hi", EHLO, "250 ok", "250 ok", "354 go", "999 odd"], Uncertain),
    (["220 hi", EHLO, "250 ok", "250 ok", "250 done without content?", None], Deferred),
    (["220 hi", EHLO, "250 ok", "251 forwarding", "354 go", "250 kept", "221 bye"], Accepted),
    (["220 hi", EHLO, "what?", None], Deferred),
]


@pytest.mark.parametrize(("conversation", "expected"), SCRIPTED)
def test_an_odd_server_is_called_what_it_is(script, channel, mail, conversation, expected):
    assert isinstance(hand_over(channel(script(conversation)), mail()), expected)


def test_an_answer_without_end_is_cut_off(script, channel, mail):
    server = script(["220 hi", "\r\n".join(["250-more"] * 9000), None])
    handed = hand_over(channel(server), mail())
    assert isinstance(handed, Deferred)
    assert "The answer does not end." in handed.answer


def test_an_answer_cannot_move_the_terminal(script, channel, mail):
    server = script(["220 hi", EHLO, "250 ok", "550 5.1.1 \x1b[2Jgone\x07 " + "x" * 900, "221 bye"])
    handed = hand_over(channel(server), mail())
    assert isinstance(handed, Refused)
    assert handed.answer.isprintable()
    assert len(handed.answer) == 500


# no connection


def test_nobody_listening_is_deferred(unheard_port, channel, mail):
    handed = hand_over(channel(unheard_port), mail())
    assert handed == Deferred(
        0, f"127.0.0.1 does not answer on port {unheard_port.port}. (Connection refused)", 60, account_wide=True
    )


@pytest.mark.parametrize(
    ("error", "reached", "expected"),
    [
        (socket.EAI_NONAME, False, AccountTrouble("There is no mail server by the name mail.shop.test. Check the host of the account.", "words")),
        (socket.EAI_NONAME, True, Deferred(0, "The name mail.shop.test cannot be looked up now. Check the network of this machine.", 60, True)),
        (socket.EAI_AGAIN, False, Deferred(0, "The name mail.shop.test cannot be looked up now. Check the network of this machine.", 60, True)),
    ],
)  # fmt: skip
def test_a_name_that_is_not_found(unheard_port, channel, mail, monkeypatch, error, reached, expected):
    def look_up(*_arguments, **_more):
        raise socket.gaierror(error, "words")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    made = channel(unheard_port, host="mail.shop.test")
    made.reached = reached
    assert hand_over(made, mail()) == expected


# what the server cannot carry


def test_a_mail_over_the_servers_size_is_refused_before_it_is_offered(sink, channel, mail, inbox):
    handed = hand_over(channel(sink(largest=1_000_000)), mail(content=b"x: y\r\n\r\n" + b"z" * 60 * 20_000))
    assert handed == Refused(0, "The mail has 1.2 MB and 127.0.0.1 takes 1.0. Make its images or attachments smaller.")
    assert inbox == []


def test_a_domain_outside_ascii_travels_as_idna(sink, channel, mail, inbox):
    assert isinstance(hand_over(channel(sink(extensions=())), mail("anna@żółw.example")), Accepted)
    assert inbox[0].to == ("anna@xn--w-uga1v8h.example",)


def test_a_local_part_outside_ascii_travels_where_the_server_can(sink, channel, mail, inbox):
    assert isinstance(hand_over(channel(sink()), mail("żółw@example.test")), Accepted)
    assert inbox[0].to == ("żółw@example.test",)


@pytest.mark.parametrize(
    ("to", "content", "sentence"),
    [
        ("żółw@example.test", CONTENT, "127.0.0.1 cannot carry an address with letters such as “ż” before the @. Use another address."),
        ("anna@example.test", "Subject: ż\r\n\r\nx\r\n".encode(), "127.0.0.1 takes only headers in plain ASCII, and those of this mail are not encoded so."),
        ("anna@example.test", "Subject: z\r\n\r\nż\r\n".encode(), "127.0.0.1 takes only mail in plain ASCII, and this one is not encoded so."),
    ],
)  # fmt: skip
def test_what_the_server_cannot_carry_is_refused_with_a_sentence(sink, channel, mail, inbox, to, content, sentence):
    assert hand_over(channel(sink(extensions=())), mail(to, content)) == Refused(0, sentence)
    assert inbox == []


@pytest.mark.parametrize(
    "address",
    ["anna", "@example.test", "anna@", "an na@example.test", "anna@example.test>\r\nRCPT TO:<eve@example.test", "a\nb@c.test",
     "anna@exa mple.test", "<anna>@example.test", "anna@example.test\x00", "\ud800@example.test", '"a"b"@example.test'],
)  # fmt: skip
def test_an_address_that_would_break_a_command_is_refused(sink, channel, mail, address):
    server = sink()
    handed = hand_over(channel(server), mail(address))
    assert isinstance(handed, Refused)
    assert handed.code == 0
    assert server.lines == 0


def test_a_quoted_local_part_is_an_address(sink, channel, mail, inbox):
    assert isinstance(hand_over(channel(sink()), mail('"anna nowak"@example.test')), Accepted)


def test_a_broken_return_path_is_trouble_with_the_account(sink, channel, mail):
    handed = hand_over(channel(sink()), mail(sender="shop\r\n@shop.test"))
    assert isinstance(handed, AccountTrouble)


def test_an_empty_return_path_is_allowed(sink, channel, mail, inbox):
    assert isinstance(hand_over(channel(sink()), mail(sender="")), Accepted)
    assert inbox[0].envelope_from == ""


# encryption


def test_starttls_encrypts_and_logs_in(sink, channel, mail, inbox, certificate):
    server = sink(context=certificate.server, logins={"shop": "zażółć"})
    handed = hand_over(
        channel(server, security="starttls", user="shop", password="zażółć", context=certificate.client), mail()
    )
    assert isinstance(handed, Accepted)
    assert (inbox[0].encrypted, inbox[0].user) == (True, "shop")


def test_tls_from_the_start(sink, channel, mail, inbox, certificate):
    server = sink(context=certificate.server, tls_from_start=True, logins={"shop": "secret"})
    handed = hand_over(
        channel(server, security="tls", user="shop", password="secret", context=certificate.client), mail()
    )
    assert isinstance(handed, Accepted)
    assert inbox[0].encrypted


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(Rule(Moment.DOT, Drop(), keep=True), Uncertain), (Rule(Moment.RCPT, Drop()), Deferred), (Rule(Moment.CONTENT, Drop()), Deferred)],
)  # fmt: skip
def test_an_encrypted_line_that_breaks_is_called_the_same(sink, channel, mail, certificate, rule, expected):
    server = sink(context=certificate.server, rules=[Rule(rule.at, rule.act, keep=rule.keep)])
    content = LARGE if rule.at is Moment.CONTENT else CONTENT
    made = channel(server, security="starttls", context=certificate.client)
    assert isinstance(hand_over(made, mail(content=content)), expected)


def test_without_starttls_nothing_is_sent_in_the_clear(sink, channel, mail, inbox):
    server = sink(logins={"shop": "secret"})
    handed = hand_over(channel(server, security="starttls", user="shop", password="secret"), mail())
    assert handed == AccountTrouble(
        f"127.0.0.1 does not offer to encrypt the line on port {server.port}. Set “security” to tls and the port to 465, or ask its provider."
    )
    assert inbox == []


def test_an_unknown_certificate_is_trouble_with_the_account(sink, channel, mail, inbox, certificate):
    handed = hand_over(channel(sink(context=certificate.server), security="starttls"), mail())
    assert isinstance(handed, AccountTrouble)
    assert handed.sentence == (
        "The certificate of 127.0.0.1 is not valid: self-signed certificate. "
        "Check the host of the account; if it is right, tell whoever runs the server."
    )
    assert inbox == []


def test_an_expired_certificate_is_trouble_with_the_account(sink, channel, mail, expired):
    server = sink(context=expired.server, tls_from_start=True)
    handed = hand_over(channel(server, security="tls", context=expired.client), mail())
    assert isinstance(handed, AccountTrouble)
    assert "certificate has expired" in handed.sentence


def test_a_certificate_for_another_host_is_trouble_with_the_account(sink, channel, mail, elsewhere):
    handed = hand_over(channel(sink(context=elsewhere.server), security="starttls", context=elsewhere.client), mail())
    assert isinstance(handed, AccountTrouble)
    assert "IP address mismatch" in handed.sentence


def test_tls_against_a_plain_port_is_trouble_with_the_account(sink, channel, mail):
    server = sink()
    handed = hand_over(channel(server, security="tls"), mail())
    assert isinstance(handed, AccountTrouble)
    assert handed.sentence == (
        f"127.0.0.1 does not speak TLS on port {server.port} as this machine does. "
        "Check the port and the security of the account."
    )


def test_a_handshake_that_breaks_is_deferred(script, channel, mail):
    handed = hand_over(channel(script([None]), security="tls"), mail())
    assert isinstance(handed, Deferred)


def test_a_handshake_without_an_answer_is_deferred(sink, channel, mail, hasty, script):
    server = script(["220 hi", "250-x\r\n250 STARTTLS", "220 go", 0.0])
    assert isinstance(hand_over(channel(server, security="starttls", timeouts=hasty), mail()), Deferred)


def test_starttls_that_fails_for_now_is_deferred(script, channel, mail):
    server = script(["220 hi", "250-x\r\n250 STARTTLS", "454 4.7.0 not now"])
    assert hand_over(channel(server, security="starttls"), mail()) == Deferred(454, "454 4.7.0 not now", 60, True)


def test_words_slipped_in_before_tls_are_not_believed(script, channel, mail, certificate):
    server = script(["220 hi", "250-x\r\n250 STARTTLS", "220 go\r\n250 AUTH PLAIN", None])
    handed = hand_over(channel(server, security="starttls", context=certificate.client), mail())
    assert isinstance(handed, Deferred)
    assert "The server spoke between STARTTLS and TLS." in handed.answer


def test_no_common_version_of_tls_is_trouble_with_the_account(script, channel, mail):
    alert = "\x15\x03\x03\x00\x02\x02\x46"  # fatal, protocol_version
    assert isinstance(hand_over(channel(script([alert, 0.0]), security="tls"), mail()), AccountTrouble)


# logging in


def test_a_wrong_password_stops_the_account_with_the_sentence(sink, channel, mail, inbox):
    handed = hand_over(channel(sink(logins={"shop": "right"}), user="shop", password="wrong"), mail())
    assert isinstance(handed, AccountTrouble)
    assert handed.sentence == (
        "127.0.0.1 refused the password. Type it again in Settings, Accounts, or with: kanwa secret set account/shop/password"
    )
    assert handed.detail.startswith("535 5.7.8")
    assert inbox == []


def test_a_missing_password_stops_the_account(sink, channel, mail):
    handed = hand_over(channel(sink(logins={"shop": "right"}), user="shop"), mail())
    assert handed == AccountTrouble(
        "There is no password for shop at 127.0.0.1. Give it with: kanwa secret set account/shop/password"
    )


def test_a_server_that_takes_no_log_in_stops_the_account(sink, channel, mail):
    handed = hand_over(channel(sink(), user="shop", password="secret"), mail())
    assert handed == AccountTrouble(
        "127.0.0.1 takes no password on this line. Check the port and the security of the account, or leave the user empty."
    )


def test_login_is_used_where_plain_is_not_offered(script, channel, mail):
    server = script(
        ["220 hi", "250-x\r\n250 AUTH=LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok",
         "250 ok", "250 ok", "354 go", "250 kept", "221 bye"]
    )  # fmt: skip
    assert isinstance(hand_over(channel(server, user="shop", password="secret"), mail()), Accepted)
    assert server.heard[1:4] == ["AUTH LOGIN", "c2hvcA==", "c2VjcmV0"]


def test_a_log_in_that_fails_for_now_is_deferred(script, channel, mail):
    server = script(["220 hi", "250-x\r\n250 AUTH PLAIN", "454 4.7.0 directory away"])
    handed = hand_over(channel(server, user="shop", password="secret"), mail())
    assert handed == Deferred(454, "454 4.7.0 directory away", 60, account_wide=True)


def test_a_refused_password_is_tried_once_only(script, channel, mail):
    server = script(["220 hi", "250-x\r\n250 AUTH PLAIN LOGIN", "535 5.7.8 no", "221 bye"])
    hand_over(channel(server, user="shop", password="secret"), mail())
    assert [line.split(" ")[0] for line in server.heard] == ["EHLO", "AUTH"]


def test_the_machine_greets_by_its_address_when_it_has_no_name(script, channel, mail):
    server = script(["220 hi", "421 busy"])
    hand_over(channel(server), mail())
    assert server.heard == ["EHLO [127.0.0.1]"]


def test_the_machine_greets_by_the_name_of_the_account(script, channel, mail):
    server = script(["220 hi", "421 busy"])
    hand_over(channel(server, ehlo_name="desk.shop.test"), mail())
    assert server.heard == ["EHLO desk.shop.test"]
