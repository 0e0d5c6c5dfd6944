"""What of the past is still asked for: by segments, and by every version that lets contacts in or has some inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, Instant
from journeys.criteria import Recall, parse_criterion, recalls
from journeys.engine.live import Roll
from journeys.engine.plan import Plan, Plans
from journeys.store import tables as t


@dataclass(frozen=True, slots=True)
class Kept:
    """Something old that stays, and who asks for it."""

    #: "event" or "hop"
    what: str
    #: kind of event, or "JOURNEY/NODE"
    key: str
    #: days that are looked back; None: all there are
    days: int | None
    #: the segment or journey, as people call it
    asked_by: str

    def words(self) -> str:
        """One sentence for the report."""
        if self.what == "hop":
            return _("Visits of {node} are kept: {who} counts them.").format(node=self.key, who=self.asked_by)
        if self.days is None:
            return _("Every event “{kind}” is kept: {who} looks at all of them.").format(
                kind=self.key, who=self.asked_by
            )
        return ngettext(
            "Events “{kind}” of the last {n} day are kept: {who} looks at them.",
            "Events “{kind}” of the last {n} days are kept: {who} looks at them.",
            self.days,
        ).format(kind=self.key, n=self.days, who=self.asked_by)


@dataclass(frozen=True, slots=True)
class Memory:
    """What tidying leaves and what it may take."""

    #: every kind of event that may be rolled up, those that stay whole included
    kinds: tuple[str, ...]
    #: what is asked for
    kept: tuple[Kept, ...]

    @property
    def nodes(self) -> frozenset[str]:
        """Nodes whose hops stay."""
        return frozenset(one.key.partition("/")[2] for one in self.kept if one.what == "hop")

    def beyond(self, before: Instant, now: Instant) -> tuple[Kept, ...]:
        """What stays although it is older than `before`."""
        return tuple(one for one in self.kept if one.days is None or now - one.days * DAY < before)

    def spans(self, before: Instant, now: Instant) -> dict[str, Instant]:
        """Kind that may go → the moment before which."""
        until = dict.fromkeys(self.kinds, before)
        for one in self.kept:
            if one.what == "event" and one.key in until:
                if one.days is None:
                    del until[one.key]
                else:
                    until[one.key] = min(until[one.key], Instant(now - one.days * DAY))
        return until


def memory(conn: Connection, kinds: Iterable[str]) -> Memory:
    """Ask every segment and every version in use what it looks at. `kinds`: of events that may be rolled up."""
    wanted = tuple(kinds)
    found: dict[tuple[str, str, str], int | None] = {}
    margin = 1
    asked: list[tuple[str, Recall]] = list(_of_segments(conn))
    for live in Roll(Plans()).call(conn):
        for plan in live.plans.values():
            margin = max([margin, *(1 + trigger.at_most_late_days for trigger in plan.triggers.values())])
            asked += ((_("the journey “{name}”").format(name=plan.name), one) for one in _of_plan(plan))
    for who, one in asked:
        if one.what == "event" and one.key not in wanted:
            continue
        # days that were missed are asked as of then, and calendar days reach to their beginning
        days = None if one.seconds is None else -(-one.seconds // DAY) + margin
        key = (one.what, one.key, who)
        known = found.get(key, 0)
        found[key] = None if days is None or known is None else max(days, known)
    return Memory(wanted, tuple(Kept(what, key, days, who) for (what, key, who), days in sorted(found.items())))


def _of_segments(conn: Connection) -> Iterator[tuple[str, Recall]]:
    # those that nobody uses yet too: a journey may, tomorrow
    for row in conn.execute(select(t.segment.c.label, t.segment.c.criterion).order_by(t.segment.c.key)):
        who = _("the segment “{name}”").format(name=row.label)
        yield from ((who, one) for one in recalls(parse_criterion(row.criterion)))


def _of_plan(plan: Plan) -> Iterator[Recall]:
    for step in plan.steps.values():
        yield from step.node.recalls()
    for criterion in (plan.goal, plan.exit_when):
        if criterion is not None:
            yield from recalls(criterion)
