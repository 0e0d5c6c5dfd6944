"""Which answer of a mail server means what: the one table from codes to what the outbox is told.

| asked | 2xx | 4xx | 5xx |
|---|---|---|---|
| greeting, EHLO | go on | deferred, account-wide | trouble with the account |
| STARTTLS | go on | deferred, account-wide | trouble with the account; never plain instead |
| AUTH | go on | deferred, account-wide (454: the server cannot look it up now) | trouble with the account |
| MAIL | go on | deferred, account-wide | 552, 555, x.3.4, x.6.7: refused, it is about this mail; else trouble with the account, since it is the sender's address that is refused and every other mail has it too |
| RCPT | go on | deferred | refused |
| DATA | 354: go on | deferred | refused |
| the final dot | accepted | deferred | refused |

Everywhere: 421 is account-wide; 530, 535, 538 and x.7.8 after the greeting mean that the server wants a log-in; a 5xx
with x.4.5 (RFC 3463: congestion; Gmail's daily quota) or 5.1.90 (Exchange Online's daily quota) passes with time. An
answer that fits nothing defers before the dot, when nothing can have been accepted, and is uncertain after it.
"""

from __future__ import annotations

from enum import StrEnum

from journeys.base.i18n import _
from journeys.base.time import HOUR
from journeys.channels.account import Account
from journeys.channels.channel import Accepted, AccountTrouble, Deferred, Handed, Refused, Uncertain, retry_after
from journeys.channels.conversation import Answer

_LOG_IN_FIRST = frozenset({530, 535, 538})
_QUOTA = frozenset({"5.4.5", "5.1.90"})
_ABOUT_THIS_MAIL = frozenset({552, 555})
_ABOUT_THIS_MAIL_ENHANCED = frozenset({"5.3.4", "5.2.3", "5.6.7"})


class Asked(StrEnum):
    """What the server was asked when it answered."""

    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "."


_BEFORE_ANY_MAIL = frozenset({Asked.GREETING, Asked.EHLO, Asked.STARTTLS, Asked.AUTH})


def verdict(asked: Asked, answer: Answer, account: Account) -> Handed | None:
    """What the answer means for the mail in hand; nothing where the conversation goes on."""
    wanted = 3 if asked is Asked.DATA else 2
    if answer.kind == wanted:
        return Accepted(str(answer)) if asked is Asked.DOT else None
    if answer.kind == 4:
        wide = asked in _BEFORE_ANY_MAIL or asked is Asked.MAIL or answer.code == 421
        return Deferred(answer.code, str(answer), retry_after(1), account_wide=wide)
    if answer.kind == 5:
        return _no(asked, answer, account)
    if asked is Asked.DOT:
        return Uncertain(str(answer))
    return Deferred(answer.code, str(answer), retry_after(1), account_wide=True)


def _no(asked: Asked, answer: Answer, account: Account) -> Handed:
    host, said = account.host, str(answer)
    if asked not in _BEFORE_ANY_MAIL and answer.enhanced in _QUOTA:
        return Deferred(answer.code, said, HOUR, account_wide=True)
    if asked is Asked.GREETING:
        return AccountTrouble(
            _("{host} takes no mail from this machine. Ask its provider, or use another account.").format(host=host),
            said,
        )
    if asked is Asked.EHLO:
        return AccountTrouble(
            _(
                "{host} refused the name this machine greets with. Set “ehlo_name” of the account to a name that the server knows."
            ).format(host=host),
            said,
        )
    if asked is Asked.STARTTLS:
        return AccountTrouble(
            _("{host} refused to encrypt the line. Check the port and the security of the account.").format(host=host),
            said,
        )
    if answer.code in _LOG_IN_FIRST or answer.enhanced == "5.7.8" or asked is Asked.AUTH:
        return wrong_password(account, said) if account.user else wants_log_in(account, said)
    if asked is Asked.MAIL and not (answer.code in _ABOUT_THIS_MAIL or answer.enhanced in _ABOUT_THIS_MAIL_ENHANCED):
        return AccountTrouble(
            _(
                "{host} refused the address the mail comes from. Register the sender's address there, or use the account that belongs to it."
            ).format(host=host),
            said,
        )
    return Refused(answer.code, said)


def wrong_password(account: Account, said: str) -> AccountTrouble:
    """The server knows neither the user nor the password as given."""
    return AccountTrouble(
        _(
            "{host} refused the password. Type it again in Settings, Accounts, or with: kanwa secret set {secret}"
        ).format(host=account.host, secret=account.secret_name),
        said,
    )


def wants_log_in(account: Account, said: str) -> AccountTrouble:
    """The account has no user, and the server takes mail only from those it knows."""
    return AccountTrouble(
        _(
            "{host} wants a user and a password. Add the user to the account and the password with: kanwa secret set {secret}"
        ).format(host=account.host, secret=account.secret_name),
        said,
    )
