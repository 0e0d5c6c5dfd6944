"""Publishing: an immutable version of a journey with its templates, from which on it lets contacts in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, case, func, insert, select, update

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.base.time import Instant
from journeys.engine import scratch
from journeys.engine.checking import checked
from journeys.engine.drafts import not_stale
from journeys.engine.existing import asked_of
from journeys.engine.indexes import settle_indexes
from journeys.engine.letters import store_id
from journeys.engine.plan import Plan, Plans
from journeys.engine.segments import Segments
from journeys.engine.states import state_words
from journeys.graph.checks.kinds import UNKNOWN_KIND
from journeys.graph.content import hash_of
from journeys.graph.file import write_journey
from journeys.graph.journey import Journey, references_of
from journeys.graph.words import say_problem
from journeys.nodes.problem import Problem, Severity
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.catalogue import catalogue as catalogue_of
from journeys.store.dialect import upsert
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
    contacts who match already: they come in by `existing.let_in_existing`, else by the next tick. Passages under way stay on their version until they are migrated. `over` publishes a
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
        row = _row(conn, journey, now=now)
        if row["version"] is not None:
            _may_follow(conn, row, journey, used, hash_, over=over, again=again, catalogue=known)
        plan = _new_version(conn, row, journey, used, hash_, now=now, existing=existing, reason=reason.strip())
        segments = Segments()
        segments.rebase(conn, segments.not_worked_out_of(conn, plan.segments), now=now, zone=zone)
        wake(conn)
    # by itself: nobody waits for a version while an index is made, and without one it only takes longer
    settle_indexes(store)
    return Published(
        journey=plan.journey,
        version=plan.version,
        number=plan.number,
        paused=row["state"] == "paused",
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


def _row(conn: Connection, journey: Journey, *, now: Instant) -> RowMapping:
    """The journey's row, held until the commit; one that was never published gets its row, without a version."""
    key, name = journey.settings.id, journey.settings.name
    held = select(t.journey).where(t.journey.c.key == key).with_for_update()
    row = conn.execute(held).mappings().one_or_none()
    if row is None:
        # somebody else may publish it for the first time at this moment: theirs is waited for, and followed
        new = upsert(conn, t.journey).values(key=key, name=name, state="live", state_at=now)
        conn.execute(new.on_conflict_do_nothing(index_elements=["key"]))
        row = conn.execute(held).mappings().one()
    return row


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
        raise NotToLive(journey=row["name"], state=state_words(row["state"]))
    newest = conn.execute(select(t.version).where(t.version.c.id == row["version"])).mappings().one()
    # one that lives again gets a version of its own in any case: what happened while it was stopped lets nobody in
    if newest["hash"] == hash_ and not rests:
        raise NothingChanged(journey=journey.settings.name, number=newest["number"])
    if newest["hash"] != hash_ and not over:
        not_stale(conn, journey, templates, newest=newest, catalogue=catalogue)


def _new_version(
    conn: Connection,
    row: RowMapping,
    journey: Journey,
    templates: Mapping[str, Any],
    hash_: str,
    *,
    now: Instant,
    existing: bool | None,
    reason: str,
) -> Plan:
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
            name=journey.settings.name,
            version=version,
            state=case((t.journey.c.state == "paused", "paused"), else_="live"),
            state_at=case((t.journey.c.state.in_(["stopped", "archived"]), now), else_=t.journey.c.state_at),
            # its own triggers may be about a time of today that is yet to come
            swept_on=None,
        )
    )
    plan = Plans().get(conn, version)
    noted = asked_of(plan, existing, now=now)
    if row["state"] in ("live", "paused"):
        # what an earlier version had yet to do
        noted += [one for one in row["existing"] or () if one["trigger"] not in {new["trigger"] for new in noted}]
    conn.execute(update(t.journey).where(t.journey.c.id == id_).values(existing=noted or None))
    return plan
