"""The tables. Alembic builds them; this module is what the code speaks in, and a test holds the two against each other.

Columns ending in `_at` are UTC seconds, in `_on` ISO days (text), money is integer minor units beside a currency.
Keys of tables that people name (tag, segment, purpose …) are slugs that never change. JSON inside `hop.values` and
`not_entered.values` is text: it is written by set statements and read one row at a time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: 64-bit row id; plain INTEGER on SQLite, where only that is the rowid
Id = BigInteger().with_variant(Integer(), "sqlite")
#: text that compares byte by byte on both databases
Str = Text().with_variant(Text(collation="C"), "postgresql")
Json: TypeEngine[Any] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _contact(**options: Any) -> Column[int]:
    return Column("contact", Id, ForeignKey("contact.id"), nullable=False, **options)


contact = Table(
    "contact",
    metadata,
    _id(),
    Column("external_id", Str, unique=True),
    Column("email", Str),
    Column("phone", Str),
    Column("first_name", Str),
    Column("last_name", Str),
    Column("language", Str),
    Column("time_zone", Str),
    Column("preferred_channel", Str),
    #: attribute key → value of the attribute's type (date: ISO text, datetime: UTC seconds, list: array of text)
    Column("attributes", Json, nullable=False, server_default="{}"),
    #: folded forms of what is text: the columns above and attributes of type text, choice, list, under the same names
    Column("keys", Json, nullable=False, server_default="{}"),
    Column("email_key", Str, unique=True),
    #: random 31-bit integer given at creation; random splits are made of it
    Column("draw", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    #: set when the person was erased; every value is then null
    Column("erased_at", BigInteger),
    Column("import_batch", Id),
    Index("ix_contact_phone", "phone"),
    Index(
        "ix_contact_import_batch",
        "import_batch",
        sqlite_where=text("import_batch IS NOT NULL"),
        postgresql_where=text("import_batch IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

attribute = Table(
    "attribute",
    metadata,
    Column("key", Str, primary_key=True),
    Column("type", Str, nullable=False),
    Column("label", Str, nullable=False),
    Column("choices", Json, nullable=False, server_default="[]"),
    Column("unit", Str, nullable=False, server_default=""),
    CheckConstraint("type in ('text','number','date','datetime','boolean','choice','list')", name="type"),
)

tag = Table("tag", metadata, Column("key", Str, primary_key=True), Column("label", Str, nullable=False))

contact_tag = Table(
    "contact_tag",
    metadata,
    _contact(primary_key=True),
    Column("tag", Str, ForeignKey("tag.key"), primary_key=True),
    Column("added_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Index("ix_contact_tag_tag", "tag", "contact"),
    Index(
        "ix_contact_tag_expires_at",
        "expires_at",
        sqlite_where=text("expires_at IS NOT NULL"),
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
)

product = Table(
    "product",
    metadata,
    Column("key", Str, primary_key=True),
    Column("name", Str, nullable=False),
    Column("category", Str),
    Column("price", BigInteger),
    Column("currency", Str),
    #: pieces in stock; null: nobody says
    Column("stock", BigInteger),
    Column("data", Json, nullable=False, server_default="{}"),
    Column("import_batch", Id),
    Index("ix_product_category", "category"),
)
#: what happened to a product: triggers listen to it, passages are about it
product_event = Table(
    "product_event",
    metadata,
    _id(),
    Column("product", Str, nullable=False),
    #: "added", "price" (minor units of `currency`) or "stock" (pieces)
    Column("kind", Str, nullable=False),
    Column("at", BigInteger, nullable=False),
    #: null: there was none, or it was in another currency
    Column("old", BigInteger),
    Column("new", BigInteger),
    Column("currency", Str),
    #: never lets anybody in
    Column("quiet", Boolean, nullable=False),
    #: `at` until the engine has seen it; null afterwards, and for quiet ones
    Column("fresh_at", BigInteger),
    Column("import_batch", Id),
    Index("ix_product_event_product", "product", "at"),
    Index(
        "ix_product_event_fresh_at",
        "fresh_at",
        "id",
        sqlite_where=text("fresh_at IS NOT NULL"),
        postgresql_where=text("fresh_at IS NOT NULL"),
    ),
    CheckConstraint("kind in ('added','price','stock')", name="kind"),
    sqlite_autoincrement=True,
)

offer = Table(
    "offer",
    metadata,
    Column("key", Str, primary_key=True),
    Column("product", Str, ForeignKey("product.key")),
    Column("name", Str, nullable=False),
    Column("price", BigInteger),
    Column("currency", Str),
    Column("duration_days", Integer),
    Column("data", Json, nullable=False, server_default="{}"),
    Column("import_batch", Id),
)

purchase = Table(
    "purchase",
    metadata,
    _id(),
    Column("order_id", Str),
    _contact(),
    Column("at", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", Str, nullable=False),
    #: who this row is in an import: the given id, else a hash of its content and its n-th occurrence
    Column("identity", Str, unique=True),
    Column("import_batch", Id),
    #: whether the contact's `rhythm` knows of it
    Column("counted", Boolean, nullable=False, server_default=text("false")),
    Index("ix_purchase_contact_at", "contact", "at"),
    Index(
        "ix_purchase_not_counted",
        "at",
        "contact",
        sqlite_where=text("NOT counted"),
        postgresql_where=text("NOT counted"),
    ),
    Index("ix_purchase_at", "at"),
)

purchase_line = Table(
    "purchase_line",
    metadata,
    Column("purchase", Id, ForeignKey("purchase.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("product", Str, ForeignKey("product.key")),
    Column("quantity", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("ix_purchase_line_product", "product"),
)

#: the time from one purchase day to the next, in the workspace's zone: of a contact, of a segment, or of all (segment "")
rhythm = Table(
    "rhythm",
    metadata,
    _id(),
    Column("contact", Id, ForeignKey("contact.id"), unique=True),
    Column("segment", Str, unique=True),
    Column("gaps", Integer, nullable=False),
    Column("mean_seconds", BigInteger, nullable=False),
    Column("median_seconds", BigInteger, nullable=False),
)

contract = Table(
    "contract",
    metadata,
    _id(),
    _contact(),
    Column("product", Str, ForeignKey("product.key"), nullable=False),
    Column("offer", Str, ForeignKey("offer.key")),
    Column("start_on", Str, nullable=False),
    #: the last day on which the contact holds the product
    Column("end_on", Str, nullable=False),
    Column("duration_days", Integer, nullable=False),
    Column("recurring_now", Boolean, nullable=False),
    Column("recurring_initially", Boolean, nullable=False),
    Column("identity", Str, unique=True),
    Column("import_batch", Id),
    Index("ix_contract_contact", "contact"),
    Index("ix_contract_end_on", "end_on"),
)

purpose = Table("purpose", metadata, Column("key", Str, primary_key=True), Column("label", Str, nullable=False))
programme = Table("programme", metadata, Column("key", Str, primary_key=True), Column("label", Str, nullable=False))
survey = Table(
    "survey",
    metadata,
    Column("key", Str, primary_key=True),
    Column("label", Str, nullable=False),
    Column("kind", Str, nullable=False, server_default="nps"),
    Column("reasons", Json, nullable=False, server_default="[]"),
)
funnel = Table("funnel", metadata, Column("key", Str, primary_key=True), Column("label", Str, nullable=False))
stage = Table(
    "stage",
    metadata,
    Column("funnel", Str, ForeignKey("funnel.key"), primary_key=True),
    Column("key", Str, primary_key=True),
    Column("label", Str, nullable=False),
    Column("n", Integer, nullable=False),
)
contact_stage = Table(
    "contact_stage",
    metadata,
    _contact(primary_key=True),
    Column("funnel", Str, ForeignKey("funnel.key"), primary_key=True),
    Column("stage", Str, nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    Index("ix_contact_stage_funnel_stage", "funnel", "stage"),
)

#: codes that a journey gives away, such as coupons, by the pool they are taken from
code_pool = Table(
    "code_pool",
    metadata,
    Column("key", Str, primary_key=True),
    Column("label", Str, nullable=False),
    #: the pool runs low when fewer are left
    Column("low_at", Integer, nullable=False, server_default="50"),
)
code = Table(
    "code",
    metadata,
    _id(),
    Column("pool", Str, ForeignKey("code_pool.key"), nullable=False),
    Column("value", Str, nullable=False),
    #: what it is worth, in the shop's words: "10 %", "20 PLN"
    Column("worth", Str, nullable=False, server_default=""),
    #: the last day it is good for; 9999-12-31: for good
    Column("valid_until_on", Str, nullable=False, server_default="9999-12-31"),
    #: set once and never taken back; null: it can still be taken
    Column("taken_at", BigInteger),
    #: who has it, by which stay of which passage; null again once the person was erased
    Column("contact", Id, ForeignKey("contact.id")),
    Column("enrollment", Id),
    Column("visit", Integer),
    Column("used_at", BigInteger),
    Column("import_batch", Id),
    UniqueConstraint("pool", "value"),
    # one code a stay, whatever crashes; and where a message looks for the passage's newest
    Index(
        "uq_code_visit",
        "enrollment",
        "visit",
        unique=True,
        sqlite_where=text("enrollment IS NOT NULL"),
        postgresql_where=text("enrollment IS NOT NULL"),
    ),
    Index(
        "ix_code_free",
        "pool",
        "valid_until_on",
        "id",
        sqlite_where=text("taken_at IS NULL"),
        postgresql_where=text("taken_at IS NULL"),
    ),
    Index("ix_code_contact", "contact"),
    Index("ix_code_import_batch", "import_batch"),
)

event = Table(
    "event",
    metadata,
    _id(),
    _contact(),
    Column("kind", Str, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", Str, nullable=False),
    #: quiet events never let anybody in; they do end waits and passages
    Column("quiet", Boolean, nullable=False, server_default=text("false")),
    #: the message it answers
    Column("message", Id),
    Column("subject_kind", Str),
    Column("subject_id", Id),
    #: key of the product that the data names
    Column("product", Str),
    Column("data", Json, nullable=False, server_default="{}"),
    Column("identity", Str, unique=True),
    Column("import_batch", Id),
    Index("ix_event_contact_kind_at", "contact", "kind", "at"),
    Index("ix_event_kind_at", "kind", "at"),
    Index(
        "ix_event_product",
        "product",
        "kind",
        "at",
        sqlite_where=text("product IS NOT NULL"),
        postgresql_where=text("product IS NOT NULL"),
    ),
    Index(
        "ix_event_message",
        "message",
        sqlite_where=text("message IS NOT NULL"),
        postgresql_where=text("message IS NOT NULL"),
    ),
    Index(
        "ix_event_import_batch",
        "import_batch",
        sqlite_where=text("import_batch IS NOT NULL"),
        postgresql_where=text("import_batch IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

#: old events of tracking kinds, rolled up by `kanwa tidy`
event_month = Table(
    "event_month",
    metadata,
    _contact(primary_key=True),
    Column("kind", Str, primary_key=True),
    #: month of the workspace, "2026-11"
    Column("month", Str, primary_key=True),
    #: version and node whose message they answer; 0 and "" for those that answer none
    Column("version", Id, primary_key=True, autoincrement=False),
    Column("node", Str, primary_key=True),
    Column("times", Integer, nullable=False),
    #: how many of them were quiet
    Column("quiet", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: events the engine has not seen yet; those later than the tick stay until their time
fresh = Table(
    "fresh",
    metadata,
    Column("event", Id, ForeignKey("event.id"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_fresh_at_event", "at", "event"),
)

#: the log, append-only; the newest by (at, id) counts
consent = Table(
    "consent",
    metadata,
    _id(),
    _contact(),
    Column("channel", Str, nullable=False),
    Column("purpose", Str, ForeignKey("purpose.key"), nullable=False),
    Column("given", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("source", Str, nullable=False),
    #: why it was withdrawn: "unsubscribed", "complaint", "bounce", "imported" …; empty when given
    Column("reason", Str, nullable=False, server_default=""),
    #: version of the text the person agreed to
    Column("text_version", Str),
    Column("ip", Str),
    Column("confirmed_at", BigInteger),
    Column("identity", Str, unique=True),
    Column("import_batch", Id),
    Index("ix_consent_contact", "contact", "channel", "purpose", "at"),
)
consent_now = Table(
    "consent_now",
    metadata,
    _contact(primary_key=True),
    Column("channel", Str, primary_key=True),
    Column("purpose", Str, ForeignKey("purpose.key"), primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("consent", Id, nullable=False),
)
#: addresses never written to again; keyed hashes, so that an erased person stays erased
suppression = Table(
    "suppression",
    metadata,
    Column("channel", Str, primary_key=True),
    Column("hash", Str, primary_key=True),
    Column("reason", Str, nullable=False),
    Column("at", BigInteger, nullable=False),
)

segment = Table(
    "segment",
    metadata,
    Column("key", Str, primary_key=True),
    Column("label", Str, nullable=False),
    Column("criterion", Json, nullable=False),
    #: when membership was last worked out as a whole; null until a journey uses it
    Column("computed_at", BigInteger),
)
membership = Table(
    "membership",
    metadata,
    _id(),
    Column("segment", Str, ForeignKey("segment.key"), nullable=False),
    _contact(),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger),
    #: "changed", "time", "import" (quiet) or "rebased" (the segment itself was edited)
    Column("reason", Str, nullable=False),
    Column("left_reason", Str),
    Index(
        "uq_membership_open",
        "segment",
        "contact",
        unique=True,
        sqlite_where=text("to_at IS NULL"),
        postgresql_where=text("to_at IS NULL"),
    ),
    Index("ix_membership_contact", "contact"),
)

journey = Table(
    "journey",
    metadata,
    _id(),
    #: the id inside the journey file
    Column("key", Str, nullable=False, unique=True),
    Column("name", Str, nullable=False),
    Column("state", Str, nullable=False),
    Column("version", Id),
    Column("state_at", BigInteger, nullable=False),
    #: last workspace day swept for this journey (ISO)
    Column("swept_on", Str),
    #: goes up whenever members come to another version than the newest, so that runtimes notice
    Column("moves", Integer, nullable=False, server_default="0"),
    #: who matched when a version was published and is yet to be let in: the triggers, with how far each has come
    Column("existing", Json),
    CheckConstraint("state in ('live','paused','stopped','archived')", name="state"),
)
version = Table(
    "version",
    metadata,
    _id(),
    Column("journey", Id, ForeignKey("journey.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("hash", Str, nullable=False),
    #: the journey file as published
    Column("graph", Text, nullable=False),
    #: typed reason for publishing over a blocking problem
    Column("reason", Str, nullable=False, server_default=""),
    #: hops of ended passages that were tidied away; their counters stay
    Column("hops_tidied", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("journey", "number"),
)
#: one message template as it was when a version was published
template = Table(
    "template",
    metadata,
    Column("version", Id, ForeignKey("version.id"), primary_key=True),
    Column("key", Str, primary_key=True),
    Column("source", Json, nullable=False),
)

enrollment = Table(
    "enrollment",
    metadata,
    _id(),
    Column("journey", Id, ForeignKey("journey.id"), nullable=False),
    Column("version", Id, ForeignKey("version.id"), nullable=False),
    _contact(),
    Column("subject_kind", Str),
    Column("subject_id", Id),
    #: what re-entry is counted by beside the contact: "" or the subject
    Column("key", Str, nullable=False, server_default=""),
    #: the how-manieth passage of this contact under this key, from 1
    Column("entry", Integer, nullable=False),
    #: whether a second active passage under the key is forbidden (re-entry is not "always")
    Column("single", Boolean, nullable=False),
    Column("trigger", Str, nullable=False),
    Column("since_at", BigInteger, nullable=False),
    Column("since_event", Id),
    Column("node", Str, nullable=False),
    Column("arrived_at", BigInteger, nullable=False),
    #: hops made so far; with the enrollment it names the present stay
    Column("n", Integer, nullable=False),
    #: was put where it stands by an edit; what happens on arrival there is yet to be done
    Column("arriving", Boolean, nullable=False, server_default=text("false")),
    Column("woken_by", Id),
    #: JSON text: what the node it stands at has worked out and keeps until it leaves
    Column("noted", Text),
    Column("state", Str, nullable=False),
    Column("reason", Str, nullable=False, server_default=""),
    Column("entered_at", BigInteger, nullable=False),
    #: when the engine looks at it next; null: something must wake it
    Column("due_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("goal_at", BigInteger),
    #: the last message handed over before the goal, to which the goal is attributed; null: none
    Column("goal_message", Id),
    UniqueConstraint("journey", "contact", "key", "entry"),
    Index(
        "uq_enrollment_single",
        "journey",
        "contact",
        "key",
        unique=True,
        sqlite_where=text("state = 'active' AND single"),
        postgresql_where=text("state = 'active' AND single"),
    ),
    # by journey first: a paused journey's due members are then never walked over, and one live journey cannot
    # starve another
    Index(
        "ix_enrollment_due",
        "journey",
        "due_at",
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
    Index("ix_enrollment_contact", "contact"),
    CheckConstraint("state in ('active','goal','exited','finished','failed')", name="state"),
    sqlite_autoincrement=True,
)

hop = Table(
    "hop",
    metadata,
    Column("enrollment", Id, primary_key=True, autoincrement=False),
    #: the stay that ended with this hop, counted from 0 (the trigger)
    Column("n", Integer, primary_key=True),
    Column("version", Id, nullable=False),
    #: "edge", "goal", "exit", "jump", "migrate"
    Column("kind", Str, nullable=False),
    Column("node", Str, nullable=False),
    Column("outlet", Str, nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    Column("left_at", BigInteger, nullable=False),
    Column("reason", Str, nullable=False, server_default=""),
    #: JSON text, the values the decision compared
    Column("values", Text),
    sqlite_with_rowid=False,
)

not_entered = Table(
    "not_entered",
    metadata,
    _id(),
    Column("journey", Id, nullable=False),
    Column("version", Id, nullable=False),
    Column("trigger", Str, nullable=False),
    Column("contact", Id, nullable=False),
    Column("event", Id),
    Column("at", BigInteger, nullable=False),
    #: "audience", "re_entry", "inside", "late", "paused"
    Column("reason", Str, nullable=False),
    Column("values", Text),
    #: the match, for whoever is let in after a pause: its moment, what it is about, when it would have been due
    Column("matched_at", BigInteger),
    Column("subject_kind", Str),
    Column("subject_id", Id),
    Column("due_at", BigInteger),
    Index("ix_not_entered_contact", "contact", "journey"),
    Index("ix_not_entered_at", "at"),
)

message = Table(
    "message",
    metadata,
    _id(),
    Column("journey", Id, nullable=False),
    Column("version", Id, nullable=False),
    Column("enrollment", Id, nullable=False),
    Column("node", Str, nullable=False),
    #: the stay it was made in (enrollment.n)
    Column("visit", Integer, nullable=False),
    Column("channel", Str, nullable=False),
    Column("contact", Id, nullable=False),
    Column("template", Str, nullable=False),
    #: "marketing" or "service"
    Column("class", Str, nullable=False, key="message_class"),
    Column("purpose", Str, nullable=False, server_default=""),
    Column("sender", Str, nullable=False, server_default=""),
    Column("state", Str, nullable=False),
    Column("reason", Str, nullable=False, server_default=""),
    #: what a person reads under the reason: the server's answer, the rule's numbers; never a secret
    Column("detail", Str, nullable=False, server_default=""),
    Column("made_at", BigInteger, nullable=False),
    #: when its node was due; earlier than `made_at` where the engine came late
    Column("due_at", BigInteger, nullable=False),
    Column("not_before_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("worker", Str),
    Column("lease_until", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    #: when it began to count against caps
    Column("counted_at", BigInteger),
    #: its Message-ID, or the idempotency key of a webhook; deterministic
    Column("rfc_id", Str),
    #: the code it shows: the passage's newest when it was made
    Column("code", Id),
    #: whether it may be handed over again when nobody knows what became of it; a webhook, where its node says so
    Column("repeatable", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("enrollment", "node", "visit", "channel"),
    Index("ix_message_counted", "contact", "counted_at"),
    Index("ix_message_rfc_id", "rfc_id"),
    Index(
        "ix_message_ready",
        "message_class",
        "not_before_at",
        "id",
        sqlite_where=text("state IN ('pending','held')"),
        postgresql_where=text("state IN ('pending','held')"),
    ),
    Index(
        "ix_message_lease",
        "lease_until",
        sqlite_where=text("state IN ('claimed','started')"),
        postgresql_where=text("state IN ('claimed','started')"),
    ),
    # what went out within 24 hours, to whichever address
    Index(
        "ix_message_handed_over",
        "ended_at",
        sqlite_where=text("state IN ('sent','unknown')"),
        postgresql_where=text("state IN ('sent','unknown')"),
    ),
    CheckConstraint(
        "state in ('pending','held','claimed','started','sent','failed','skipped','expired','cancelled','unknown')",
        name="state",
    ),
    sqlite_autoincrement=True,
)

#: deltas, written in the commit of the moves they count; folded by one job
counter = Table(
    "counter",
    metadata,
    _id(),
    Column("version", Id, nullable=False),
    Column("node", Str, nullable=False),
    Column("outlet", Str, nullable=False),
    Column("reason", Str, nullable=False),
    Column("day", Str, nullable=False),
    Column("delta", Integer, nullable=False),
    Index("ix_counter_version_node", "version", "node"),
)

#: tables of the outside that are fetched over HTTP: the weather by region, the state of the roads
feed = Table(
    "feed",
    metadata,
    Column("key", Str, primary_key=True),
    Column("url", Str, nullable=False),
    #: "json" or "csv"
    Column("format", Str, nullable=False),
    #: where in a JSON document the rows are, names joined by dots; "": the document itself
    Column("rows_at", Str, nullable=False, server_default=""),
    #: the field that names a row, such as the region
    Column("key_field", Str, nullable=False),
    Column("every_minutes", Integer, nullable=False),
    #: whether it may lie at an address of a private network
    Column("private", Boolean, nullable=False),
    Column("etag", Str),
    Column("last_modified", Str),
    #: the last time it was read, whether anything was new or not; null: never, so that nothing has changed yet
    Column("fetched_at", BigInteger),
    Column("next_at", BigInteger, nullable=False),
    #: failures since it was last read
    Column("failures", Integer, nullable=False, server_default="0"),
    #: the sentence of the last failure; "" when it was read
    Column("error", Str, nullable=False, server_default=""),
    CheckConstraint("format in ('json','csv')", name="format"),
)
feed_row = Table(
    "feed_row",
    metadata,
    _id(),
    Column("feed", Str, ForeignKey("feed.key"), nullable=False),
    Column("key", Str, nullable=False),
    #: `key` folded, as the keys of contacts are
    Column("match_key", Str, nullable=False),
    Column("data", Json, nullable=False),
    #: as the engine last saw it; null: it was not there
    Column("before", Json),
    Column("changed_at", BigInteger, nullable=False),
    #: `changed_at` until the engine has seen the change
    Column("fresh_at", BigInteger),
    #: since when the feed does not have it any more; `data` is then empty
    Column("gone_at", BigInteger),
    UniqueConstraint("feed", "key"),
    Index(
        "ix_feed_row_fresh_at",
        "fresh_at",
        "id",
        sqlite_where=text("fresh_at IS NOT NULL"),
        postgresql_where=text("fresh_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

account = Table(
    "account",
    metadata,
    Column("key", Str, primary_key=True),
    Column("channel", Str, nullable=False),
    #: host, port, security, user …; the password is in the keyring
    Column("settings", Json, nullable=False),
    #: set at the first hand-over; a store that has it refuses a simulated clock
    Column("used_at", BigInteger),
)
sender = Table(
    "sender",
    metadata,
    Column("key", Str, primary_key=True),
    Column("account", Str, ForeignKey("account.key")),
    Column("from_name", Str, nullable=False),
    Column("from_address", Str, nullable=False),
    Column("reply_to", Str),
    Column("postal_address", Str, nullable=False, server_default=""),
    #: d= and s= of its DKIM signature, both or neither; the key is in the keyring
    Column("dkim_domain", Str),
    Column("dkim_selector", Str),
)
#: how much of a limit of an account is used, in the window that began last; a row is made at the first need
allowance = Table(
    "allowance",
    metadata,
    Column("account", Str, ForeignKey("account.key"), primary_key=True),
    #: "second", "minute", "hour", "day"
    Column("unit", Str, primary_key=True),
    Column("starts_at", BigInteger, nullable=False),
    Column("used", Integer, nullable=False),
    #: messages put off beyond this window; they are spread over the next ones
    Column("put_off", Integer, nullable=False, server_default="0"),
    #: those among them of class service, which wait for each other alone
    Column("put_off_service", Integer, nullable=False, server_default="0"),
)
policy = Table(
    "policy",
    metadata,
    #: "quiet_hours", "cap"
    Column("kind", Str, primary_key=True),
    Column("settings", Json, nullable=False),
)
lease = Table(
    "lease",
    metadata,
    Column("name", Str, primary_key=True),
    Column("holder", Str, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("data", Json, nullable=False, server_default="{}"),
)
setting = Table("setting", metadata, Column("key", Str, primary_key=True), Column("value", Json, nullable=False))

import_batch = Table(
    "import_batch",
    metadata,
    _id(),
    #: "contacts", "events", "purchases" …
    Column("kind", Str, nullable=False),
    Column("file", Str, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("undone_at", BigInteger),
    #: when what undoing it needs was tidied away
    Column("tidied_at", BigInteger),
    Column("rows_read", Integer, nullable=False, server_default="0"),
    Column("rows_added", Integer, nullable=False, server_default="0"),
    Column("rows_changed", Integer, nullable=False, server_default="0"),
    Column("rows_refused", Integer, nullable=False, server_default="0"),
    Column("mapping", Json, nullable=False, server_default="{}"),
)
#: what an import overwrote, so that it can be undone
import_change = Table(
    "import_change",
    metadata,
    _id(),
    Column("import_batch", Id, ForeignKey("import_batch.id"), nullable=False),
    Column("table_name", Str, nullable=False),
    Column("row_key", Str, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Index("ix_import_change_import_batch", "import_batch"),
)

#: the state of a passage under way, for WHERE clauses: a bound parameter would hide the partial indexes from both planners
ACTIVE: ColumnElement[str] = literal_column("'active'", Str)


def words(*texts: str) -> list[ColumnElement[str]]:
    """Words of ours as literals, for IN: a list of parameters is put into a statement's text anew each time it runs."""
    return [literal_column(f"'{text}'", Str) for text in texts]


#: states of journeys whose members walk and whose messages go out
RUNNING = words("live", "stopped")
