"""Publishing: an immutable version of a journey with its templates, from which on it lets contacts in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant, day_of
from journeys.engine import scratch
from journeys.engine.checking import checked
from journeys.engine.drafts import not_stale
from journeys.engine.enroll import admit, fill_candidates, subject_key
from journeys.engine.indexes import settle_indexes
from journeys.engine.letters import store_id
from journeys.engine.plan import Plan, Plans
from journeys.engine.scratch import candidate
from journeys.engine.segments import Segments
from journeys.engine.sweep import admit_of_day, list_of_day
from journeys.graph.checks.kinds import UNKNOWN_KIND
from journeys.graph.content import hash_of
from journeys.graph.file import write_journey
from journeys.graph.journey import Journey, references_of
from journeys.graph.words import say_problem
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.triggers import ByDay
from journeys.nodes.triggers.on import Matching
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.catalogue import catalogue as catalogue_of
from journeys.store.store import Store
from journeys.store.wakeup import wake


class Blocked(KanwaError):
    """A journey with problems that keep it from being published."""

    text = N_(
        "“{journey}” has problems that keep it from being published:\n{problems}\nMend them, or give a reason for "
        "publishing all the same."
    )


class UnknownKinds(KanwaError):
    """A journey with nodes that nothing here can run; no reason helps."""

    text = N_("“{journey}” cannot be published:\n{problems}")


class NotToLive(KanwaError):
    """A stopped or archived journey is published, and nobody said that it is to live again."""

    text = N_(
        "“{journey}” is {state}. Publishing it would let contacts in again: say on purpose that it is to live again, or "
        "leave it."
    )


class NothingChanged(KanwaError):
    """The journey is already published just as it is."""

    text = N_("“{journey}” is already published just as it is, as version {number}.")


@dataclass(frozen=True, slots=True)
class Published:
    """A version that has just been published."""

    journey: int
    version: int
    number: int
    #: who was let in at once, where a trigger takes existing contacts
    entered: int
    #: the journey was paused, and stays so
    paused: bool
    #: of the version: what the next draft is based on
    hash: str
    #: what the checks found and did not block
    problems: tuple[Problem, ...]


def publish(
    store: Store,
    journey: Journey,
    templates: Mapping[str, Any],
    *,
    now: Instant,
    existing: bool | None = None,
    reason: str = "",
    over: bool = False,
    again: bool = False,
    catalogue: Callable[[Connection], Catalogue] = catalogue_of,
) -> Published:
    """Check the journey, keep it as a new version with its templates, and let it run from `now` on.

    `templates` maps the key of each template to its stored form. `existing` overrides what the triggers say about
    contacts who match already. Passages under way stay on their version until they are migrated. `over` publishes a
    draft that does not start from the newest version; `again` lets a stopped or archived journey live again. Raises,
    with nothing changed, Blocked where a check blocks and no `reason` is given; UnknownKinds whatever reason is given;
    NothingChanged where the newest version is the same, templates included; Stale or NotBasedOn; NotToLive.
    """
    with scratch.work(store, durable=True) as conn:
        zone = settings.workspace_zone(conn)
        known = catalogue(conn)
        report = checked(conn, journey, known, now=now)
        blocking = [problem for problem in report.problems if problem.severity is Severity.BLOCKS]
        unknown = [problem for problem in blocking if problem.check == UNKNOWN_KIND]
        if unknown:
            raise UnknownKinds(journey=journey.settings.name, problems=_told(unknown, journey))
        if blocking and not reason.strip():
            raise Blocked(journey=journey.settings.name, problems=_told(blocking, journey))
        # mails carry the store's id; hand-over only reads it
        store_id(conn)
        used = _used(journey, templates)
        hash_ = _hash_of(journey, used)
        row = _published(conn, journey)
        if row is not None:
            _may_follow(conn, row, journey, used, hash_, over=over, again=again, catalogue=known)
        plan = _new_version(conn, row, journey, used, hash_, now=now, reason=reason.strip())
        segments = Segments()
        segments.rebase(conn, segments.not_worked_out_of(conn, plan.segments), now=now, zone=zone)
        paused = conn.execute(select(t.journey.c.state).where(t.journey.c.id == plan.journey)).scalar_one() == "paused"
        wake(conn)
        entered = _take_existing(conn, plan, existing=existing, now=now, zone=zone, paused=paused)
    # by itself: nobody waits for a version while an index is made, and without one it only takes longer
    settle_indexes(store)
    return Published(
        journey=plan.journey,
        version=plan.version,
        number=plan.number,
        entered=entered,
        paused=paused,
        hash=hash_,
        problems=tuple(problem for problem in report.problems if problem not in blocking),
    )


def _told(problems: list[Problem], journey: Journey) -> str:
    # the same may be wrong with the journey's goal and with when members leave
    return "\n".join(dict.fromkeys(say_problem(problem, journey) for problem in problems))


def _used(journey: Journey, templates: Mapping[str, Any]) -> dict[str, Any]:
    """The templates that the journey's messages are made from, by key."""
    keys = {key for kind, key in references_of(journey) if kind == "template"}
    return {key: templates[key] for key in sorted(keys & set(templates))}


