"""`kanwa run` and `kanwa send`: let a store live, or send one mail to look at."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import grouped, when
from app.cli.times import instant_of
from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_, _

if TYPE_CHECKING:
    from journeys.base.time import Instant
    from journeys.runtime.beat import Beat
    from journeys.store.store import Store

app = typer.Typer()


class SinkNeeded(UsageError):
    text = N_("A run on another clock writes its mail to a folder. Name one with --sink DIR.")


class UntilBeforeNow(UsageError):
    text = N_("--until {until} is before --now {now}.")


class UntilNeedsNow(UsageError):
    text = N_("--until goes with --now: where the run begins, or --once.")


class SinkInTheWay(UsageError):
    text = N_("{path} is in the way of the folder for mail. Name another one with --sink.")


class RealServerStore(KanwaError):
    text = N_(
        "The store {store} has an account that sends real mail, and a run with --sink would leave its messages as sent. "
        "Make a copy of the database without accounts and name it with --store."
    )


class NotSent(KanwaError):
    text = N_("The mail was not taken. {why}")


@app.command("run", help=_("Run the journeys: until stopped, once, or from a moment to another on a clock of its own."))
@in_workspace
def run(
    here: Here,
    *,
    once: Annotated[bool, typer.Option("--once", help=_("Do what there is to do now, then leave."))] = False,
    now: Annotated[
        str,
        typer.Option(metavar="ISO", help=_("Begin at this moment, on a clock of its own, such as 1997-10-01T09:00.")),
    ] = "",
    until: Annotated[str, typer.Option(metavar="ISO", help=_("Run on from --now up to this moment."))] = "",
    sink: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=_("Write mail and calls as files to this folder; nothing is sent.")),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=32, help=_("How many mails are handed over at once."))] = 2,
) -> None:
    if until and not now:
        raise UntilNeedsNow
    if now and sink is None:
        raise SinkNeeded
    if sink is not None and sink.exists() and not sink.is_dir():
        raise SinkInTheWay(path=sink)
    start = instant_of(now, here.zone) if now else None
    end = instant_of(until, here.zone) if until else start
    if start is not None and end is not None and end < start:
        raise UntilBeforeNow(now=now, until=until)
    with _store_for(here, sink) as store:
        if start is not None and end is not None:
            _run_simulated(here, store, start=start, end=end, sink=sink)
        elif once:
            _run_once(here, store, sink, threads)
        else:
            _run_on(here, store, sink, threads)


def _run_simulated(here: Here, store: Store, *, start: Instant, end: Instant, sink: Path | None) -> None:
    from journeys.base.clock import SetClock
    from journeys.runtime.lease import Lease, held, holder_name
    from journeys.runtime.simulated import run_until

    clock = SetClock(start)
    runner = _runner(store, sink, clock, threads=1)
    with held(Lease(store, holder_name()), here.clock) as keep_going:
        if store is here.store and end > here.clock.now():
            here.out.aside(
                _(
                    "This runs the store itself up to {until}, and nothing else will be done on it until then. The way "
                    "back is a backup made before: kanwa store restore."
                ).format(until=when(end, here.zone))
            )
        with here.out.progress(_("Running")) as bar:

            def hear(at: Instant, _beat: Beat) -> None:
                bar((at - start) // 60, max(1, (end - start) // 60))

            beat = run_until(runner, clock, end, on_beat=hear, keep_going=keep_going)
    _report(here, beat)


#: name of the copy on which a store with real accounts runs into a sink
COPY = "store.sqlite"


@contextmanager
def _store_for(here: Here, sink: Path | None) -> Iterator[Store]:
    """The store to run: with a sink, one with a real account stays as it is, and a copy in the sink's folder runs.

    What goes to a sink counts as sent, so that nobody would ever get it. Raises StoreHeld where real mail would go out
    of a store that is not known to be the one that sends.
    """
    from sqlalchemy import delete

    from app.opened import open_store
    from journeys.store.definitions import has_account
    from journeys.store.owner import require_ours
    from journeys.store.tables import lease

    if sink is None:
        require_ours(here.store)
    with here.store.read() as conn:
        real = has_account(conn)
    if sink is None or not real:
        yield here.store
        return
    if not here.store.is_sqlite:
        raise RealServerStore(store=here.store.label)
    file = _copy(here.store, sink)
    here.out.aside(_("The store has real accounts: this runs on a copy of it, {file}.").format(file=file))
    store = open_store(str(file), clock=here.clock)
    try:
        with store.write() as conn:
            # whoever runs the store does not run its copy
            conn.execute(delete(lease))
        yield store
    finally:
        store.close()


def _copy(store: Store, sink: Path) -> Path:
    import sqlite3

    from journeys.store.errors import in_sentences

    target = sink / COPY
    with in_sentences(str(target), files=True):
        sink.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise SinkInTheWay(path=target)
        source, copy = sqlite3.connect(store.label), sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
            source.close()
    return target


def _runner(store: Store, sink: Path | None, clock: Any, *, threads: int) -> Any:
    from app.outgoing import Switchboard, link_keys, passing_link_keys
    from journeys.base.clock import SystemClock
    from journeys.base.time import day_of
    from journeys.channels.fetching import Fetcher
    from journeys.channels.file_sink import CallSink, FileSink
    from journeys.channels.webhook import Webhooks
    from journeys.engine.deliver import Delivery
    from journeys.engine.letters import LetterWriter
    from journeys.engine.tick import Engine
    from journeys.runtime.beat import Runner
    from journeys.runtime.feeds import Feeds
    from journeys.runtime.lease import holder_name
    from journeys.store.settings import PRIVATE_WEBHOOKS, workspace_zone
    from journeys.store.settings import get as get_setting

    engine = Engine(store)
    feeds = Feeds(store, Fetcher()) if isinstance(clock, SystemClock) else None
    if sink is None:
        channel: Any = Switchboard(store, clock.now)
        keys = link_keys()
        with store.read() as conn:
            private = bool(get_setting(conn, PRIVATE_WEBHOOKS))
        caller: Any = Webhooks(clock.now, private_addresses=private)
    else:
        with store.read() as conn:
            zone = workspace_zone(conn)
        channel = FileSink(sink, day=lambda: day_of(clock.now(), zone))
        keys = passing_link_keys()
        caller = CallSink(sink)
    delivery = Delivery(
        store=store,
        plans=engine.plans,
        channel=channel,
        writer=LetterWriter(engine.plans, keys),
        worker=holder_name(),
        clock=clock.now,
        caller=caller,
    )
    return Runner(engine, delivery, threads=threads, feeds=feeds)


def _run_once(here: Here, store: Store, sink: Path | None, threads: int) -> None:
    from journeys.runtime.chores import Chores
    from journeys.runtime.lease import Lease, held, holder_name

    runner = _runner(store, sink, here.clock, threads=threads)
    chores = Chores(store)
    with held(Lease(store, holder_name()), here.clock) as keep_going:
        runner.recover(here.clock.now())
        # a server may run nothing but this, every few minutes; a sink is for looking, and leaves no backups about
        troubles = chores.before(here.clock.now()) if sink is None else []
        beat = runner.beat(here.clock.now(), keep_going=keep_going)
        if sink is None:
            troubles += chores.after(here.clock.now(), keep_going)
    for trouble in troubles:
        here.out.aside(trouble)
    _report(here, beat)


def _run_on(here: Here, store: Store, sink: Path | None, threads: int) -> None:
    from app.log import set_up_log
    from journeys.runtime.chores import Chores
    from journeys.runtime.lease import Lease, holder_name
    from journeys.runtime.timer import Timer

    set_up_log()
    zone = here.zone

    def hear(at: Instant, beat: Beat) -> None:
        if not beat.idle:
            here.out.say(_("{at}: {said}").format(at=when(at, zone), said=_said(beat)))

    runner = _runner(store, sink, here.clock, threads=threads)
    timer = Timer(
        runner,
        Lease(store, holder_name()),
        here.clock,
        on_beat=hear,
        on_trouble=here.out.aside,
        chores=Chores(store) if sink is None else None,
    )
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda _number, _frame: timer.stop())
    here.out.aside(_("Running. Stop it with Ctrl-C."))
    timer.run()


def _said(beat: Beat) -> str:
    return _("Came in: {entered}, left: {ended}, steps: {hops}, messages sent: {sent}, held: {held}.").format(
        entered=grouped(beat.entered),
        ended=grouped(beat.ended),
        hops=grouped(beat.hops),
        sent=grouped(beat.messages["sent"]),
        held=grouped(beat.messages["held"]),
    )


def _report(here: Here, beat: Beat) -> None:
    here.out.result(
        _said(beat),
        {
            "events": beat.events,
            "entered": beat.entered,
            "ended": beat.ended,
            "hops": beat.hops,
            "messages": dict(beat.messages),
            "not_entered": dict(beat.missed),
            "troubles": beat.troubles,
        },
    )
    for trouble in beat.troubles:
        here.out.aside(trouble)
    if beat.troubles:
        raise typer.Exit(1)


@app.command("send", help=_("Send one mail to look at, made from a template and a contact."))
@in_workspace
def send(
    here: Here,
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help=_("Key of a template of the workspace."))],
    *,
    test: Annotated[str, typer.Option(metavar="ADDRESS", help=_("Where to send it."))],
    contact: Annotated[str, typer.Option(help=_("Whose data to use, by address or number; else a sample."))] = "",
    sender: Annotated[str, typer.Option(metavar="KEY", help=_("Who it comes from, where there are several."))] = "",
    sink: Annotated[Path | None, typer.Option(metavar="DIR", help=_("Write it to this folder instead."))] = None,
) -> None:
    from sqlalchemy import select

    from app.outgoing import Switchboard, sender_of
    from app.templates import sample_context
    from journeys.channels.channel import Accepted, AccountTrouble, Channel, Mail
    from journeys.channels.file_sink import FileSink
    from journeys.messages.mime import MailHeaders, Skeleton
    from journeys.messages.rendering import renderer
    from journeys.messages.template import load
    from journeys.store.contacts import find
    from journeys.store.fields import email_address
    from journeys.store.owner import require_ours
    from journeys.store.tables import contact as contacts

    if sink is None:
        require_ours(here.store)
    address = email_address(test)
    wanted = load(here.workspace.messages / template)
    now = here.clock.now()
    with here.store.read() as conn:
        person: dict[str, Any] = {"first_name": "Anna", "last_name": "Nowak", "attributes": {}}
        if contact:
            row = conn.execute(select(contacts).where(contacts.c.id == find(conn, contact))).mappings().one()
            person = dict(row)
        person["email"] = address
        key, who = sender_of(conn, sender)
        channel: Channel = FileSink(sink) if sink is not None else Switchboard(here.store, here.clock.now)
        context = sample_context(conn, wanted, person, now=now, sender=who)
    rendered = renderer(wanted).render(context)
    headers = MailHeaders.of(context, rendered.subject, store="test")
    content = Skeleton.make(wanted).mail(headers, rendered.html, rendered.text)
    with channel.open() as session:
        handed = session.hand_over(Mail(0, who.return_path, address, content, sender=key))
    match handed:
        case Accepted(answer):
            here.out.result(
                _("The mail “{subject}” was taken for {address}.").format(subject=rendered.subject, address=address),
                {"to": address, "subject": rendered.subject, "answer": answer},
            )
        case AccountTrouble(sentence, _detail):
            raise NotSent(why=sentence)
        case _:
            raise NotSent(why=getattr(handed, "answer", "") or getattr(handed, "detail", ""))
