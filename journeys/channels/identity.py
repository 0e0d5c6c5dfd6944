"""Who mail comes from, and whether receivers will believe it.

Receivers compare three domains: that of From, which people see; d= of a DKIM signature; that of the return path, which SPF
looks at. DMARC asks that one of the latter belongs to the same organisation as the first. Providers of free mailboxes
have published that nobody else's server speaks for them. What the provider of the account signs by itself is not seen
here, so that a missing key is only a hint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from journeys.base.i18n import _
from journeys.channels.account import Account

#: organisation of a free mailbox → organisations whose servers may send for it
_FREE_MAILBOXES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), frozenset(("gmail.com", "google.com"))),
    **dict.fromkeys(
        ("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "aol.com"), frozenset(("yahoo.com", "aol.com"))
    ),
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com"), frozenset(("outlook.com", "office365.com"))
    ),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), frozenset(("me.com", "icloud.com"))),
    **dict.fromkeys(("gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch"), frozenset(("gmx.net", "gmx.com"))),
    "web.de": frozenset(("web.de",)),
    **dict.fromkeys(("wp.pl", "o2.pl"), frozenset(("wp.pl", "o2.pl"))),
    **dict.fromkeys(("onet.pl", "op.pl", "poczta.onet.pl"), frozenset(("onet.pl",))),
    "interia.pl": frozenset(("interia.pl",)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """One sender as receivers see it."""

    key: str
    #: address of From
    address: str
    account: Account | None = None
    #: d= and s= of its signature; empty: it is not signed here
    dkim_domain: str = ""
    dkim_selector: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()

    @property
    def return_domain(self) -> str:
        """The domain that bounces go to."""
        mailbox = (self.account.return_path if self.account else "") or self.address
        return mailbox.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason why receivers may not believe a sender."""

    #: "no-account", "free-mailbox", "dkim-not-aligned", "not-aligned", "no-dkim", "gmail-bulk"
    id: str
    sentence: str
    #: whether mail will suffer; else it depends on what is not seen from here
    warns: bool = True


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def organisation(domain: str) -> str:
    """The registered domain that a domain belongs to: “shop.co.uk” for “mail.shop.co.uk”; itself where there is none."""
    return _suffixes().privatesuffix(domain.lower()) or domain.lower()


def doubts(who: Identity) -> Iterator[Doubt]:
    """What receivers may hold against mail of this sender."""
    if who.account is None:
        yield Doubt(
            "no-account",
            _(
                "“{sender}” has no account that hands its mail over. Give it one with kanwa sender add --account."
            ).format(sender=who.key),
        )
    ours = organisation(who.domain)
    if ours in _FREE_MAILBOXES:
        if who.account is not None and organisation(who.account.host) not in _FREE_MAILBOXES[ours]:
            yield Doubt(
                "free-mailbox",
                _(
                    "{address} is a mailbox of {domain}, and {host} may not send for it: receivers refuse such mail. Let it come from a domain of your own."
                ).format(address=who.address, domain=ours, host=who.account.host),
            )
        return
    signed = organisation(who.dkim_domain) == ours if who.dkim_domain else False
    returned = organisation(who.return_domain) == ours
    values = {"domain": who.domain, "dkim": who.dkim_domain, "bounces": who.return_domain}
    if who.dkim_domain and not signed:
        yield Doubt(
            "dkim-not-aligned",
            _(
                "Mail from {domain} is signed for {dkim}, which says nothing about {domain} (DMARC). Sign for {domain} with kanwa sender dkim --domain."
            ).format(**values),
        )
    elif not signed and not returned:
        yield Doubt(
            "not-aligned",
            _(
                "Mail from {domain} is not signed here, and its bounces go to {bounces}: unless the provider signs it, nothing speaks for {domain} (DMARC). Give it a key with kanwa sender dkim."
            ).format(**values),
        )
    elif not signed:
        yield Doubt(
            "no-dkim",
            _(
                "Mail from {domain} is not signed here. Unless the provider signs it for {domain}, give it a key with kanwa sender dkim."
            ).format(**values),
            warns=False,
        )
