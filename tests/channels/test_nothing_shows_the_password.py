"""Whatever a server does while it is logged in to, no text that leaves the room holds the password."""

from __future__ import annotations

import base64
import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.channels.account import Account
from journeys.channels.channel import AccountTrouble, Mail
from journeys.channels.conversation import Timeouts
from journeys.channels.secrets import Secret
from journeys.channels.smtp import NotConnected, SmtpChannel
from journeys.channels.trial import test_account as try_account

SHORT = Timeouts(connect=5, answer=0.2, content=5, after_dot=5, quit=0.2)
#: with a beginning of its own: “00000000” stands in half of all texts without having been let out
PASSWORDS = st.text(st.characters(exclude_characters="\x00"), max_size=40).map(lambda text: f"hunter2-ż{text}")
MISBEHAVIOURS = ["echo", "echo decoded", "refuse", "close", "hang", "nonsense", "challenge"]


@contextmanager
def server(behaviour: str, mechanism: str) -> Iterator[int]:
    """Offers one mechanism, and misbehaves once it has heard the password."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def play() -> None:
        while not ended.is_set():
            with suppress(OSError):
                line, _peer = listening.accept()
                with line, line.makefile("rb") as reader, suppress(OSError):
                    converse(line, reader)

    def converse(line: socket.socket, reader) -> None:
        line.sendall(b"220 hi\r\n")
        reader.readline()
        line.sendall(b"250-x\r\n250 AUTH " + mechanism.encode() + b"\r\n")
        heard = reader.readline().rstrip()
        if mechanism == "LOGIN":
            line.sendall(b"334 VXNlcm5hbWU6\r\n")
            reader.readline()
            line.sendall(b"334 UGFzc3dvcmQ6\r\n")
            heard = reader.readline().rstrip()
        token = heard.rpartition(b" ")[2]
        decoded = base64.b64decode(token).replace(b"\r", b"").replace(b"\n", b"").rpartition(b"\0")[2]
        answers = {
            "echo": b"535 5.7.8 wrong: " + token + b"\r\n",
            "echo decoded": b"535 5.7.8 wrong: " + decoded + b"\r\n",
            "refuse": b"535 5.7.8 no\r\n",
            "close": b"",
            "nonsense": decoded + b"\r\n",
            "challenge": b"334 " + token + b"\r\n",
        }
        if behaviour == "hang":
            ended.wait(1)
        line.sendall(answers.get(behaviour, b""))

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def shown(password: str) -> list[str]:
    """The forms a password could show itself in."""
    encoded = password.encode("utf-8", "surrogatepass")
    tokens = (encoded, b"\0anna\0" + encoded)
    forms = [password, repr(password)[1:-1], ascii(password)[1:-1]]
    return forms + [base64.b64encode(token).decode() for token in tokens]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("behaviour", MISBEHAVIOURS)
def test_no_answer_exception_repr_or_log_holds_the_password(behaviour, mechanism, caplog):
    caplog.set_level(logging.DEBUG)

    with server(behaviour, mechanism) as port:

        @settings(max_examples=3 if behaviour == "hang" else 8, deadline=None)
        @given(PASSWORDS)
        def check(password: str) -> None:
            account = Account.read("shop", {"host": "127.0.0.1", "port": port, "security": "plain", "user": "anna"})
            channel = SmtpChannel(account, Secret(password), timeouts=SHORT)
            texts = [repr(channel), repr(vars(channel))]
            with channel.open() as session:
                texts += [repr(session.hand_over(Mail(1, "a@shop.test", "b@example.test", b"x"))), repr(vars(session))]
            texts.append(repr(try_account(account, Secret(password), timeouts=SHORT)))
            with pytest.raises(NotConnected) as caught:
                channel.connect()
            error = caught.value.with_traceback(caught.tb.tb_next)  # not this test's own frame
            told = traceback.TracebackException.from_exception(error, capture_locals=True)
            texts += ["".join(told.format()), repr(error.handed), repr(error.__context__), repr(error.__cause__)]
            texts += [record.getMessage() for record in caplog.records]
            assert not [form for form in shown(password) for text in texts if form in text]

        check()


@pytest.mark.parametrize("behaviour", ["echo", "echo decoded"])
def test_of_an_answer_that_repeats_the_password_only_the_code_is_shown(behaviour):
    with server(behaviour, "PLAIN") as port:
        account = Account.read("shop", {"host": "127.0.0.1", "port": port, "security": "plain", "user": "anna"})
        with SmtpChannel(account, Secret("hunter2"), timeouts=SHORT).open() as session:
            handed = session.hand_over(Mail(1, "a@shop.test", "b@example.test", b"x"))
    assert isinstance(handed, AccountTrouble)
    assert handed.detail == "535"
