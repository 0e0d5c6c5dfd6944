"""`kanwa status|trace`: how the store stands, and why with each contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.contacts import ContactArgument
from app.cli.here import Here, in_workspace
from app.cli.journeys import find_published
from app.cli.out import Column, grouped, iso, when
from journeys.base.i18n import _, ngettext

if TYPE_CHECKING:
    from journeys.engine.absence import Because
    from journeys.engine.trace import Trace

app = typer.Typer()


@app.command("status", help=_("Say how the store stands: what runs, who stands where, what became of messages."))
@in_workspace
def status(here: Here) -> None:
    from sqlalchemy import func, select

    from app import overview
    from journeys.runtime.lease import NAME
    from journeys.store import settings
    from journeys.store.tables import contact, fresh, lease

    with here.store.read() as conn:
        contacts = conn.execute(select(func.count()).where(contact.c.erased_at.is_(None))).scalar_one()
        waiting = conn.execute(select(func.count()).select_from(fresh)).scalar_one()
        last = settings.get(conn, settings.LAST_TICK_AT)
        held = conn.execute(select(lease).where(lease.c.name == NAME)).one_or_none()
        journeys = overview.journeys(conn)
        standing = overview.standing(conn)
        messages = overview.messages(conn)
    zone = here.zone
    runs = held.holder if held is not None and held.until_at > here.clock.now() else ""
    if here.out.as_json:
        here.out.data(
            {
                "store": here.store.label,
                "contacts": contacts,
                "last_tick": iso(last, zone),
                "run_by": runs or None,
                "events_waiting": waiting,
                "journeys": [_fields(one) for one in journeys],
                "standing": [_fields(one) for one in standing],
                "messages": [_fields(one) for one in messages],
            }
        )
        return
    here.out.say(
        ngettext("Store {store}: {n} contact.", "Store {store}: {n} contacts.", contacts).format(
            store=here.store.label, n=grouped(contacts)
        )
    )
    if runs:
        here.out.say(_("Run by {holder}.").format(holder=runs))
    else:
        here.out.say(_("Nobody runs it. kanwa run does."))
    if last is not None:
        here.out.say(_("Last run at {at}.").format(at=when(last, zone)))
    show_journeys(here, [_fields(one) for one in journeys])
    show_standing(here, [_fields(one) for one in standing])
    show_messages(here, [_fields(one) for one in messages])


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def show_journeys(here: Here, rows: list[dict[str, Any]]) -> None:
    """Journeys in numbers."""
    from journeys.engine.states import state_words

    here.out.table(
        (
            Column("name", _("Journey")),
            Column("state", _("State"), state_words),
            Column("version", _("Version")),
            Column("entered", _("Came in")),
            Column("inside", _("Inside")),
            Column("goal", _("Goal")),
            Column("exited", _("Exited")),
            Column("finished", _("Finished")),
            Column("failed", _("Failed")),
        ),
        rows,
        title=_("Journeys"),
    )


def show_standing(here: Here, rows: list[dict[str, Any]]) -> None:
    """Who stands where."""
    here.out.table(
        (Column("journey", _("Journey")), Column("title", _("Stands on")), Column("contacts", _("Contacts"))),
        rows,
        title=_("Where they stand"),
    )


def show_messages(here: Here, rows: list[dict[str, Any]]) -> None:
    """What became of messages."""
    from journeys.engine.reasons import said
    from journeys.engine.states import state_words

    here.out.table(
        (
            Column("journey", _("Journey")),
            Column("template", _("Message")),
            Column("state", _("State"), state_words),
            Column("reason", _("Why"), lambda reason: said(reason) if reason else ""),
            Column("messages", _("Messages")),
        ),
        rows,
        title=_("Messages"),
    )


@app.command("trace", help=_("Say what happened to a contact in a journey, or why it never came in."))
@in_workspace
def trace(
    here: Here,
    contact: ContactArgument,
    journey: Annotated[str, typer.Argument(metavar="[JOURNEY]", help=_("One journey; else all."))] = "",
) -> None:
    from app.naming import StoreNames
    from journeys.engine.plan import Plans
    from journeys.engine.trace import trace as trace_contact
    from journeys.store.contacts import find

    with here.store.read() as conn:
        plans = Plans()
        found = trace_contact(
            conn,
            plans,
            find(conn, contact),
            StoreNames(conn, plans),
            now=here.clock.now(),
            zone=here.zone,
            journey=find_published(here, conn, journey)["id"] if journey else None,
        )
    if here.out.as_json:
        here.out.data(_as_data(here, found))
    else:
        _say(here, found)


def _say(here: Here, found: Trace) -> None:
    from journeys.engine.states import state_words

    zone = here.zone
    for passage in found.passages:
        here.out.say(
            _("{journey}, version {number}: {state} since {at}.").format(
                journey=passage.journey,
                number=passage.version,
                state=state_words(passage.state),
                at=when(passage.ended_at or passage.entered_at, zone),
            )
        )
        if passage.reason:
            here.out.say("  " + passage.reason)
        if passage.tidied:
            here.out.say("  " + _("It ended long ago: its steps were tidied away."))
        for stay in passage.stays:
            arrow = _("{at}  {title} → {outlet}") if stay.outlet else _("{at}  {title}")
            at = when(stay.left_at or stay.entered_at, zone)
            here.out.say("  " + arrow.format(at=at, title=stay.title, outlet=stay.outlet))
            here.out.say("      " + stay.words)
            _say_because(here, stay.because, "      ")
            if stay.left_at is None and stay.due_at is not None:
                here.out.say("      " + _("Looked at again at {at}.").format(at=when(stay.due_at, zone)))
    for miss in found.misses:
        if miss.at is None:
            sentence = _("{journey}: not come in by “{trigger}” so far.")
        else:
            sentence = _("{journey}: did not come in by “{trigger}” at {at}.")
        here.out.say(sentence.format(journey=miss.journey, trigger=miss.trigger, at=when(miss.at, zone)))
        _say_because(here, miss.because, "  ")
    if not found.passages and not found.misses:
        here.out.say(_("No journey is published yet."))


def _say_because(here: Here, because: tuple[Because, ...], indent: str) -> None:
    marks = {True: "✓ ", False: "✗ ", None: ""}
    for one in because:
        here.out.say(indent + marks[one.holds] + one.sentence)


def _as_data(here: Here, found: Trace) -> dict[str, Any]:
    zone = here.zone
    times = ("entered_at", "left_at", "ended_at", "goal_at", "due_at", "at")

    def plain(one: Any) -> Any:
        if isinstance(one, tuple):
            return [plain(item) for item in one]
        if hasattr(one, "__slots__"):
            return {
                name: iso(getattr(one, name), zone) if name in times else plain(getattr(one, name))
                for name in one.__slots__
            }
        return one

    data: dict[str, Any] = plain(found)
    return data
