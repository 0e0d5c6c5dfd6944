"""The trace: what happened to a contact in a journey and why, also to one who never came in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, bindparam, exists, or_, select

from journeys.base.i18n import N_, _, ngettext
from journeys.base.time import Instant, moment
from journeys.criteria import Criterion, explain
from journeys.engine.absence import Because, absences
from journeys.engine.jumps import what_became_of
from journeys.engine.plan import Plan, Plans
from journeys.engine.reasons import channels_said, message_said, said
from journeys.nodes.condition import Condition
from journeys.nodes.node import Names, Node
from journeys.nodes.send import Send
from journeys.nodes.wait import ForCriterion, Wait
from journeys.nodes.webhook import Webhook
from journeys.store import tables as t


@dataclass(frozen=True, slots=True)
class Stay:
    """A contact's stay at one node, with how it left."""

    node: str
    title: str
    #: the settings of the node, in words
    words: str
    entered_at: Instant
    #: None: still there
    left_at: Instant | None
    #: label of the outlet taken; "" where the passage ended here
    outlet: str
    because: tuple[Because, ...]
    #: when something happens next; None: something must wake it
    due_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage of a contact through a journey."""

    journey: str
    version: int
    enrollment: int
    state: str
    reason: str
    entered_at: Instant
    ended_at: Instant | None
    goal_at: Instant | None
    stays: tuple[Stay, ...]
    #: whether stays are missing, since the passage ended long ago
    tidied: bool = False


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a contact did not come in at some moment."""

    journey: str
    trigger: str
    #: None: nothing is recorded, and its audience was asked as of now
    at: Instant | None
    because: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything there is to say of one contact."""

    contact: int
    passages: tuple[Passage, ...]
    misses: tuple[Miss, ...]


def trace(
    conn: Connection,
    plans: Plans,
    contact: int,
    names: Names,
    *,
    now: Instant,
    zone: ZoneInfo,
    journey: int | None = None,
) -> Trace:
    """What happened to a contact, in one journey or in all, in the order of time.

    For journeys that never recorded a miss of theirs (set triggers keep none) and that they are not in, what their
    triggers ask is worked out now.
    """
    passages = _passages(conn, plans, contact, names, journey, now, zone)
    misses = _misses(conn, plans, contact, names, journey, zone)
    for version in conn.execute(_UNHEARD_OF, {"contact": contact, "journey": journey}).scalars():
        plan = plans.get(conn, version)
        misses += [
            Miss(plan.name, plan.titles[absence.trigger], absence.at, absence.because)
            for absence in absences(conn, plan, contact, names, now=now, zone=zone)
        ]
    return Trace(contact, tuple(passages), tuple(misses))


_contact = bindparam("contact", type_=BigInteger())
_journey = bindparam("journey", type_=BigInteger())
#: journeys, or the one asked for, of which nothing is recorded of the contact
_UNHEARD_OF = (
    select(t.journey.c.version)
    .where(
        t.journey.c.version.is_not(None),
        or_(_journey.is_(None), t.journey.c.id == _journey),
        *(
            ~exists(select(1).where(table.c.contact == _contact, table.c.journey == t.journey.c.id))
            for table in (t.enrollment, t.not_entered)
        ),
    )
    .order_by(t.journey.c.id)
)


def _passages(
    conn: Connection, plans: Plans, contact: int, names: Names, journey: int | None, now: Instant, zone: ZoneInfo
) -> list[Passage]:
    mine = [t.enrollment.c.contact == contact]
    if journey is not None:
        mine.append(t.enrollment.c.journey == journey)
    rows = conn.execute(select(t.enrollment).where(*mine).order_by(t.enrollment.c.id)).mappings().all()
    made = []
    for row in rows:
        hops = conn.execute(select(t.hop).where(t.hop.c.enrollment == row["id"]).order_by(t.hop.c.n)).mappings().all()
        stays = [_stay(plans.get(conn, hop["version"]), hop, names, zone) for hop in hops]
        if hops and hops[-1]["kind"] == "jump" and (told := what_became_of(conn, contact, row["id"])):
            stays[-1] = replace(stays[-1], because=(*stays[-1].because, Because(told)))
        plan = plans.get(conn, row["version"])
        if row["state"] == "active":
            step = plan.steps[row["node"]]
            waits_for, due_at = _resting(conn, row)
            if row["noted"] is not None:
                waits_for += because(step.node, "", row["noted"], names, at=now, zone=zone, rests=True)
            stays.append(
                Stay(
                    node=step.id,
                    title=plan.titles[step.id],
                    words=step.node.words(names),
                    entered_at=row["arrived_at"],
                    left_at=None,
                    outlet="",
                    because=waits_for,
                    due_at=due_at,
                )
            )
        made.append(
            Passage(
                journey=plan.name,
                version=plan.number,
                enrollment=row["id"],
                state=row["state"],
                reason=said(row["reason"]) if row["reason"] else "",
                entered_at=row["entered_at"],
                ended_at=row["ended_at"],
                goal_at=row["goal_at"],
                stays=tuple(stays),
                # every passage begins with the hop from its trigger, or ends there
                tidied=row["state"] != "active" and (not hops or hops[0]["n"] > 0),
            )
        )
    return made


def _stay(plan: Plan, hop: Mapping[Any, Any], names: Names, zone: ZoneInfo) -> Stay:
    step = plan.steps[hop["node"]]
    labels = {outlet.id: outlet.label for outlet in step.node.outlets()} if not step.node.ends else {}
    return Stay(
        node=step.id,
        title=plan.titles[step.id],
        words=step.node.words(names),
        entered_at=hop["entered_at"],
        left_at=hop["left_at"],
        outlet=labels.get(hop["outlet"], hop["outlet"]),
        because=because(step.node, hop["reason"], hop["values"], names, at=hop["left_at"], zone=zone),
    )


def because(
    node: Node, reason: str, values: str | None, names: Names, *, at: Instant, zone: ZoneInfo, rests: bool = False
) -> tuple[Because, ...]:
    """A hop's reason and compared values in words; `rests`: those of a member that is still there."""
    found = [Because(said(reason))] if reason else []
    if values is None:
        return tuple(found)
    data = json.loads(values)
    asked = _criterion_of(node)
    if asked is not None:
        found += [Because(str(row), row.holds) for row in explain(asked, data, names, at=at, zone=zone)]
    elif (told := node.told(data, names, zone, rests=rests) if isinstance(data, dict) else None) is not None:
        found += [Because(one) for one in told]
    elif isinstance(data, dict) and ("channels" in data or "messages" in data):
        found += [Because(one) for one in channels_said(data)]
    elif isinstance(node, Send | Webhook):
        sentences = message_said(data["state"], data["reason"], data["detail"])
        found += [Because(one) for one in sentences if one not in {because.sentence for because in found}]
        if isinstance(node, Send) and not rests and not node.unreachable_goes_another_way and data["state"] in _LOST:
            found.append(Because(_("The contact goes on all the same.")))
    elif isinstance(data, dict):
        found += [Because(_fact(name, value, names, zone)) for name, value in data.items() if value not in (None, "")]
    return tuple(found)


