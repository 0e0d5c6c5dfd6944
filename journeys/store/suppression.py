"""Addresses never written to again. Only keyed hashes are kept, so that an erased person stays erased."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, select

from journeys.base.text import fold
from journeys.base.time import Instant
from journeys.store.dialect import upsert
from journeys.store.tables import setting, suppression

#: reasons that no grant of consent overcomes
HARD = ("complaint", "bounce", "erased")

_LOT = 5_000


class Hasher:
    """Makes the hash that `suppression.hash` holds, with the store's own key (HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, address: str) -> str:
        """The hash of an e-mail address or phone number, in whatever case it is written."""
        return hmac.digest(self._key, fold(address).encode(), hashlib.sha256).hex()


def hasher(conn: Connection) -> Hasher:
    """The store's hasher; makes its random key at the first need, so the connection must be one that writes."""
    wanted = select(setting.c.value).where(setting.c.key == "suppression_key")
    value = conn.execute(wanted).scalar_one_or_none()
    if value is None:
        new = upsert(conn, setting).values(key="suppression_key", value=secrets.token_hex(32))
        # two that come first at once must agree on one key
        conn.execute(new.on_conflict_do_nothing())
        value = conn.execute(wanted).scalar_one()
    return Hasher(bytes.fromhex(value))


def suppress(conn: Connection, channel: str, addresses: Iterable[str], *, reason: str, at: Instant) -> None:
    """Never write to these addresses again. `reason`: "complaint", "bounce", "erased" or a person's own word.

    An address that is suppressed keeps its first reason, unless the new one is that the person was erased.
    """
    given = set(addresses)
    if not given:
        return
    one = hasher(conn)
    hashes = {one.hash(address) for address in given}
    statement = upsert(conn, suppression)
    new = statement.excluded
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["channel", "hash"], set_={"reason": new.reason, "at": new.at}, where=new.reason == "erased"
        ),
        [{"channel": channel, "hash": hash_, "reason": reason, "at": at} for hash_ in sorted(hashes)],
    )


def release(conn: Connection, channel: str, address: str) -> bool:
    """Take an address off the list, at the person's own wish; says whether it was on it."""
    hash_ = hasher(conn).hash(address)
    gone = conn.execute(suppression.delete().where(suppression.c.channel == channel, suppression.c.hash == hash_))
    return gone.rowcount > 0


def suppressed(conn: Connection, channel: str, addresses: Iterable[str]) -> dict[str, str]:
    """Those of the addresses that are suppressed on the channel, with the reason.

    Hashes are made here and looked up by the thousand, since no database computes an HMAC by itself. Reads only.
    """
    key = conn.execute(select(setting.c.value).where(setting.c.key == "suppression_key")).scalar_one_or_none()
    if key is None:
        return {}
    one = Hasher(bytes.fromhex(key))
    by_hash: dict[str, list[str]] = {}
    for address in addresses:
        by_hash.setdefault(one.hash(address), []).append(address)
    hashes = list(by_hash)
    found: dict[str, str] = {}
    for start in range(0, len(hashes), _LOT):
        lot = hashes[start : start + _LOT]
        rows = conn.execute(
            select(suppression.c.hash, suppression.c.reason).where(
                suppression.c.channel == channel, suppression.c.hash.in_(lot)
            )
        )
        for row in rows:
            found |= dict.fromkeys(by_hash[row.hash], row.reason)
    return found


def is_suppressed(conn: Connection, channel: str, address: str) -> bool:
    """Whether the address is suppressed on the channel."""
    return bool(suppressed(conn, channel, [address]))
