"""Codes of a pool, as a kind of file. The pool is given beside the file, as the default of the field `pool`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import day_of
from journeys.store import settings
from journeys.store.codes import CodeKnown, NewCode, checked_code, insert_codes, known_codes
from journeys.store.importing.errors import Missing
from journeys.store.importing.goods import read_key
from journeys.store.importing.kind import Kind, Parsed
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.report import Tally
from journeys.store.importing.values import read_day, read_text


class Codes(Kind):
    """Rows that are added to a pool. One that the pool has, or that is no longer good, is refused."""

    name = "codes"
    noun = N_("codes")
    fields = (
        Field("code", field_words("coupon, voucher, coupon code, voucher code, discount code, value, kod, kupon, kod rabatowy, kod kuponu"), read_key),
        Field("worth", field_words("discount, amount, wartosc, rabat, znizka, kwota"), read_text),
        Field("valid_until", field_words("valid to, expires, expiry, expires on, expiry date, expiration date, wazny do, data waznosci, termin waznosci"), read_day),
        Field("pool", (), read_key),
    )  # fmt: skip
    needs = (("code",), ("pool",))

    def check(self, values: dict[str, Any]) -> None:
        if "code" not in values:
            raise Missing(column="code")

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        today = day_of(self.run.now, settings.workspace_zone(conn))
        by_pool: dict[str, list[Parsed]] = {}
        for row in rows:
            by_pool.setdefault(row.values["pool"], []).append(row)
        for pool, theirs in by_pool.items():
            seen = known_codes(conn, pool, (row.values["code"] for row in theirs))
            new: list[NewCode] = []
            for row in theirs:
                given = NewCode(row.values["code"], row.values.get("worth", ""), row.values.get("valid_until"))
                try:
                    code = checked_code(pool, given, today=today)
                    if code.value in seen:
                        raise CodeKnown(pool=pool, code=code.value)
                except KanwaError as problem:
                    tally.refused.append(self.run.refused(row.number, problem, "code"))
                    continue
                seen.add(code.value)
                new.append(code)
            insert_codes(conn, pool, new, batch=self.run.batch)
            tally.added += len(new)