def _hash_of(journey: Journey, templates: Mapping[str, Any]) -> str:
    """What tells versions apart: a message that reads otherwise makes another version of the same graph."""
    text = json.dumps([hash_of(journey), templates], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _published(conn: Connection, journey: Journey) -> RowMapping | None:
    """The journey's row, held until the commit; None for one that was never published."""
    key = journey.settings.id
    return conn.execute(select(t.journey).where(t.journey.c.key == key).with_for_update()).mappings().one_or_none()


def _may_follow(
    conn: Connection,
    row: RowMapping,
    journey: Journey,
    templates: Mapping[str, Any],
    hash_: str,
    *,
    over: bool,
    again: bool,
    catalogue: Catalogue,
) -> None:
    """Refuse to publish where that needs a word more. Raises NotToLive, NothingChanged, Stale, NotBasedOn."""
    rests = row["state"] in ("stopped", "archived")
    if rests and not again:
        raise NotToLive(journey=row["name"], state=row["state"])
    newest = conn.execute(select(t.version).where(t.version.c.id == row["version"])).mappings().one()
    # one that lives again gets a version of its own in any case: what happened while it was stopped lets nobody in
    if newest["hash"] == hash_ and not rests:
        raise NothingChanged(journey=journey.settings.name, number=newest["number"])
    if newest["hash"] != hash_ and not over:
        not_stale(conn, journey, templates, newest=newest, catalogue=catalogue)


def _new_version(
    conn: Connection,
    row: RowMapping | None,
    journey: Journey,
    templates: Mapping[str, Any],
    hash_: str,
    *,
    now: Instant,
    reason: str,
) -> Plan:
    key, name = journey.settings.id, journey.settings.name
    if row is None:
        id_ = conn.execute(
            insert(t.journey).values(key=key, name=name, state="live", state_at=now).returning(t.journey.c.id)
        ).scalar_one()
    else:
        id_ = row["id"]
    last = conn.execute(select(func.max(t.version.c.number)).where(t.version.c.journey == id_)).scalar()
    version = conn.execute(
        insert(t.version)
        .values(
            journey=id_,
            number=(last or 0) + 1,
            published_at=now,
            hash=hash_,
            graph=write_journey(journey),
            reason=reason,
        )
        .returning(t.version.c.id)
    ).scalar_one()
    if templates:
        rows = [{"version": version, "key": key, "source": source} for key, source in templates.items()]
        conn.execute(insert(t.template), rows)
    # a paused journey stays paused under its new version; publishing does not resume it behind anybody's back
    conn.execute(
        update(t.journey)
        .where(t.journey.c.id == id_)
        .values(
            name=name,
            version=version,
            state=case((t.journey.c.state == "paused", "paused"), else_="live"),
            state_at=case((t.journey.c.state.in_(["stopped", "archived"]), now), else_=t.journey.c.state_at),
        )
    )
    return Plans().get(conn, version)


def _take_existing(
    conn: Connection, plan: Plan, *, existing: bool | None, now: Instant, zone: ZoneInfo, paused: bool
) -> int:
    """Let in who matches already, where the trigger or the publisher says so.

    Who is in the segment or on the stage, whose condition holds, who has been inactive for longer; and of a trigger that
    a day sets off those whose time of today is over.
    """
    entered = 0
    today = day_of(now, zone)
    for id_, trigger in plan.triggers.items():
        if plan.steps[id_].off or not (trigger.existing if existing is None else existing):
            continue
        matching = trigger.on.existing(now=now, zone=zone)
        if matching is not None:
            candidates = fill_candidates(conn, _at_once(plan, id_, matching, now))
            entered += admit(
                conn, plan, id_, candidates, as_of=now, now=now, zone=zone, record_misses=False, paused=paused
            ).entered
        if isinstance(trigger.on, ByDay) and trigger.on.falls_on(today):
            count = list_of_day(conn, plan, id_, today, zone=zone)
            # the others come in by the sweep of today
            count -= conn.execute(_DROP_COMING, {"now": now}).rowcount
            entered += admit_of_day(conn, plan, id_, count, today, now=now, zone=zone, paused=paused).entered
    return entered


_DROP_COMING = delete(candidate).where(candidate.c.due_at >= bindparam("now", type_=BigInteger()))


def _at_once(plan: Plan, trigger: str, matching: Matching, now: Instant) -> Select[Any]:
    """Those who match now, as `fill_candidates` wants them."""
    found = matching.subquery("matching")
    subject_kind, subject_id = plan.triggers[trigger].about_match(found)
    return (
        select(
            found.c.contact,
            null().cast(BigInteger).label("event"),
            literal(now, BigInteger()).label("at"),
            subject_kind,
            subject_id,
            subject_key(plan, subject_kind, subject_id).label("key"),
            literal(now, BigInteger()).label("due_at"),
        )
        .join(t.contact, t.contact.c.id == found.c.contact)
        .where(t.contact.c.erased_at.is_(None))
    )
