"""Feeds of the outside: the weather, the roads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, FromClause, and_, false, func, not_, select

from journeys.base.i18n import _
from journeys.base.time import Instant
from journeys.criteria import Where
from journeys.criteria.saying import listed
from journeys.nodes.keys import Key, NotEmpty
from journeys.nodes.node import Around, Names
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.triggers.on import ByThing, Matching, SubjectKind, Things, about, say_at
from journeys.store import tables as t
from journeys.store.attribute_indexes import IndexOn
from journeys.store.dialect import typed_attribute
from journeys.store.fields import COLUMNS


class FeedTrigger(ByThing):
    """A row of a feed comes to fulfil a condition, and the contacts it concerns come in.

    Those whose attribute has the row's key as its value, whatever the case of its letters. It fires when the condition
    becomes true, and not again while it stays true; of a row that is new, when it is true at once. What the feed said
    when it was first read is where it starts from.
    """

    thing: ClassVar[SubjectKind] = "feed"
    has_existing: ClassVar[bool] = True

    type: Literal["feed"] = "feed"
    feed: Key = Field(title=_("Feed"))
    where: Annotated[Where, NotEmpty] = Field(title=_("When"))
    attribute: Key = Field(title=_("Concerns contacts whose"), description=_("Attribute that has the key of the row."))

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        return frozenset({"feed"})

    def things(self, contact: FromClause) -> Things:
        rows = t.feed_row
        return Things(
            rows=rows,
            matches=self.crosses(rows),
            at=rows.c.changed_at,
            concerns=self._concerns(rows, contact),
        )

    def crosses(self, rows: FromClause) -> ColumnElement[bool]:
        """Whether the condition holds of a row now, and did not as the engine last saw it."""
        held_before = and_(*(condition.sql(rows.c.before) for condition in self.where))
        return and_(self.fits(rows), not_(func.coalesce(held_before, false())))

    def fits(self, rows: FromClause) -> ColumnElement[bool]:
        """Whether the condition holds of a row now."""
        return and_(rows.c.feed == self.feed, *(condition.sql(rows.c.data) for condition in self.where))

    def _concerns(self, rows: FromClause, contact: FromClause) -> ColumnElement[bool]:
        return typed_attribute(contact.c["keys"], self.attribute, "text") == rows.c.match_key

    def existing(self, *, now: Instant, zone: ZoneInfo) -> Matching | None:
        rows, contact = t.feed_row, t.contact
        joined = rows.join(contact, self._concerns(rows, contact))
        return (
            select(contact.c.id.label("contact"), *about("feed", rows.c.id)).select_from(joined).where(self.fits(rows))
        )

    def words(self, names: Names) -> str:
        return _("“{feed}” comes to say, for the contact's “{attribute}”: {conditions}").format(
            feed=names.label("feed", self.feed),
            attribute=names.label("attribute", self.attribute),
            conditions=listed(condition.words() for condition in self.where),
        )

    def references(self) -> Iterator[tuple[str, str]]:
        yield "feed", self.feed
        yield "attribute", self.attribute

    def attributes(self) -> Iterator[tuple[str, IndexOn]]:
        yield self.attribute, "key"

    def problems(self, around: Around) -> Iterator[Problem]:
        entry = around.catalogue.attributes.get(self.attribute) if around.catalogue else None
        if entry is not None and self.attribute not in COLUMNS and entry.type not in ("text", "choice"):
            yield Problem(
                "no-text",
                Severity.BLOCKS,
                (around.node,),
                _("“{attribute}” is no text or choice; rows of a feed are found by one.").format(
                    attribute=self.attribute
                ),
                field="on.attribute",
            )

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        rows = t.feed_row
        own = typed_attribute(t.contact.c["keys"], self.attribute, "text")
        value = conn.execute(select(own).where(t.contact.c.id == contact)).scalar()
        attribute, feed = names.label("attribute", self.attribute), names.label("feed", self.feed)
        if value is None:
            yield _("The contact has no “{attribute}”.").format(attribute=attribute)
            return
        row = conn.execute(
            select(func.coalesce(self.fits(rows), false()).label("fits"), rows.c.changed_at, rows.c.key).where(
                rows.c.feed == self.feed, rows.c.match_key == value, rows.c.gone_at.is_(None)
            )
        ).first()
        if row is None:
            yield _("The feed “{feed}” has no row “{key}”.").format(feed=feed, key=value)
        elif row.fits:
            yield _("The condition holds for “{key}” already; it has to become true while the journey runs.").format(
                key=row.key
            )
        else:
            yield _("The condition does not hold for “{key}”, whose row changed last on {at}.").format(
                key=row.key, at=say_at(row.changed_at, zone)
            )
