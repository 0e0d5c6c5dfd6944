"""Which rows are old enough to go: one query each, run both to count them and to find a lot.

Parameters: `before`, the moment; `after`, the id from which on to look (where a whole table is walked through); `nodes`
whose hops stay; of events their `kind`, the moment `after` and the `after_id` from which on to look, and `cutoff`, before
which an import must have ended.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Text, and_, bindparam, exists, or_, select, union

from journeys.store import tables as t

_before = bindparam("before", type_=BigInteger())
_cutoff = bindparam("cutoff", type_=BigInteger())
_after = bindparam("after", 0, type_=BigInteger())
_nodes = bindparam("nodes", type_=Text(), expanding=True)
_kind = bindparam("kind", type_=Text())
_after_id = bindparam("after_id", 0, type_=BigInteger())

_e, _h, _v, _m, _n = t.enrollment.c, t.hop.c, t.event.c, t.message.c, t.not_entered.c
_batch = t.import_batch.c

#: whom a pause kept out stays as long as the pause: resuming asks about them
_paused = exists(
    select(1).where(t.journey.c.id == _n.journey, t.journey.c.state == "paused", _n.at >= t.journey.c.state_at)
)
OLD_MISSES = select(_n.id).where(_n.at < _before, or_(_n.reason != "paused", ~_paused)).order_by(_n.at, _n.id)

_ended = and_(_e.state != "active", _e.ended_at < _before)
PASSAGES_WITH_OLD_HOPS = (
    select(_e.id)
    .where(
        _e.id > _after,
        _ended,
        exists(select(1).where(_h.enrollment == _e.id, or_(_h.node.not_in(_nodes), t.hop.c["values"].is_not(None)))),
    )
    .order_by(_e.id)
)
OLD_HOPS = select(_h.enrollment).join(t.enrollment, _e.id == _h.enrollment).where(_ended, _h.node.not_in(_nodes))

#: an import that is still under way, or was cut off, can be undone whatever its age
OLD_BATCHES = select(_batch.id).where(_batch.ended_at < _before, _batch.tidied_at.is_(None))
OLD_CHANGES = (
    select(t.import_change.c.id)
    .where(t.import_change.c.import_batch.in_(select(_batch.id).where(_batch.ended_at < _before)))
    .order_by(t.import_change.c.id)
)

_passage = t.enrollment.alias("passage")
#: a passage under way looks at everything since it began, and at what it is about
_under_way = exists(
    select(1).where(
        _passage.c.contact == _v.contact,
        _passage.c.state == t.ACTIVE,
        or_(
            _passage.c.since_at <= _v.at,
            _passage.c.since_event == _v.id,
            and_(_passage.c.subject_kind == "event", _passage.c.subject_id == _v.id),
        ),
    )
)
_undoable = exists(
    select(1).where(_batch.id == _v.import_batch, _batch.tidied_at.is_(None), _batch.undone_at.is_(None))
    .where(or_(_batch.ended_at.is_(None), _batch.ended_at >= _cutoff))
)  # fmt: skip
OLD_EVENTS = (
    select(_v.id, _v.at)
    .where(
        # one kind at a time, in the order of its index: lots of several kinds would be sorted anew each time
        _v.kind == _kind,
        _v.at >= _after,
        or_(_v.at > _after, _v.id > _after_id),
        _v.at < _before,
        ~_under_way,
        ~exists(select(1).where(t.fresh.c.event == _v.id)),
        ~and_(_v.import_batch.is_not(None), _undoable),
    )
    .order_by(_v.at, _v.id)
)

OLD_DETAILS = (
    select(_m.id)
    .where(
        _m.id > _after,
        _m.detail != "",
        _m.state.in_(["sent", "failed", "skipped", "expired", "cancelled"]),
        _m.ended_at < _before,
    )
    .order_by(_m.id)
)

_x = t.product_event.c
_later = t.product_event.alias("later")
OLD_PRODUCT_EVENTS = (
    select(_x.id)
    .where(
        _x.id > _after,
        _x.at < _before,
        _x.fresh_at.is_(None),
        # the newest tells when it happened last
        exists(
            select(1).where(
                _later.c.product == _x.product,
                _later.c.kind == _x.kind,
                _later.c.quiet == _x.quiet,
                _later.c.at >= _x.at,
                _later.c.id > _x.id,
            )
        ),
    )
    .order_by(_x.id)
)
#: of ended passages too: a message that failed may be tried again
PRODUCT_EVENTS_SPOKEN_OF = union(
    *(
        select(table.c.subject_id).where(table.c.subject_kind == "product", table.c.subject_id.is_not(None))
        for table in (t.enrollment, t.not_entered)
    )
)
