"""Code: take one from a pool, for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field
from sqlalchemy import ColumnElement, Text, Update, and_, case, exists, func, literal_column, select, update

from journeys.base.i18n import _, ngettext
from journeys.base.time import day_of
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, Outcome, Phase, members
from journeys.nodes.keys import Key
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.store.codes import FOR_GOOD
from journeys.store.dialect import json_object_text
from journeys.store.tables import code

DONE = "done"
POOL_EMPTY = "pool_empty"


class Code(Node):
    """Take one code of a pool for this stay; messages made after it show it.

    Of those that are good long enough, the one that is over first goes first, so that as few as can be lapse. A code is
    never given twice, and a stay never gets two.
    """

    kind: ClassVar[str] = "code"
    family: ClassVar[Family] = Family.CHANGES
    label: ClassVar[str] = _("Code")
    icon: ClassVar[str] = "ticket"

    pool: Key = Field(title=_("Pool"))
    good_for_days: int = Field(
        0, title=_("Good for days"), description=_("Codes that are over sooner are left in the pool."), ge=0, le=3660
    )

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(DONE, _("done")), Outlet(POOL_EMPTY, _("pool empty")))

    def words(self, names: Names) -> str:
        pool = names.label("pool", self.pool)
        if not self.good_for_days:
            return _("takes a code of “{pool}”").format(pool=pool)
        days = ngettext("{n} day", "{n} days", self.good_for_days).format(n=self.good_for_days)
        return _("takes a code of “{pool}” that is good for {days} or longer").format(pool=pool, days=days)

    def references(self) -> Iterator[tuple[str, str]]:
        yield "pool", self.pool

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        entry = around.catalogue.pools.get(self.pool) if around.catalogue is not None else None
        if entry is not None and entry.free < max(1, entry.low_at):
            left = ngettext("{n} code is left", "{n} codes are left", entry.free).format(n=entry.free)
            yield Problem(
                "pool-low",
                Severity.HINTS,
                (around.node,),
                _("The pool “{pool}” runs low: {left}. Add codes with: kanwa codes import {pool} FILE").format(
                    pool=self.pool, left=left
                ),
                field="pool",
            )

    def outcome(self, cohort: Cohort) -> Outcome:
        mine = and_(code.c.enrollment == members.c.id, code.c.visit == members.c.n)
        good_until = func.nullif(code.c.valid_until_on, FOR_GOOD)
        return Outcome(
            outlet=case((_has_one(), DONE), else_=POOL_EMPTY),
            values=select(json_object_text({"code": code.c.value, "worth": code.c.worth, "valid_until": good_until}))
            .where(mine)
            .correlate(members)
            .scalar_subquery(),
            first=self._taking(cohort),
        )

    def _taking(self, cohort: Cohort) -> Update:
        """One statement for all members that are due here: the n-th of them gets the n-th free code."""
        days = dt.timedelta(days=self.good_for_days)
        least = cohort.moments.bind(lambda now, zone: (day_of(now, zone) + days).isoformat(), Text())
        due = and_(
            members.c.version == cohort.version,
            members.c.node == cohort.node,
            members.c.phase == literal_column(str(int(Phase.DUE))),
            ~_has_one(),
        )
        takers = select(
            members.c.id, members.c.contact, members.c.n, func.row_number().over(order_by=members.c.id).label("place")
        ).where(due)
        # a common table expression with a lock is worked out once; as a subquery PostgreSQL may ask it for each member.
        # Another worker's codes are skipped, not waited for
        free = (
            select(code.c.id, code.c.valid_until_on)
            # spelt out for the partial index: a parameter hides it
            .where(code.c.pool == self.pool, code.c.taken_at.is_(None), code.c.valid_until_on >= least)
            .order_by(code.c.valid_until_on, code.c.id)
            .limit(select(func.count()).select_from(members).where(due).scalar_subquery())
            .with_for_update(skip_locked=True)
            .cte("free")
        )
        places = select(
            free.c.id, func.row_number().over(order_by=(free.c.valid_until_on, free.c.id)).label("place")
        ).subquery("places")
        taker = takers.subquery("taker")
        return (
            update(code)
            .where(code.c.id == places.c.id, places.c.place == taker.c.place)
            .values(taken_at=cohort.moments.now, contact=taker.c.contact, enrollment=taker.c.id, visit=taker.c.n)
        )


def _has_one() -> ColumnElement[bool]:
    return exists(
        select(code.c.id).where(code.c.enrollment == members.c.id, code.c.visit == members.c.n).correlate(members)
    )
