"""A person who asks to be erased leaves a tombstone and a hash, and nothing that names them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select

from journeys.base.time import Instant
from journeys.store import contacts
from journeys.store import tables as t
from journeys.store.attributes import define_attribute
from journeys.store.consent import NewConsent, record_consent
from journeys.store.contacts import UnknownContact, set_stage, set_tags
from journeys.store.contracts import NewContract, add_contracts
from journeys.store.definitions import define_funnel, define_product, define_purpose, define_segment, define_tag
from journeys.store.dialect import insert_ids
from journeys.store.erasing import erase
from journeys.store.opening import open_store
from journeys.store.purchases import NewPurchase, add_purchases
from journeys.store.store import Store
from journeys.store.suppression import is_suppressed, suppressed

NOW = Instant(1_700_000_000)
SECRET = "Wyjątkowska"


def person(conn: Connection, n: int) -> int:
    """A contact with something in every table that holds contacts."""
    row = {"email": f"{SECRET}{n}@b.pl", "phone": "+48601234567", "last_name": SECRET, "city": SECRET}
    (id_,) = contacts.add(conn, [row], now=NOW, source="test")
    set_tags(conn, add=[(id_, "vip")], now=NOW, source="test")
    set_stage(conn, [(id_, "sales", "lead")], now=NOW, source="test")
    record_consent(conn, [NewConsent(id_, "email", "newsletter", True, NOW, "test", ip="192.0.2.7")], now=NOW)
    add_purchases(
        conn,
        [NewPurchase(contact=id_, at=NOW, total=100, currency="PLN", order_id=f"{SECRET}{n}")],
        now=NOW,
        source="test",
    )
    add_contracts(conn, [NewContract(id_, "tea", "2026-01-01", "2026-12-31")], now=NOW, source="test")
    conn.execute(insert(t.membership).values(segment="all", contact=id_, from_at=NOW, reason="changed"))
    enrollment = {
        "journey": 1,
        "version": 1,
        "contact": id_,
        "entry": 1,
        "single": True,
        "trigger": "T",
        "since_at": NOW,
        "node": "WAIT",
        "arrived_at": NOW,
        "n": 1,
        "state": "active",
        "entered_at": NOW,
        "due_at": NOW + 500,
    }
    (passage,) = insert_ids(conn, t.enrollment, [enrollment])
    conn.execute(
        insert(t.hop).values(
            enrollment=passage,
            n=0,
            version=1,
            kind="edge",
            node="T",
            outlet="in",
            entered_at=NOW,
            left_at=NOW,
            values=f'{{"city": "{SECRET}"}}',
        )
    )
    for state in ("pending", "held", "claimed", "sent", "unknown"):
        conn.execute(
            insert(t.message).values(
                journey=1,
                version=1,
                enrollment=passage,
                node=state,
                visit=1,
                channel="email",
                contact=id_,
                template="hello",
                message_class="marketing",
                state=state,
                detail=f"550 no {SECRET}",
                made_at=NOW,
                due_at=NOW,
                not_before_at=NOW,
            )
        )
    conn.execute(
        insert(t.not_entered).values(
            journey=1, version=1, trigger="T", contact=id_, at=NOW, reason="audience", values=SECRET
        )
    )
    conn.execute(
        insert(t.import_change).values(
            import_batch=1, table_name="contact", row_key=str(id_), before={"last_name": SECRET}, after={}
        )
    )
    conn.execute(
        insert(t.import_change).values(
            import_batch=1, table_name="contact_tag", row_key=str(id_), before=None, after={"tag": SECRET}
        )
    )
    return id_


def ground(conn: Connection) -> None:
    define_attribute(conn, "city", "text")
    define_tag(conn, "vip")
    define_purpose(conn, "newsletter")
    define_funnel(conn, "sales", [("lead", "Lead")])
    define_product(conn, "tea", name="Tea")
    define_segment(conn, "all", {"all": []})
    conn.execute(insert(t.import_batch).values(kind="contacts", file="a.csv", started_at=NOW))
    conn.execute(insert(t.journey).values(key="J", name="J", state="live", state_at=NOW))
    conn.execute(insert(t.version).values(journey=1, number=1, published_at=NOW, hash="h", graph="{}"))


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.write() as conn:
        ground(conn)
        yield conn


def count(conn: Connection, table: Table) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_only_a_tombstone_stays_of_the_contact(conn: Connection) -> None:
    id_ = person(conn, 1)
    erase(conn, [id_], now=NOW)
    row = dict(conn.execute(select(t.contact)).mappings().one())
    kept = {name: value for name, value in row.items() if value is not None}
    assert kept == {"id": id_, "attributes": {}, "keys": {}, "draw": 0, "created_at": NOW, "erased_at": NOW}


@pytest.mark.parametrize(
    "table",
    [
        t.event,
        t.fresh,
        t.purchase,
        t.contract,
        t.consent,
        t.consent_now,
        t.contact_tag,
        t.contact_stage,
        t.membership,
        t.not_entered,
        t.import_change,
    ],
    ids=lambda table: table.name,
)
def test_children_go_and_those_of_others_stay(conn: Connection, table: Table) -> None:
    person(conn, 1)
    alone = count(conn, table)
    second = person(conn, 2)
    assert count(conn, table) == 2 * alone
    erase(conn, [second], now=NOW)
    assert count(conn, table) == alone


def test_every_table_that_names_a_contact_is_thought_of() -> None:
    """A new table with contacts in it fails here until `erase` knows it."""
    emptied = {"event", "purchase", "contract", "consent", "consent_now", "contact_tag", "contact_stage"}
    emptied |= {"membership", "not_entered", "rhythm", "event_month"}
    anonymous = {"enrollment", "message", "code"}
    named = {table.name for table in t.metadata.sorted_tables if "contact" in table.c}
    assert named == emptied | anonymous


def test_the_name_stands_nowhere_any_more(conn: Connection) -> None:
    erase(conn, [person(conn, 1)], now=NOW)
    for table in t.metadata.sorted_tables:
        for row in conn.execute(select(table)):
            assert SECRET.casefold() not in str(row).casefold(), table.name


def test_the_passage_ends_with_a_hop_and_a_count(conn: Connection) -> None:
    id_ = person(conn, 1)
    erase(conn, [id_], now=Instant(NOW + 60))
    passage = conn.execute(select(t.enrollment)).one()
    assert (passage.state, passage.reason, passage.ended_at, passage.due_at) == ("exited", "erased", NOW + 60, None)
    h = t.hop.c
    hops = conn.execute(select(h.n, h.kind, h.node, h.reason, h.entered_at, h.left_at, h["values"]).order_by(h.n)).all()
    assert [tuple(row) for row in hops] == [
        (0, "edge", "T", "", NOW, NOW, None),
        (1, "exit", "WAIT", "erased", NOW, NOW + 60, None),
    ]
    c = t.counter.c
    counted = conn.execute(select(c.version, c.node, c.outlet, c.reason, c.day, c.delta)).one()
    assert tuple(counted) == (1, "WAIT", "", "erased", "2023-11-14", 1)


def test_messages_on_their_way_are_cancelled_and_answers_emptied(conn: Connection) -> None:
    erase(conn, [person(conn, 1)], now=NOW)
    m = t.message.c
    rows = conn.execute(select(m.node, m.state, m.detail).order_by(m.id)).all()
    assert [tuple(row) for row in rows] == [
        ("pending", "cancelled", ""),
        ("held", "cancelled", ""),
        ("claimed", "cancelled", ""),
        ("sent", "sent", ""),
        ("unknown", "unknown", ""),
    ]


def test_the_addresses_stay_suppressed_by_their_hash_alone(conn: Connection) -> None:
    erase(conn, [person(conn, 1)], now=NOW)
    address = f"{SECRET}1@B.PL"
    assert suppressed(conn, "email", [address, "jan@b.pl"]) == {address: "erased"}
    assert is_suppressed(conn, "sms", "+48601234567")
    hashes = conn.execute(select(t.suppression.c.hash)).scalars().all()
    assert all(len(hash_) == 64 for hash_ in hashes)


def test_the_answer_names_what_lies_outside(conn: Connection) -> None:
    done = erase(conn, [person(conn, 1)], now=NOW)
    assert done.words() == [
        "1 contact was erased.",
        "3 messages on their way were cancelled.",
        "A keyed hash of the address stays, so that it is never written to again.",
        "Outside this store: 2 messages that were handed over lie with their recipients and the mail servers on the way.",
        "Outside this store: files that were imported, and exports made before, still hold the data.",
        "Outside this store: backups made before today still hold the data until they are deleted.",
    ]


def test_erasing_twice_does_nothing_the_second_time(conn: Connection) -> None:
    id_ = person(conn, 1)
    erase(conn, [id_], now=NOW)
    again = erase(conn, [id_, id_], now=Instant(NOW + 9))
    assert (again.contacts, again.cancelled) == (0, 0)
    assert conn.execute(select(t.contact.c.erased_at)).scalar_one() == NOW
    assert count(conn, t.hop) == 2


def test_an_unknown_contact_is_said_and_nobody_is_erased(store: Store) -> None:
    with store.write() as conn:
        ground(conn)
        id_ = person(conn, 1)
    with pytest.raises(UnknownContact, match="There is no contact “999”"), store.write() as conn:
        erase(conn, [id_, 999], now=NOW)
    with store.read() as conn:
        assert conn.execute(select(t.contact.c.last_name)).scalar_one() == SECRET
        assert conn.execute(select(t.enrollment.c.state)).scalar_one() == "active"


def test_the_file_does_not_hold_the_name_either(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = open_store(str(path), create=True)
    with store.write() as conn:
        ground(conn)
        id_ = person(conn, 1)
    with store.write() as conn:
        erase(conn, [id_], now=NOW)
    store.close()  # the last to close folds the log into the file
    raw: Any = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert SECRET.encode() not in raw
    assert SECRET.casefold().encode() not in raw
