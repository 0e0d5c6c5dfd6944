"""How much mail goes to personal Gmail: whoever once sent some 5,000 within 24 hours is a bulk sender there for good.

Counted per organisation of the From address (Google says: primary domain), over all its senders. From then on SPF and
DKIM, DMARC and one-click unsubscribing are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import BigInteger, Connection, bindparam, func, or_, select

from journeys.base.i18n import _
from journeys.base.time import DAY, Instant
from journeys.channels.identity import Doubt, Identity, organisation
from journeys.engine.senders import NoSender, read_senders
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.arrows import in_states

#: messages within 24 hours from which Gmail takes a domain for a bulk sender
BULK = 5_000
_BULK_SENDERS = "gmail_bulk_senders"
_PERSONAL = ("%@gmail.com", "%@googlemail.com")

_m = t.message.c
# what may have gone out counts
_TO_GMAIL = (
    select(_m.sender, func.count())
    .join(t.contact, t.contact.c.id == _m.contact)
    .where(
        in_states("sent", "unknown"),
        _m.ended_at > bindparam("since", type_=BigInteger()),
        _m.channel == "email",
        or_(*(t.contact.c.email_key.like(form) for form in _PERSONAL)),
    )
    .group_by(_m.sender)
)


def to_gmail(conn: Connection, *, now: Instant) -> dict[str, int]:
    """Domain → messages to personal Gmail in the last 24 hours, the most first."""
    senders = read_senders(conn)
    counts: Counter[str] = Counter()
    for sender, n in conn.execute(_TO_GMAIL, {"since": now - DAY}):
        try:
            address = senders.by_key[senders.named(sender)].email
        except NoSender:
            continue  # it was taken away meanwhile
        counts[organisation(address.rpartition("@")[2])] += n
    return dict(counts.most_common())


def bulk_since(conn: Connection) -> dict[str, Instant]:
    """Domain → when it was first noticed to be a bulk sender."""
    return {domain: Instant(at) for domain, at in (settings.get(conn, _BULK_SENDERS) or {}).items()}


def note_bulk_senders(conn: Connection, *, now: Instant) -> list[str]:
    """Keep which domains are bulk senders by now, for good; returns the new ones. The connection must be one that writes."""
    known = bulk_since(conn)
    new = [domain for domain, n in to_gmail(conn, now=now).items() if n >= BULK and domain not in known]
    if new:
        settings.put(conn, _BULK_SENDERS, known | dict.fromkeys(new, now))
    return new


def bulk_doubts(conn: Connection, who: Identity, *, now: Instant) -> Iterator[Doubt]:
    """What Gmail asks of a bulk sender and this one does not give."""
    domain = organisation(who.domain)
    if domain not in bulk_since(conn) and to_gmail(conn, now=now).get(domain, 0) < BULK:
        return
    if not who.dkim_domain:
        yield Doubt(
            "gmail-bulk",
            _(
                "Gmail takes {domain} for a bulk sender: it asks for SPF and DKIM, a DMARC record and one-click unsubscribing, and mail of “{sender}” is not signed here."
            ).format(domain=domain, sender=who.key),
        )
