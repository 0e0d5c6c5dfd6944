"""Policies: rules over all journeys on when and how often a contact may be written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from journeys.base.i18n import _
from journeys.base.time import DAY, Instant
from journeys.base.validation import parse_model
from journeys.graph.settings import Cap, Policies, QuietHours
from journeys.nodes.windows import Window
from journeys.store import tables as t
from journeys.store.dialect import upsert

#: kind of a policy → its settings
KINDS: dict[str, type[QuietHours] | type[Cap]] = {"quiet_hours": QuietHours, "cap": Cap}


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies that hold for one journey: its own, else the workspace's."""

    quiet_hours: QuietHours | None = None
    cap: Cap | None = None

    def over(self, own: Policies) -> Rules:
        """These rules with a journey's overrides."""
        return Rules(quiet_hours=own.quiet_hours or self.quiet_hours, cap=own.cap or self.cap)


def workspace_rules(conn: Connection) -> Rules:
    """The workspace's policies."""
    rows = {row.kind: row.settings for row in conn.execute(select(t.policy))}
    return Rules(
        quiet_hours=parse_model(QuietHours, rows["quiet_hours"], where=_("The quiet hours of the workspace"))
        if "quiet_hours" in rows
        else None,
        cap=parse_model(Cap, rows["cap"], where=_("The frequency cap of the workspace")) if "cap" in rows else None,
    )


def set_rule(conn: Connection, rule: QuietHours | Cap) -> None:
    """Set a policy of the workspace."""
    kind = next(kind for kind, model in KINDS.items() if isinstance(rule, model))
    statement = upsert(conn, t.policy).values(kind=kind, settings=rule.model_dump(mode="json"))
    conn.execute(
        statement.on_conflict_do_update(index_elements=["kind"], set_={"settings": statement.excluded.settings})
    )


def remove_rule(conn: Connection, kind: str) -> bool:
    """Take a policy of the workspace away; says whether there was one."""
    return conn.execute(t.policy.delete().where(t.policy.c.kind == kind)).rowcount > 0


def loud_again_at(quiet: QuietHours, at: Instant, zone: ZoneInfo) -> Instant:
    """The first moment from `at` on that is not within the quiet hours of `zone`; `at` itself where it is none."""
    return Window(opens=quiet.ends, closes=quiet.starts).next(at, zone)


def room_again_at(cap: Cap, counted: Sequence[Instant], at: Instant) -> Instant:
    """The first moment from `at` on at which one more message keeps within the cap.

    `counted` holds when the contact's earlier messages began to count. A message counts for exactly
    `within_days` · 24 hours.
    """
    recent = sorted(one for one in counted if one > at - cap.within_days * DAY)
    if len(recent) < cap.at_most:
        return at
    return Instant(recent[len(recent) - cap.at_most] + cap.within_days * DAY)
