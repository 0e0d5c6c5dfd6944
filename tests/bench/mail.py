"""How fast mail goes out: mails a second from the outbox to a mail server, beside bare smtplib with the same bytes.

    uv run python -m tests.bench.mail [--mails 2000] [--processes 1] [--group 10] [--threads 1] [--json]

Each mail is a personal page of 26 KB, rendered for its contact, put together, handed over by SMTP on a persistent line
to a sink in a process of its own, and settled; the store is SQLite, as on a desktop. The limit is smtplib on one
persistent line a process, sending the mails that were sent.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import smtplib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, insert, select

from journeys.base.time import Instant
from journeys.channels.account import Account
from journeys.channels.channel import Channel, Handed, Mail, Session
from journeys.channels.smtp import SmtpChannel
from journeys.engine import scratch
from journeys.engine.deliver import Delivery, Letter, Unwritable, Writer
from journeys.engine.enroll import enroll_contacts
from journeys.engine.letters import LetterWriter
from journeys.engine.outbox import Claimed
from journeys.engine.plan import Plans
from journeys.engine.publish import publish
from journeys.engine.tick import Engine
from journeys.graph.file import read_journey
from journeys.messages.links import LinkKeys
from journeys.messages.template import Template, to_json
from journeys.store import settings
from journeys.store import tables as t
from journeys.store.opening import open_store
from journeys.store.store import Store
from tests.bench.sink import sink

START = Instant(1_767_225_600)  # 2026-01-01 00:00 UTC
KEYS = LinkKeys("bench", {"bench": b"0123456789abcdef0123456789abcdef"})
PAGE_BYTES = 26_000

_PARAGRAPH = (
    "<tr><td style='padding:8px 24px;font:16px/24px sans-serif;color:#222222'><p>Dear {{ contact.first_name }}, this is "
    "what we thought of for you in {{ contact.language }}: <a href='https://shop.test/thing/%d'>thing number %d</a>, "
    "made by hand, sent the same day, and yours to send back for a month.</p></td></tr>\n"
)


def page() -> str:
    """The template: a page of about 26 KB when rendered."""
    rows = [_PARAGRAPH % (n, n) for n in range(PAGE_BYTES // len(_PARAGRAPH) + 8)]
    return f"<html><body><table width='600'>{''.join(rows)}</table></body></html>"


def _journey() -> str:
    nodes = [
        ("TRIGGERA", "trigger", {"on": {"type": "list"}}),
        ("SENDAAAA", "send", {"template": "page", "message_class": "service"}),
    ]
    return json.dumps(
        {
            "kanwa": 1,
            "directed": True,
            "multigraph": True,
            "graph": {"id": "mail", "name": "Mail", "direction": "down"},
            "nodes": [
                {"id": id_, "kind": kind, "title": id_, "settings": made, "x": 0, "y": 0, "off": False, "comment": ""}
                for id_, kind, made in nodes
            ],
            "edges": [{"source": "TRIGGERA", "target": "SENDAAAA", "key": "in"}],
        }
    )


def fill(store: Store, mails: int) -> None:
    """As many messages that are ready to go."""
    people = [
        {
            "email": f"c{n}@bench.test", "email_key": f"c{n}@bench.test", "first_name": f"Żaneta {n}",
            "language": "pl" if n % 2 else "en", "attributes": {}, "keys": {}, "draw": n, "created_at": START,
        }
        for n in range(mails)
    ]  # fmt: skip
    with store.write() as conn:
        conn.execute(insert(t.contact), people)
        conn.execute(
            insert(t.sender).values(
                key="shop", from_name="Shop", from_address="shop@shop.test", postal_address="Street 1"
            )
        )
    template = Template("page", "For you, {{ contact.first_name }}", page(), markup="html")
    publish(store, read_journey(_journey()), {"page": to_json(template)}, now=START, reason="a benchmark")
    with scratch.work(store) as conn:
        journey = conn.execute(select(t.journey.c.id)).scalar_one()
        ids = list(conn.execute(select(t.contact.c.id)).scalars())
        enroll_contacts(conn, Plans(), journey, ids, now=START, zone=settings.workspace_zone(conn))
    Engine(store).tick(START)


@dataclass(slots=True)
class Spent:
    """Seconds of the clock by what they went into, and the bytes that were sent."""

    on: Counter[str] = field(default_factory=Counter)
    sent: list[tuple[str, bytes]] = field(default_factory=list)


class _TimedWriter:
    def __init__(self, writer: Writer, spent: Spent) -> None:
        self._writer = writer
        self._spent = spent

    def write(self, conn: Connection, messages: Sequence[Claimed], *, now: Instant) -> dict[int, Letter | Unwritable]:
        began = time.perf_counter()
        written = self._writer.write(conn, messages, now=now)
        self._spent.on["render"] += time.perf_counter() - began
        return written


class _TimedChannel:
    def __init__(self, channel: Channel, spent: Spent) -> None:
        self._channel = channel
        self._spent = spent

    def open(self) -> Session:
        return _TimedSession(self._channel.open(), self._spent)


class _TimedSession:
    def __init__(self, session: Session, spent: Spent) -> None:
        self._session = session
        self._spent = spent

    def hand_over(self, mail: Mail) -> Handed:
        began = time.perf_counter()
        handed = self._session.hand_over(mail)
        self._spent.on["smtp"] += time.perf_counter() - began
        self._spent.sent.append((mail.to, mail.content))
        return handed

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        self._session.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._session.__exit__(*exc_info)


def deliver(address: str, port: int, worker: str, group: int, threads: int) -> tuple[Spent, int, float]:
    """Hand over all that is ready: what it took, how many were sent, seconds of the processor."""
    store = open_store(address)
    spent = Spent()
    plans = Plans()
    delivery = Delivery(
        store=store,
        plans=plans,
        channel=_TimedChannel(
            SmtpChannel(Account(key="bench", host="127.0.0.1", port=port, security="plain"), None), spent
        ),
        writer=_TimedWriter(LetterWriter(plans, KEYS), spent),
        worker=worker,
        clock=lambda: START,
        group=group,
    )
    usage = _cpu()
    done = delivery.deliver(threads=threads)
    store.close()
    return spent, done.states["sent"], _cpu() - usage


def bare(port: int, mails: Sequence[tuple[str, bytes]]) -> None:
    """The same mails by smtplib on one line."""
    with smtplib.SMTP("127.0.0.1", port) as line:
        for to, content in mails:
            line.sendmail("shop@shop.test", [to], content)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _side_by_side(call: Any, arguments: Sequence[tuple[Any, ...]]) -> tuple[list[Any], float]:
    """What the calls return, each in a process of its own if there are several, and the seconds of all."""
    if len(arguments) == 1:
        began = time.perf_counter()
        return [call(*arguments[0])], time.perf_counter() - began
    with multiprocessing.get_context("spawn").Pool(len(arguments)) as pool:
        # the processes are up and have their modules before the clock runs
        pool.starmap(_ready, [()] * len(arguments), chunksize=1)
        began = time.perf_counter()
        return pool.starmap(call, arguments, chunksize=1), time.perf_counter() - began


def _ready() -> None:
    time.sleep(0.2)


def measure(mails: int, *, processes: int, group: int, threads: int) -> tuple[dict[str, float], dict[str, float]]:
    folder = Path(tempfile.mkdtemp(prefix="kanwa-bench-"))
    address = str(folder / "store.sqlite")
    store = open_store(address, create=True)
    try:
        fill(store, mails)
        store.close()
        with sink() as port:
            work = [(address, port, f"bench-{n}", group, threads) for n in range(processes)]
            results, took = _side_by_side(deliver, work)
            sent = sum(n for _, n, _ in results)
            assert sent == mails, f"{sent} of {mails} were sent"
            bytes_sent = [spent.sent for spent, _, _ in results]
            _, limit = _side_by_side(bare, [(port, share) for share in bytes_sent])
    finally:
        shutil.rmtree(folder)
    on = Counter[str]()
    for spent, _, _ in results:
        on.update(spent.on)
    content = sum(len(content) for share in bytes_sent for _, content in share)
    detail = {
        "render_ms": on["render"] / sent * 1000,
        "smtp_ms": on["smtp"] / sent * 1000,
        "store_ms": (took * processes * threads - on["render"] - on["smtp"]) / sent * 1000,
        "cpu_ms": sum(cpu for _, _, cpu in results) / sent * 1000,
        "kb": content / sent / 1000,
    }
    return {"mails_per_s": round(sent / took), "limit_mails_per_s": round(sent / limit)}, detail


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="lines of each process")
    parser.add_argument("--group", type=int, default=10, help="messages marked started in one commit")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    figures, detail = measure(chosen.mails, processes=chosen.processes, group=chosen.group, threads=chosen.threads)
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    print(
        f"{chosen.processes} process(es), {chosen.threads} line(s) each, groups of {chosen.group}: "
        f"{figures['mails_per_s']:,} mails/s, bare smtplib {figures['limit_mails_per_s']:,}"
    )
    print(
        f"a mail of {detail['kb']:.0f} KB: render and MIME {detail['render_ms']:.2f} ms, SMTP {detail['smtp_ms']:.2f} ms, "
        f"store and the rest {detail['store_ms']:.2f} ms; {detail['cpu_ms']:.2f} ms of the processor"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