#: states of a message that nobody got
_LOST = frozenset({"failed", "skipped", "expired", "cancelled"})


def _criterion_of(node: Node) -> Criterion | None:
    """The criterion whose values a hop of this node keeps."""
    if isinstance(node, Condition):
        return node.criterion
    if isinstance(node, Wait) and isinstance(node.rule, ForCriterion):
        return node.rule.scoped
    return None


#: what nodes note beside their decision
_FACTS = {
    "event": N_("“{value}” happened."),
    "at": N_("That was at {value}."),
    "score": N_("The score was {value}."),
    "share": N_("The share drawn was {value}."),
    "code": N_("The code was {value}."),
    "worth": N_("It is worth {value}."),
    "valid_until": N_("It is good until {value}."),
}


def _fact(name: str, value: Any, names: Names, zone: ZoneInfo) -> str:
    if name == "event":
        value = names.label("event", value)
    elif name == "at":
        value = f"{moment(Instant(value), zone):%Y-%m-%d %H:%M}"
    elif isinstance(value, float):
        value = f"{value:.4g}"
    elif name == "times":
        return ngettext("So far {n} time.", "So far {n} times.", value).format(n=value)
    elif name == "at_most":
        return ngettext("At most {n} time.", "At most {n} times.", value).format(n=value)
    if name in _FACTS:
        return _(_FACTS[name]).format(value=value)
    return _("{name}: {value}").format(name=name.replace("_", " "), value=value)


def _resting(conn: Connection, row: Mapping[Any, Any]) -> tuple[tuple[Because, ...], Instant | None]:
    """What a member rests for, and when it is looked at next: at a send that is for the message to say."""
    message = conn.execute(
        select(t.message.c.state, t.message.c.reason, t.message.c.detail, t.message.c.not_before_at).where(
            t.message.c.enrollment == row["id"],
            t.message.c.node == row["node"],
            t.message.c.visit == row["n"],
        )
    ).first()
    if message is None:
        return (), row["due_at"]
    said_of_it = tuple(map(Because, message_said(message.state, message.reason, message.detail)))
    waits = message.state in ("pending", "held")
    return said_of_it, message.not_before_at if waits else row["due_at"]


def _misses(
    conn: Connection, plans: Plans, contact: int, names: Names, journey: int | None, zone: ZoneInfo
) -> list[Miss]:
    mine = [t.not_entered.c.contact == contact]
    if journey is not None:
        mine.append(t.not_entered.c.journey == journey)
    made = []
    for row in conn.execute(select(t.not_entered).where(*mine).order_by(t.not_entered.c.id)).mappings():
        plan = plans.get(conn, row["version"])
        found = [Because(said(row["reason"]))]
        trigger = plan.triggers.get(row["trigger"])
        only = trigger.only if trigger is not None else None
        if row["values"] is not None and only is not None:
            found += [
                Because(str(one), one.holds)
                for one in explain(only, json.loads(row["values"]), names, at=row["at"], zone=zone)
            ]
        made.append(Miss(plan.name, plan.titles.get(row["trigger"], _("a jump")), row["at"], tuple(found)))
    return made
