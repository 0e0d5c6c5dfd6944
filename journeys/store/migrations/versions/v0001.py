"""The first structure of a store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# as they were when this was written; those of tables.py go on
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Str = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("key", Str, nullable=False),
        sa.Column("channel", Str, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="pk_account"),
    )
    op.create_table(
        "attribute",
        sa.Column("key", Str, nullable=False),
        sa.Column("type", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.Column("choices", Json, server_default="[]", nullable=False),
        sa.Column("unit", Str, server_default="", nullable=False),
        sa.CheckConstraint(
            "type in ('text','number','date','datetime','boolean','choice','list')", name=op.f("ck_attribute_type")
        ),
        sa.PrimaryKeyConstraint("key", name="pk_attribute"),
    )
    op.create_table(
        "contact",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("external_id", Str),
        sa.Column("email", Str),
        sa.Column("phone", Str),
        sa.Column("first_name", Str),
        sa.Column("last_name", Str),
        sa.Column("language", Str),
        sa.Column("time_zone", Str),
        sa.Column("preferred_channel", Str),
        sa.Column("attributes", Json, server_default="{}", nullable=False),
        sa.Column("keys", Json, server_default="{}", nullable=False),
        sa.Column("email_key", Str),
        sa.Column("draw", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger()),
        sa.Column("import_batch", Id),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("email_key", name="uq_contact_email_key"),
        sa.UniqueConstraint("external_id", name="uq_contact_external_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_contact_import_batch",
        "contact",
        ["import_batch"],
        sqlite_where=sa.text("import_batch IS NOT NULL"),
        postgresql_where=sa.text("import_batch IS NOT NULL"),
    )
    op.create_index("ix_contact_phone", "contact", ["phone"])
    op.create_table(
        "counter",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("node", Str, nullable=False),
        sa.Column("outlet", Str, nullable=False),
        sa.Column("reason", Str, nullable=False),
        sa.Column("day", Str, nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_counter"),
    )
    op.create_index("ix_counter_version_node", "counter", ["version", "node"])
    op.create_table(
        "funnel",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_funnel"),
    )
    op.create_table(
        "hop",
        sa.Column("enrollment", Id, autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("node", Str, nullable=False),
        sa.Column("outlet", Str, nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", Str, server_default="", nullable=False),
        sa.Column("values", sa.Text()),
        sa.PrimaryKeyConstraint("enrollment", "n", name="pk_hop"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_batch",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("file", Str, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("undone_at", sa.BigInteger()),
        sa.Column("tidied_at", sa.BigInteger()),
        sa.Column("rows_read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_added", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rows_refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mapping", Json, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
    )
    op.create_table(
        "journey",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("state", Str, nullable=False),
        sa.Column("version", Id),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("swept_on", Str),
        sa.Column("moves", sa.Integer(), server_default="0", nullable=False),
        sa.Column("existing", Json),
        sa.CheckConstraint("state in ('live','paused','stopped','archived')", name=op.f("ck_journey_state")),
        sa.PrimaryKeyConstraint("id", name="pk_journey"),
        sa.UniqueConstraint("key", name="uq_journey_key"),
    )
    op.create_table(
        "lease",
        sa.Column("name", Str, nullable=False),
        sa.Column("holder", Str, nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("data", Json, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "message",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("journey", Id, nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("enrollment", Id, nullable=False),
        sa.Column("node", Str, nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("channel", Str, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("template", Str, nullable=False),
        sa.Column("class", Str, nullable=False),
        sa.Column("purpose", Str, server_default="", nullable=False),
        sa.Column("sender", Str, server_default="", nullable=False),
        sa.Column("state", Str, nullable=False),
        sa.Column("reason", Str, server_default="", nullable=False),
        sa.Column("detail", Str, server_default="", nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worker", Str),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("counted_at", sa.BigInteger()),
        sa.Column("rfc_id", Str),
        sa.Column("code", Id),
        sa.Column("repeatable", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "state in ('pending','held','claimed','started','sent','failed','skipped','expired','cancelled','unknown')",
            name=op.f("ck_message_state"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("enrollment", "node", "visit", "channel", name="uq_message_enrollment_node_visit_channel"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_counted", "message", ["contact", "counted_at"])
    op.create_index(
        "ix_message_handed_over",
        "message",
        ["ended_at"],
        sqlite_where=sa.text("state IN ('sent','unknown')"),
        postgresql_where=sa.text("state IN ('sent','unknown')"),
    )
    op.create_index(
        "ix_message_lease",
        "message",
        ["lease_until"],
        sqlite_where=sa.text("state IN ('claimed','started')"),
        postgresql_where=sa.text("state IN ('claimed','started')"),
    )
    op.create_index(
        "ix_message_ready",
        "message",
        ["class", "not_before_at", "id"],
        sqlite_where=sa.text("state IN ('pending','held')"),
        postgresql_where=sa.text("state IN ('pending','held')"),
    )
    op.create_index("ix_message_rfc_id", "message", ["rfc_id"])
    op.create_table(
        "not_entered",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("journey", Id, nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("trigger", Str, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("event", Id),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", Str, nullable=False),
        sa.Column("values", sa.Text()),
        sa.Column("matched_at", sa.BigInteger()),
        sa.Column("subject_kind", Str),
        sa.Column("subject_id", Id),
        sa.Column("due_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_not_entered"),
    )
    op.create_index("ix_not_entered_at", "not_entered", ["at"])
    op.create_index("ix_not_entered_contact", "not_entered", ["contact", "journey"])
    op.create_table(
        "policy",
        sa.Column("kind", Str, nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_policy"),
    )
    op.create_table(
        "product",
        sa.Column("key", Str, nullable=False),
        sa.Column("name", Str, nullable=False),
        sa.Column("category", Str),
        sa.Column("price", sa.BigInteger()),
        sa.Column("currency", Str),
        sa.Column("stock", sa.BigInteger()),
        sa.Column("data", Json, server_default="{}", nullable=False),
        sa.Column("import_batch", Id),
        sa.PrimaryKeyConstraint("key", name="pk_product"),
    )
    op.create_index("ix_product_category", "product", ["category"])
    op.create_table(
        "product_event",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("product", Str, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("old", sa.BigInteger()),
        sa.Column("new", sa.BigInteger()),
        sa.Column("currency", Str),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("fresh_at", sa.BigInteger()),
        sa.Column("import_batch", Id),
        sa.CheckConstraint("kind in ('added','price','stock')", name=op.f("ck_product_event_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_product_event"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_product_event_fresh_at",
        "product_event",
        ["fresh_at", "id"],
        sqlite_where=sa.text("fresh_at IS NOT NULL"),
        postgresql_where=sa.text("fresh_at IS NOT NULL"),
    )
    op.create_index("ix_product_event_product", "product_event", ["product", "at"])
    op.create_table(
        "feed",
        sa.Column("key", Str, nullable=False),
        sa.Column("url", Str, nullable=False),
        sa.Column("format", Str, nullable=False),
        sa.Column("rows_at", Str, server_default="", nullable=False),
        sa.Column("key_field", Str, nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("etag", Str),
        sa.Column("last_modified", Str),
        sa.Column("fetched_at", sa.BigInteger()),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", Str, server_default="", nullable=False),
        sa.CheckConstraint("format in ('json','csv')", name=op.f("ck_feed_format")),
        sa.PrimaryKeyConstraint("key", name="pk_feed"),
    )
    op.create_table(
        "feed_row",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("feed", Str, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("match_key", Str, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("before", Json),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("fresh_at", sa.BigInteger()),
        sa.Column("gone_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["feed"], ["feed.key"], name="fk_feed_row_feed"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_row"),
        sa.UniqueConstraint("feed", "key", name="uq_feed_row_feed_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_feed_row_fresh_at",
        "feed_row",
        ["fresh_at", "id"],
        sqlite_where=sa.text("fresh_at IS NOT NULL"),
        postgresql_where=sa.text("fresh_at IS NOT NULL"),
    )
    op.create_table(
        "programme",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_programme"),
    )
    op.create_table(
        "purpose",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_purpose"),
    )
    op.create_table(
        "segment",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.Column("criterion", Json, nullable=False),
        sa.Column("computed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="pk_segment"),
    )
    op.create_table(
        "setting",
        sa.Column("key", Str, nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )
    op.create_table(
        "suppression",
        sa.Column("channel", Str, nullable=False),
        sa.Column("hash", Str, nullable=False),
        sa.Column("reason", Str, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "hash", name="pk_suppression"),
    )
    op.create_table(
        "survey",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.Column("kind", Str, server_default="nps", nullable=False),
        sa.Column("reasons", Json, server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_survey"),
    )
    op.create_table(
        "tag",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_tag"),
    )
    op.create_table(
        "code_pool",
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.Column("low_at", sa.Integer(), server_default="50", nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_code_pool"),
    )
    op.create_table(
        "code",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("pool", Str, nullable=False),
        sa.Column("value", Str, nullable=False),
        sa.Column("worth", Str, server_default="", nullable=False),
        sa.Column("valid_until_on", Str, server_default="9999-12-31", nullable=False),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("contact", Id),
        sa.Column("enrollment", Id),
        sa.Column("visit", sa.Integer()),
        sa.Column("used_at", sa.BigInteger()),
        sa.Column("import_batch", Id),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_code_contact"),
        sa.ForeignKeyConstraint(["pool"], ["code_pool.key"], name="fk_code_pool"),
        sa.PrimaryKeyConstraint("id", name="pk_code"),
        sa.UniqueConstraint("pool", "value", name="uq_code_pool_value"),
    )
    op.create_index("ix_code_contact", "code", ["contact"])
    op.create_index(
        "ix_code_free",
        "code",
        ["pool", "valid_until_on", "id"],
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_index("ix_code_import_batch", "code", ["import_batch"])
    op.create_index(
        "uq_code_visit",
        "code",
        ["enrollment", "visit"],
        unique=True,
        sqlite_where=sa.text("enrollment IS NOT NULL"),
        postgresql_where=sa.text("enrollment IS NOT NULL"),
    )
    op.create_table(
        "consent",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("channel", Str, nullable=False),
        sa.Column("purpose", Str, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("source", Str, nullable=False),
        sa.Column("reason", Str, server_default="", nullable=False),
        sa.Column("text_version", Str),
        sa.Column("ip", Str),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.Column("identity", Str),
        sa.Column("import_batch", Id),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_consent_contact"),
        sa.ForeignKeyConstraint(["purpose"], ["purpose.key"], name="fk_consent_purpose"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sa.UniqueConstraint("identity", name="uq_consent_identity"),
    )
    op.create_index("ix_consent_contact", "consent", ["contact", "channel", "purpose", "at"])
    op.create_table(
        "consent_now",
        sa.Column("contact", Id, nullable=False),
        sa.Column("channel", Str, nullable=False),
        sa.Column("purpose", Str, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("consent", Id, nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_consent_now_contact"),
        sa.ForeignKeyConstraint(["purpose"], ["purpose.key"], name="fk_consent_now_purpose"),
        sa.PrimaryKeyConstraint("contact", "channel", "purpose", name="pk_consent_now"),
    )
    op.create_table(
        "contact_stage",
        sa.Column("contact", Id, nullable=False),
        sa.Column("funnel", Str, nullable=False),
        sa.Column("stage", Str, nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_contact_stage_contact"),
        sa.ForeignKeyConstraint(["funnel"], ["funnel.key"], name="fk_contact_stage_funnel"),
        sa.PrimaryKeyConstraint("contact", "funnel", name="pk_contact_stage"),
    )
    op.create_index("ix_contact_stage_funnel_stage", "contact_stage", ["funnel", "stage"])
    op.create_table(
        "contact_tag",
        sa.Column("contact", Id, nullable=False),
        sa.Column("tag", Str, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_contact_tag_contact"),
        sa.ForeignKeyConstraint(["tag"], ["tag.key"], name="fk_contact_tag_tag"),
        sa.PrimaryKeyConstraint("contact", "tag", name="pk_contact_tag"),
    )
    op.create_index(
        "ix_contact_tag_expires_at",
        "contact_tag",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_index("ix_contact_tag_tag", "contact_tag", ["tag", "contact"])
    op.create_table(
        "event",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("source", Str, nullable=False),
        sa.Column("quiet", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("message", Id),
        sa.Column("subject_kind", Str),
        sa.Column("subject_id", Id),
        sa.Column("product", Str),
        sa.Column("data", Json, server_default="{}", nullable=False),
        sa.Column("identity", Str),
        sa.Column("import_batch", Id),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_event_contact"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("identity", name="uq_event_identity"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_contact_kind_at", "event", ["contact", "kind", "at"])
    op.create_index("ix_event_kind_at", "event", ["kind", "at"])
    op.create_index(
        "ix_event_product",
        "event",
        ["product", "kind", "at"],
        sqlite_where=sa.text("product IS NOT NULL"),
        postgresql_where=sa.text("product IS NOT NULL"),
    )
    op.create_index(
        "ix_event_import_batch",
        "event",
        ["import_batch"],
        sqlite_where=sa.text("import_batch IS NOT NULL"),
        postgresql_where=sa.text("import_batch IS NOT NULL"),
    )
    op.create_index(
        "ix_event_message",
        "event",
        ["message"],
        sqlite_where=sa.text("message IS NOT NULL"),
        postgresql_where=sa.text("message IS NOT NULL"),
    )
    op.create_table(
        "event_month",
        sa.Column("contact", Id, nullable=False),
        sa.Column("kind", Str, nullable=False),
        sa.Column("month", Str, nullable=False),
        sa.Column("version", Id, autoincrement=False, nullable=False),
        sa.Column("node", Str, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("quiet", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_event_month_contact"),
        sa.PrimaryKeyConstraint("contact", "kind", "month", "version", "node", name="pk_event_month"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_change",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("import_batch", Id, nullable=False),
        sa.Column("table_name", Str, nullable=False),
        sa.Column("row_key", Str, nullable=False),
        sa.Column("before", Json),
        sa.Column("after", Json),
        sa.ForeignKeyConstraint(["import_batch"], ["import_batch.id"], name="fk_import_change_import_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_import_change"),
    )
    op.create_index("ix_import_change_import_batch", "import_change", ["import_batch"])
    op.create_table(
        "membership",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("segment", Str, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger()),
        sa.Column("reason", Str, nullable=False),
        sa.Column("left_reason", Str),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_membership_contact"),
        sa.ForeignKeyConstraint(["segment"], ["segment.key"], name="fk_membership_segment"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
    )
    op.create_index("ix_membership_contact", "membership", ["contact"])
    op.create_index(
        "uq_membership_open",
        "membership",
        ["segment", "contact"],
        unique=True,
        sqlite_where=sa.text("to_at IS NULL"),
        postgresql_where=sa.text("to_at IS NULL"),
    )
    op.create_table(
        "offer",
        sa.Column("key", Str, nullable=False),
        sa.Column("product", Str),
        sa.Column("name", Str, nullable=False),
        sa.Column("price", sa.BigInteger()),
        sa.Column("currency", Str),
        sa.Column("duration_days", sa.Integer()),
        sa.Column("data", Json, server_default="{}", nullable=False),
        sa.Column("import_batch", Id),
        sa.ForeignKeyConstraint(["product"], ["product.key"], name="fk_offer_product"),
        sa.PrimaryKeyConstraint("key", name="pk_offer"),
    )
    op.create_table(
        "purchase",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Str),
        sa.Column("contact", Id, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", Str, nullable=False),
        sa.Column("identity", Str),
        sa.Column("import_batch", Id),
        sa.Column("counted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_purchase_contact"),
        sa.PrimaryKeyConstraint("id", name="pk_purchase"),
        sa.UniqueConstraint("identity", name="uq_purchase_identity"),
    )
    op.create_index("ix_purchase_contact_at", "purchase", ["contact", "at"])
    op.create_index(
        "ix_purchase_not_counted",
        "purchase",
        ["at", "contact"],
        sqlite_where=sa.text("NOT counted"),
        postgresql_where=sa.text("NOT counted"),
    )
    op.create_table(
        "rhythm",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("contact", Id),
        sa.Column("segment", Str),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("mean_seconds", sa.BigInteger(), nullable=False),
        sa.Column("median_seconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_rhythm_contact"),
        sa.PrimaryKeyConstraint("id", name="pk_rhythm"),
        sa.UniqueConstraint("contact", name="uq_rhythm_contact"),
        sa.UniqueConstraint("segment", name="uq_rhythm_segment"),
    )
    op.create_index("ix_purchase_at", "purchase", ["at"])
    op.create_table(
        "sender",
        sa.Column("key", Str, nullable=False),
        sa.Column("account", Str),
        sa.Column("from_name", Str, nullable=False),
        sa.Column("from_address", Str, nullable=False),
        sa.Column("reply_to", Str),
        sa.Column("postal_address", Str, server_default="", nullable=False),
        sa.Column("dkim_domain", Str),
        sa.Column("dkim_selector", Str),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name="fk_sender_account"),
        sa.PrimaryKeyConstraint("key", name="pk_sender"),
    )
    op.create_table(
        "allowance",
        sa.Column("account", Str, nullable=False),
        sa.Column("unit", Str, nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("put_off", sa.Integer(), server_default="0", nullable=False),
        sa.Column("put_off_service", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name="fk_allowance_account"),
        sa.PrimaryKeyConstraint("account", "unit", name="pk_allowance"),
    )
    op.create_table(
        "stage",
        sa.Column("funnel", Str, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("label", Str, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["funnel"], ["funnel.key"], name="fk_stage_funnel"),
        sa.PrimaryKeyConstraint("funnel", "key", name="pk_stage"),
    )
    op.create_table(
        "version",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("journey", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("hash", Str, nullable=False),
        sa.Column("graph", sa.Text(), nullable=False),
        sa.Column("reason", Str, server_default="", nullable=False),
        sa.Column("hops_tidied", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["journey"], ["journey.id"], name="fk_version_journey"),
        sa.PrimaryKeyConstraint("id", name="pk_version"),
        sa.UniqueConstraint("journey", "number", name="uq_version_journey_number"),
    )
    op.create_table(
        "contract",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("product", Str, nullable=False),
        sa.Column("offer", Str),
        sa.Column("start_on", Str, nullable=False),
        sa.Column("end_on", Str, nullable=False),
        sa.Column("duration_days", sa.Integer(), nullable=False),
        sa.Column("recurring_now", sa.Boolean(), nullable=False),
        sa.Column("recurring_initially", sa.Boolean(), nullable=False),
        sa.Column("identity", Str),
        sa.Column("import_batch", Id),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_contract_contact"),
        sa.ForeignKeyConstraint(["offer"], ["offer.key"], name="fk_contract_offer"),
        sa.ForeignKeyConstraint(["product"], ["product.key"], name="fk_contract_product"),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
        sa.UniqueConstraint("identity", name="uq_contract_identity"),
    )
    op.create_index("ix_contract_contact", "contract", ["contact"])
    op.create_index("ix_contract_end_on", "contract", ["end_on"])
    op.create_table(
        "enrollment",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("journey", Id, nullable=False),
        sa.Column("version", Id, nullable=False),
        sa.Column("contact", Id, nullable=False),
        sa.Column("subject_kind", Str),
        sa.Column("subject_id", Id),
        sa.Column("key", Str, server_default="", nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("single", sa.Boolean(), nullable=False),
        sa.Column("trigger", Str, nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("since_event", Id),
        sa.Column("node", Str, nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("arriving", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("woken_by", Id),
        sa.Column("noted", sa.Text()),
        sa.Column("state", Str, nullable=False),
        sa.Column("reason", Str, server_default="", nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("goal_at", sa.BigInteger()),
        sa.Column("goal_message", Id),
        sa.CheckConstraint("state in ('active','goal','exited','finished','failed')", name=op.f("ck_enrollment_state")),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name="fk_enrollment_contact"),
        sa.ForeignKeyConstraint(["journey"], ["journey.id"], name="fk_enrollment_journey"),
        sa.ForeignKeyConstraint(["version"], ["version.id"], name="fk_enrollment_version"),
        sa.PrimaryKeyConstraint("id", name="pk_enrollment"),
        sa.UniqueConstraint("journey", "contact", "key", "entry", name="uq_enrollment_journey_contact_key_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_enrollment_contact", "enrollment", ["contact"])
    op.create_index(
        "ix_enrollment_due",
        "enrollment",
        ["journey", "due_at"],
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "uq_enrollment_single",
        "enrollment",
        ["journey", "contact", "key"],
        unique=True,
        sqlite_where=sa.text("state = 'active' AND single"),
        postgresql_where=sa.text("state = 'active' AND single"),
    )
    op.create_table(
        "fresh",
        sa.Column("event", Id, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event"], ["event.id"], name="fk_fresh_event"),
        sa.PrimaryKeyConstraint("event", name="pk_fresh"),
    )
    op.create_index("ix_fresh_at_event", "fresh", ["at", "event"])
    op.create_table(
        "purchase_line",
        sa.Column("purchase", Id, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("product", Str),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["product"], ["product.key"], name="fk_purchase_line_product"),
        sa.ForeignKeyConstraint(["purchase"], ["purchase.id"], name="fk_purchase_line_purchase"),
        sa.PrimaryKeyConstraint("purchase", "n", name="pk_purchase_line"),
    )
    op.create_index("ix_purchase_line_product", "purchase_line", ["product"])
    op.create_table(
        "template",
        sa.Column("version", Id, nullable=False),
        sa.Column("key", Str, nullable=False),
        sa.Column("source", Json, nullable=False),
        sa.ForeignKeyConstraint(["version"], ["version.id"], name="fk_template_version"),
        sa.PrimaryKeyConstraint("version", "key", name="pk_template"),
    )
