"""The whole way on real data: import, consents, segment, publish, nine months on a simulated clock, mail as files."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.channels.file_sink import FileSink
from journeys.engine.deliver import Delivery
from journeys.engine.letters import LetterWriter
from journeys.engine.publish import publish
from journeys.engine.tick import Engine
from journeys.graph.file import read_journey
from journeys.messages.links import LinkKeys
from journeys.messages.template import Template, to_json
from journeys.runtime.beat import Runner
from journeys.runtime.simulated import run_until
from journeys.store import definitions
from journeys.store import tables as t
from journeys.store.importing import Options, import_file
from journeys.store.store import Store
from tests.e2e import cdnow

KEYS = LinkKeys("a", {"a": b"0123456789abcdef0123456789abcdef"})


def bring_in(store: Store, folder: Path, every: int) -> Path:
    """The purchases and their consents."""
    file = folder / "CDNOW_master.txt"
    file.write_text("".join(cdnow.lines(every)), encoding="ascii", newline="")
    clock = SetClock(Instant(cdnow.midnight(cdnow.START)))
    options = Options(
        address_template="{customer}@cdnow.test",
        defaults={"currency": "USD"},
        create_contacts=True,
    )
    import_file(store, "purchases", file, options=options, clock=clock)
    consents = folder / "consents.csv"
    with store.read() as conn:
        addresses = conn.execute(select(t.contact.c.email)).scalars().all()
    with consents.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["email", "channel", "purpose", "given", "at"])
        writer.writerows([address, "email", "newsletter", "yes", "1997-01-01"] for address in addresses)
    import_file(store, "consents", consents, options=Options(create_names=True), clock=clock)
    return file


def run(store: Store, folder: Path, every: int) -> tuple[cdnow.Days, Counter[str]]:
    """Publish and run; what happened per day, and where passages stand."""
    bring_in(store, folder, every)
    with store.write() as conn:
        definitions.define_segment(conn, "lapsed-90", label="Lapsed", criterion=cdnow.SEGMENT)
        conn.execute(
            insert(t.sender).values(key="shop", from_name="Shop", from_address="shop@cdnow.test", postal_address="")
        )
    templates = {
        key: to_json(Template(key=key, subject="Hello", body="<html><body><p>Hello</p></body></html>", markup="html"))
        for key in ("regular", "one-timer", "reminder")
    }
    clock = SetClock(Instant(cdnow.midnight(cdnow.START)))
    publish(store, read_journey(json.dumps(cdnow.JOURNEY)), templates, now=clock.now(), reason="a test")
    engine = Engine(store)
    delivery = Delivery(
        store=store,
        plans=engine.plans,
        channel=FileSink(folder / "mail"),
        writer=LetterWriter(engine.plans, KEYS),
        worker="test",
        clock=clock.now,
        group=50,
    )
    run_until(Runner(engine, delivery), clock, Instant(cdnow.midnight(cdnow.END)))
    days = cdnow.Days()
    with store.read() as conn:
        for row in conn.execute(select(t.enrollment)):
            days.entered[cdnow.day_at(row.entered_at)] += 1
            if row.state == "exited":
                days.exited[cdnow.day_at(row.ended_at)] += 1
        for row in conn.execute(select(t.message.c.ended_at).where(t.message.c.state == "sent")):
            days.sent[cdnow.day_at(row.ended_at)] += 1
        states = Counter(conn.execute(select(t.message.c.state)).scalars().all())
    return days, states


def compare(store: Store, folder: Path, every: int) -> cdnow.Days:
    days, states = run(store, folder, every)
    expected = cdnow.walk(every)
    assert days.entered == expected.entered
    assert days.exited == expected.exited
    assert days.sent == expected.sent
    assert set(states) == {"sent"}
    assert len(list((folder / "mail").rglob("*.eml"))) == days.sent.total()
    return days


def test_a_win_back_journey_does_to_every_40th_customer_what_a_plain_walk_says(store: Store, tmp_path: Path) -> None:
    compare(store, tmp_path, every=40)


@pytest.mark.long
def test_a_win_back_journey_does_to_all_customers_what_a_plain_walk_says(sqlite_store: Store, tmp_path: Path) -> None:
    days = compare(sqlite_store, tmp_path, every=1)
    assert days.entered[date(1997, 10, 1)] == 19_363
