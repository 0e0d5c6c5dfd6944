"""Codes that journeys give away, such as coupons: pools, what is left of them, and what became of each.

A code is taken once and never given back: by a stay at a node (`nodes/code.py`), or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update

from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_
from journeys.base.time import Instant, day_of, moment
from journeys.store import settings
from journeys.store.definitions import MOST_LABEL
from journeys.store.dialect import in_texts, insert_rows, upsert
from journeys.store.events import NewEvent, record
from journeys.store.fields import checked_slug, validate_text
from journeys.store.tables import code, code_pool

#: `code.valid_until_on` of a code that is good for good
FOR_GOOD = "9999-12-31"
#: what `code.used` events name as their source
SOURCE = "codes"


class UnknownPool(UsageError):
    """A pool that was not defined."""

    text = N_("There is no pool of codes “{pool}”.{suggestion} Make it with: kanwa codes add {pool}")


class UnknownCode(UsageError):
    """A code that is not in the pool."""

    text = N_("The pool “{pool}” has no code “{code}”.")


class CodeNotTaken(KanwaError):
    """A code that nobody has, and that was used all the same."""

    text = N_("Nobody has the code “{code}” of “{pool}” yet, so that it cannot have been used.")


class CodeUsed(KanwaError):
    """A code that was used before."""

    text = N_("The code “{code}” of “{pool}” was used before, at {at}.")


class CodeKnown(KanwaError):
    """A code that the pool has already."""

    text = N_("The pool “{pool}” has the code “{code}” already.")


class CodeExpired(KanwaError):
    """A code that nobody could use any more."""

    text = N_("The code “{code}” was good until {day}, which is over.")


class NoCode(KanwaError):
    """A code without a letter."""

    text = N_("A code is missing.")


class BadWarning(UsageError):
    """A number of codes below nothing."""

    text = N_("{n} cannot be how many codes are left. Give 0 or more.")


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code to be added to a pool."""

    value: str
    worth: str = ""
    #: the last day it is good for; None: for good
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool in numbers. `free` can be taken today."""

    key: str
    label: str
    low_at: int
    free: int
    taken: int
    used: int
    #: never taken, and no longer good
    expired: int


def define_pool(conn: Connection, key: str, *, label: str = "", low_at: int | None = None) -> None:
    """A pool of codes; defining it again changes what is given. Raises BadKey, TooLong, BadWarning."""
    checked_slug(key, what="pool", example="club-10")
    if low_at is not None and low_at < 0:
        raise BadWarning(n=low_at)
    given: dict[str, object] = {}
    if name := validate_text(label, field="label", most=MOST_LABEL, one_line=True):
        given["label"] = name
    if low_at is not None:
        given["low_at"] = low_at
    statement = upsert(conn, code_pool).values({"key": key, "label": key} | given)
    if given:
        conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=given))
    else:
        conn.execute(statement.on_conflict_do_nothing())


def check_pool(conn: Connection, key: str) -> None:
    """Raises UnknownPool where there is none."""
    known = list(conn.execute(select(code_pool.c.key).order_by(code_pool.c.key)).scalars())
    if key not in known:
        raise UnknownPool(pool=key, suggestion=suggestion(key, known))


def checked_code(pool: str, new: NewCode, *, today: date) -> NewCode:
    """The code with its text cleaned. Raises NoCode, CodeExpired, TooLong and LineBreak."""
    value = validate_text(new.value, field="code", most=MOST_LABEL, one_line=True)
    if value is None:
        raise NoCode
    if new.valid_until is not None and new.valid_until < today:
        raise CodeExpired(code=value, day=new.valid_until.isoformat(), pool=pool)
    worth = validate_text(new.worth, field="worth", most=MOST_LABEL, one_line=True) or ""
    return NewCode(value, worth, new.valid_until)


def known_codes(conn: Connection, pool: str, values: Iterable[str]) -> set[str]:
    """Those of the values that the pool has, taken ones included: none is ever given twice."""
    return set(
        conn.execute(
            select(code.c.value).where(code.c.pool == pool, in_texts(code.c.value, sorted(set(values))))
        ).scalars()
    )


def insert_codes(conn: Connection, pool: str, codes: Sequence[NewCode], *, batch: int | None = None) -> None:
    """Add checked codes that the pool does not have."""
    insert_rows(
        conn,
        code,
        [
            {
                "pool": pool,
                "value": one.value,
                "worth": one.worth,
                "valid_until_on": one.valid_until.isoformat() if one.valid_until else FOR_GOOD,
                "import_batch": batch,
            }
            for one in codes
        ],
    )


def add_codes(conn: Connection, pool: str, codes: Sequence[NewCode], *, now: Instant) -> None:
    """Add codes to a pool, all or none. Raises UnknownPool, CodeKnown, CodeExpired, NoCode."""
    check_pool(conn, pool)
    today = day_of(now, settings.workspace_zone(conn))
    checked = [checked_code(pool, one, today=today) for one in codes]
    seen = known_codes(conn, pool, (one.value for one in checked))
    for one in checked:
        if one.value in seen:
            raise CodeKnown(pool=pool, code=one.value)
        seen.add(one.value)
    insert_codes(conn, pool, checked)


def use_code(conn: Connection, pool: str, value: str, *, at: Instant, now: Instant) -> int | None:
    """Note that a code was used at `at`; whose it was hears of it by the event `code.used`.

    Returns the contact, or None where the person was erased meanwhile. Raises UnknownPool, UnknownCode, CodeNotTaken,
    CodeUsed.
    """
    check_pool(conn, pool)
    row = conn.execute(select(code).where(code.c.pool == pool, code.c.value == value).with_for_update()).one_or_none()
    if row is None:
        raise UnknownCode(pool=pool, code=value)
    if row.taken_at is None:
        raise CodeNotTaken(pool=pool, code=value)
    if row.used_at is not None:
        when = moment(Instant(row.used_at), settings.workspace_zone(conn))
        raise CodeUsed(pool=pool, code=value, at=f"{when:%Y-%m-%d %H:%M}")
    conn.execute(update(code).where(code.c.id == row.id).values(used_at=at))
    if row.contact is None:
        return None
    data = {"pool": pool, "code": row.value, "worth": row.worth}
    record(conn, [NewEvent(row.contact, "code.used", at, data, SOURCE)], now=now)
    return int(row.contact)


def pools(conn: Connection, *, today: date | None = None) -> list[PoolState]:
    """Every pool with what is left of it on a day of the workspace, by key; without a day, no code is over."""
    good = code.c.valid_until_on >= (today.isoformat() if today else "")
    free = code.c.taken_at.is_(None)

    def count(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((which, 1), else_=0))

    rows = conn.execute(
        select(
            code_pool,
            count(and_(code.c.id.is_not(None), free, good)).label("free"),
            count(code.c.taken_at.is_not(None)).label("taken"),
            count(code.c.used_at.is_not(None)).label("used"),
            count(and_(code.c.id.is_not(None), free, ~good)).label("expired"),
        )
        .select_from(code_pool.outerjoin(code, code.c.pool == code_pool.c.key))
        .group_by(code_pool.c.key, code_pool.c.label, code_pool.c.low_at)
        .order_by(code_pool.c.key)
    )
    return [
        PoolState(row.key, row.label, row.low_at, int(row.free), int(row.taken), int(row.used), int(row.expired))
        for row in rows
    ]
