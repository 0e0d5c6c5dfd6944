"""Allowances: how many messages an account may carry in a second, a minute, an hour, a day.

A window begins with the first message after the one before it was over, and is counted in one row an account and unit.
A claim takes its part under the lock of that row, so that any number of workers together never exceed a limit. What is
over it is held until the next window begins, or one after it: `put_off` counts how many have been held already, and
each further window's worth goes a window later, so that a backlog is put off once and not once a window. Service
messages do not queue behind marketing: `put_off_service` counts them by themselves, and a claim takes them first.

Windows are fixed: around the end of one and the start of the next, twice the limit may go within less than its length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from sqlalchemy import BigInteger, Connection, Integer, Text, and_, bindparam, case, update

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.store import tables as t
from journeys.store.dialect import upsert

#: unit → seconds
UNITS: Mapping[str, int] = {"second": 1, "minute": MINUTE, "hour": HOUR, "day": DAY}


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one account: unit → messages at most."""

    account: str
    most: Mapping[str, int]

    @classmethod
    def of(cls, account: str, settings: Mapping[str, Any]) -> Self | None:
        """The limits among the settings of an account; None where it has none."""
        most = {unit: settings[f"per_{unit}"] for unit in UNITS if settings.get(f"per_{unit}")}
        return cls(account, most) if most else None


@dataclass(frozen=True, slots=True)
class Full:
    """Nothing more may go now."""

    until: Instant
    #: the limit that is reached
    unit: str
    most: int


class Taken(Protocol):
    """A message that was claimed."""

    @property
    def account(self) -> str:
        """The account whose allowance it took a part of; empty: of none."""

    @property
    def claimed_at(self) -> Instant: ...


@dataclass(slots=True)
class _Window:
    starts_at: int
    used: int
    put_off: int
    put_off_service: int
    taken: int = 0
    held: int = 0
    held_service: int = 0


_a = t.allowance.c
_now = bindparam("now", type_=BigInteger())
_length = bindparam("length", type_=BigInteger())
_this = and_(_a.account == bindparam("the_account", type_=Text()), _a.unit == bindparam("the_unit", type_=Text()))
# a clock that was set back far leaves a window in the future; workers whose clocks differ by a little do not
_over = (_a.starts_at + _length <= _now) | (_a.starts_at > _now + _length)
# takes the row's lock, and begins a new window where the last one is over
_OPEN = (
    update(t.allowance)
    .where(_this)
    .values(
        starts_at=case((_over, _now), else_=_a.starts_at),
        used=case((_over, 0), else_=_a.used),
        put_off=case((_over, 0), else_=_a.put_off),
        put_off_service=case((_over, 0), else_=_a.put_off_service),
    )
    .returning(_a.starts_at, _a.used, _a.put_off, _a.put_off_service)
)
_TAKE = (
    update(t.allowance)
    .where(_this)
    .values(
        used=_a.used + bindparam("taken", type_=Integer()),
        put_off=_a.put_off + bindparam("held", type_=Integer()),
        put_off_service=_a.put_off_service + bindparam("held_service", type_=Integer()),
    )
)
_used_less = _a.used - bindparam("back", type_=Integer())
# a window that began later did not give it
_GIVE_BACK = (
    update(t.allowance)
    .where(_this, _a.starts_at <= bindparam("taken_at", type_=BigInteger()))
    .values(used=case((_used_less < 0, 0), else_=_used_less))
)


class Allowances:
    """What the accounts of one lot may still carry, in the open transaction, which keeps their rows locked."""

    def __init__(self, conn: Connection, limits: Iterable[Limits], *, now: Instant) -> None:
        """Locks accounts in the order of their keys."""
        self._conn = conn
        self._now = now
        self._windows: dict[tuple[str, str], _Window] = {}
        for one in sorted(limits, key=lambda one: one.account):
            for unit in UNITS:
                if unit in one.most:
                    self._windows[one.account, unit] = self._open(one.account, unit)

    def _open(self, account: str, unit: str) -> _Window:
        named = {"the_account": account, "the_unit": unit, "now": self._now, "length": UNITS[unit]}
        row = self._conn.execute(_OPEN, named).one_or_none()
        if row is None:
            new = upsert(self._conn, t.allowance).values(account=account, unit=unit, starts_at=self._now, used=0)
            # two that come first at once count in one row
            self._conn.execute(new.on_conflict_do_nothing())
            row = self._conn.execute(_OPEN, named).one()
        return _Window(*row)

    def take(self, limits: Limits, *, service: bool = False) -> Full | None:
        """Take one message's part; where a limit is reached nothing is taken, and the message is counted as put off."""
        windows = {unit: self._windows[limits.account, unit] for unit in limits.most}
        full = [
            Full(self._free_at(windows[unit], unit, most, service=service), unit, most)
            for unit, most in limits.most.items()
            if windows[unit].used + windows[unit].taken >= most
        ]
        if not full:
            for window in windows.values():
                window.taken += 1
            return None
        latest = max(full, key=lambda one: one.until)
        windows[latest.unit].held += 1
        windows[latest.unit].held_service += service
        return latest

    def _free_at(self, window: _Window, unit: str, most: int, *, service: bool) -> Instant:
        length = UNITS[unit]
        before = window.put_off_service + window.held_service if service else window.put_off + window.held
        behind = before // most
        return Instant(window.starts_at + length + behind * length)

    def write(self) -> None:
        """Write what was taken and put off."""
        rows = [
            {
                "the_account": account,
                "the_unit": unit,
                "taken": window.taken,
                "held": window.held,
                "held_service": window.held_service,
            }
            for (account, unit), window in self._windows.items()
            if window.taken or window.held
        ]
        if rows:
            self._conn.execute(_TAKE, rows)


def give_back(conn: Connection, messages: Iterable[Taken]) -> None:
    """Give back the parts of messages that were claimed and certainly not offered to their server."""
    back = Counter((message.account, message.claimed_at) for message in messages if message.account)
    if back:
        conn.execute(
            _GIVE_BACK,
            [
                # rows in the order in which a claim locks them
                {"the_account": account, "the_unit": unit, "taken_at": taken_at, "back": n}
                for (account, taken_at), n in sorted(back.items())
                for unit in UNITS
            ],
        )


def used(conn: Connection, *, now: Instant) -> dict[str, dict[str, int]]:
    """Account → unit → messages in the window that is open at `now`."""
    found: dict[str, dict[str, int]] = {}
    for row in conn.execute(t.allowance.select().order_by(_a.account)):
        if row.starts_at <= now < row.starts_at + UNITS[row.unit]:
            found.setdefault(row.account, {})[row.unit] = row.used
    return found
