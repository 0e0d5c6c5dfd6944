"""What a step may ask of a member: the passage it is on, the messages it has had, the events since some moment."""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, and_, func, or_, select

from journeys.criteria import Frame, Passage
from journeys.nodes.cohort import Cohort, members
from journeys.store.tables import message


def frame_of(cohort: Cohort) -> Frame:
    """What a criterion is compiled against to be asked of members."""
    c = members.c
    passage = Passage(
        id=c.id, since_at=c.since_at, since_event=c.since_event, subject_kind=c.subject_kind, subject_id=c.subject_id
    )
    return Frame(contact=c.contact, moments=cohort.moments, dialect=cohort.dialect, passage=passage)


def messages_of(node: str) -> Select[tuple[int]]:
    """Ids of the messages that this passage had from a send."""
    return select(message.c.id).where(message.c.enrollment == members.c.id, message.c.node == node).correlate(members)


def first_made_at(node: str) -> ColumnElement[int | None]:
    """When this passage's first message of a send was made; NULL before."""
    return (
        select(func.min(message.c.made_at))
        .where(message.c.enrollment == members.c.id, message.c.node == node)
        .correlate(members)
        .scalar_subquery()
    )


def newest_made_at() -> ColumnElement[int | None]:
    """When this passage's newest message to the contact was made; NULL before the first."""
    return (
        select(func.max(message.c.made_at, type_=BigInteger()))
        .where(message.c.enrollment == members.c.id, message.c.channel != "webhook")
        .correlate(members)
        .scalar_subquery()
    )


def since_entry(event: FromClause) -> ColumnElement[bool]:
    """Later, by (at, id), than the event that triggered; without one, than the moment the match was computed for."""
    return or_(
        event.c.at > members.c.since_at,
        and_(event.c.at == members.c.since_at, event.c.id > members.c.since_event),
    )
