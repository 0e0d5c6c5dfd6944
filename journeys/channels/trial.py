"""Try an account out, as far as the log-in, and say in sentences what works, what does not, and what to do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from journeys.base.i18n import _
from journeys.channels.account import Account
from journeys.channels.channel import AccountTrouble, Deferred
from journeys.channels.conversation import Conversation, Timeouts
from journeys.channels.secrets import Secret
from journeys.channels.smtp import NotConnected, SmtpChannel, Stage


@dataclass(frozen=True, slots=True)
class Step:
    """One thing tried."""

    stage: Stage
    works: bool
    sentence: str
    #: the server's own words, for “Details”
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried, in order; the first thing that does not work is the last."""

    steps: tuple[Step, ...]

    @property
    def works(self) -> bool:
        """Mail can be handed over."""
        return all(step.works for step in self.steps)


#: somebody waits before the screen
_PATIENCE = Timeouts(connect=10, answer=20)


def test_account(
    account: Account,
    secret: Secret | None,
    *,
    context: ssl.SSLContext | None = None,  # noqa: PT028 - no test, whatever its name says
    timeouts: Timeouts = _PATIENCE,  # noqa: PT028
) -> Trial:
    """Connect, greet, encrypt and log in; no mail is offered. Takes up to `timeouts`, so not in a window's thread."""
    steps: list[Step] = []
    channel = SmtpChannel(account, secret, context=context, timeouts=timeouts)
    try:
        line = channel.connect(lambda stage, line: steps.append(Step(stage, True, _works(stage, account, line))))
    except NotConnected as not_connected:
        steps.append(_fails(not_connected, account))
    else:
        line.quit()
    return Trial(tuple(steps))


def _works(stage: Stage, account: Account, line: Conversation) -> str:
    match stage:
        case Stage.CONNECT:
            sentence = _("{host} answers on port {port}.")
        case Stage.GREET:
            sentence = _("{host} is a mail server.")
        case Stage.ENCRYPT:
            sentence = _("The line to {host} is encrypted ({cipher}), and its certificate is valid.")
        case Stage.LOG_IN if account.user:
            sentence = _("{host} takes the password of {user}.")
        case Stage.LOG_IN:
            sentence = _("{host} is ready to take mail without a password.")
    return sentence.format(host=account.host, port=account.port, cipher=line.cipher, user=account.user)


def _fails(not_connected: NotConnected, account: Account) -> Step:
    handed = not_connected.handed
    match handed:
        case AccountTrouble(sentence, detail):
            return Step(not_connected.stage, False, sentence, detail)
        case Deferred(code, answer):
            if not code:
                return Step(not_connected.stage, False, _with_hint(answer, account))
            sentence = _("{host} does not take mail at the moment. Try again in some minutes.").format(
                host=account.host
            )
            return Step(not_connected.stage, False, sentence, answer)


def _with_hint(sentence: str, account: Account) -> str:
    """The sentence, and another where port and security do not go together: then both sides wait for the other."""
    if account.port == 465 and account.security != "tls":
        hint = _("Port 465 is encrypted from the start: set “security” to tls.")
    elif account.port in (25, 587) and account.security == "tls":
        hint = _("Port {port} begins unencrypted: set “security” to starttls.").format(port=account.port)
    elif account.port == 25:
        hint = _("Many networks block port 25: try port 587.")
    else:
        return sentence
    return f"{sentence} {hint}"
