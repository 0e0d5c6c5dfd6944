from __future__ import annotations

import smtplib

import pytest

from journeys.channels.channel import Accepted, Deferred
from journeys.channels.sink_server import Moment, Rule, Say, SinkServer, folder_keeper


def test_it_understands_other_clients_too(sink, inbox):
    with smtplib.SMTP("127.0.0.1", sink().port, local_hostname="x") as client:
        client.sendmail("a@shop.test", ["b@example.test", "c@example.test"], b"Subject: x\r\n\r\n.\r\nend.\r\n")
    assert (inbox[0].to, inbox[0].content) == (("b@example.test", "c@example.test"), b"Subject: x\r\n\r\n.\r\nend.\r\n")


def test_mail_lies_as_numbered_files(sink, channel, mail, tmp_path):
    for _ in range(2):
        server = sink(keep=folder_keeper(tmp_path))
        with channel(server).open() as session:
            session.hand_over(mail("Anna@example.test"))
            session.hand_over(mail("jan@example.test", b"Subject: x\r\n\r\n"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000001-anna_example.test.eml", "000002-jan_example.test.eml",
        "000003-anna_example.test.eml", "000004-jan_example.test.eml",
    ]  # fmt: skip
    assert (tmp_path / "000002-jan_example.test.eml").read_bytes() == b"Subject: x\r\n\r\n"


def test_a_rule_acts_so_many_times(sink, channel, mail, inbox):
    server = sink(rules=[Rule(Moment.RCPT, Say("450 later"), to="anna@example.test", times=2)])
    with channel(server).open() as session:
        answers = [type(session.hand_over(mail())) for _ in range(3)]
        assert isinstance(session.hand_over(mail("jan@example.test")), Accepted)
    assert answers == [Deferred, Deferred, Accepted]


def test_what_cannot_be_kept_is_deferred(sink, channel, mail):
    def keep(_mail):
        raise OSError("full")

    with channel(sink(keep=keep)).open() as session:
        assert session.hand_over(mail()) == Deferred(451, "451 4.3.0 The mail could not be kept: OSError", 60)


def test_a_mail_over_the_limit_is_refused_even_without_its_size_announced(sink):
    server = sink(largest=10_000)
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname="x") as client:
        client.ehlo()
        client.mail("a@shop.test")
        client.rcpt("b@example.test")
        assert client.data(b"Subject: x\r\n\r\n" + b"y" * 100_000)[0] == 552
        assert client.noop()[0] == 250


def test_without_a_log_in_nothing_is_taken_where_one_is_asked_for(sink):
    with smtplib.SMTP("127.0.0.1", sink(logins={"anna": "x"}).port, local_hostname="x") as client:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            client.sendmail("a@shop.test", ["b@example.test"], b"x")
        assert caught.value.smtp_code == 530


def test_commands_out_of_order_are_refused(sink):
    with smtplib.SMTP("127.0.0.1", sink().port, local_hostname="x") as client:
        client.ehlo()
        assert client.docmd("RCPT TO:<a@b.test>")[0] == 503
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("MAIL FROM:a@b.test")[0] == 501
        client.docmd("MAIL FROM:<a@b.test>")
        assert client.docmd("RCPT TO:nobody")[0] == 501
        assert client.docmd("MAIL FROM:<a@b.test> SIZE=999999999")[0] == 552


def test_it_ends_while_a_client_waits(sink):
    server = SinkServer(lambda mail: None)
    with server, smtplib.SMTP("127.0.0.1", server.port, local_hostname="x") as client:
        client.ehlo()
        server.stop()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
