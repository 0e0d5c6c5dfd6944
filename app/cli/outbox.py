"""`kanwa messages|resolve|retry`: what became of messages, and what a person decides about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.here import Here, in_workspace
from app.cli.journeys import find_published
from app.cli.out import Column, iso, when
from app.cli.times import instant_of
from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_, _, ngettext
from journeys.base.time import DAY, HOUR, Instant

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

app = typer.Typer()


class UnknownState(UsageError):
    text = N_("There is no state “{state}”.{suggestion} Messages are {states}.")


class ResolveWhich(UsageError):
    text = N_("Say which messages: their numbers, or --all-older AGE; and then “sent” or “failed”.")


class BadAge(UsageError):
    text = N_("“{age}” is no age. Write it in hours or days, such as 36h or 2d.")


@app.command("messages", help=_("List messages, the newest first, with how they stand and why."))
@in_workspace
def messages(
    here: Here,
    *,
    state: Annotated[
        list[str] | None, typer.Option(help=_("Only those in this state, such as held or failed; may be repeated."))
    ] = None,
    reason: Annotated[str, typer.Option(help=_("Only those with this reason, such as cap or refused."))] = "",
    journey: Annotated[str, typer.Option(help=_("Only those of a published journey, by name or id."))] = "",
    contact: Annotated[str, typer.Option(help=_("Only those to a contact, by address or number."))] = "",
    template: Annotated[str, typer.Option(metavar="KEY", help=_("Only those made from a template."))] = "",
    sender: Annotated[str, typer.Option(metavar="KEY", help=_("Only those of a sender."))] = "",
    since: Annotated[str, typer.Option(metavar="ISO", help=_("Only those made from this moment on."))] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help=_("How many at most."))] = 50,
) -> None:
    from sqlalchemy import select

    from journeys.engine.reasons import said
    from journeys.engine.states import state_words
    from journeys.store.arrows import STATES
    from journeys.store.tables import contact as contacts
    from journeys.store.tables import journey as journeys
    from journeys.store.tables import message

    for one in state or ():
        if one not in STATES:
            raise UnknownState(state=one, suggestion=suggestion(one, STATES), states=", ".join(STATES))
    m = message.c
    wanted = (
        select(
            m.id, journeys.c.name.label("journey"), contacts.c.email, m.template, m.channel,
            m.message_class.label("class"), m.purpose, m.sender, m.state, m.reason, m.detail, m.attempts, m.made_at,
            m.not_before_at, m.expires_at, m.started_at, m.ended_at,
        )
        .join(journeys, journeys.c.id == m.journey)
        .join(contacts, contacts.c.id == m.contact)
        .order_by(m.id.desc())
        .limit(limit)
    )  # fmt: skip
    with here.store.read() as conn:
        wanted = _narrowed(
            here, conn, wanted, state=state, reason=reason, journey=journey, contact=contact, template=template,
            sender=sender, since=since,
        )  # fmt: skip
        rows = [dict(row) for row in conn.execute(wanted).mappings()]
    zone = here.zone
    if here.out.as_json:
        times = [name for name in wanted.selected_columns.keys() if name.endswith("_at")]  # noqa: SIM118 - no mapping
        here.out.data([row | {name: iso(row[name], zone) for name in times} for row in rows])
        return
    here.out.table(
        (
            Column("id", _("Message"), str),
            Column("journey", _("Journey")),
            Column("email", _("To")),
            Column("channel", _("Channel")),
            Column("template", _("Template")),
            Column("state", _("State"), state_words),
            Column("reason", _("Why"), lambda reason: said(reason) if reason else ""),
            Column("detail", _("Details")),
            Column("attempts", _("Tries"), str),
            Column("made_at", _("Made"), lambda at: when(at, zone)),
            Column("not_before_at", _("Not before"), lambda at: when(at, zone)),
            Column("expires_at", _("Given up at"), lambda at: when(at, zone)),
            Column("ended_at", _("Ended"), lambda at: when(at, zone)),
        ),
        rows,
    )


def _narrowed(
    here: Here,
    conn: Connection,
    wanted: Select[tuple[object, ...]],
    *,
    state: list[str] | None,
    reason: str,
    journey: str,
    contact: str,
    template: str,
    sender: str,
    since: str,
) -> Select[tuple[object, ...]]:
    from journeys.store.contacts import find
    from journeys.store.tables import message

    m = message.c
    if state:
        wanted = wanted.where(m.state.in_(state))
    if reason:
        wanted = wanted.where(m.reason == reason)
    if journey:
        wanted = wanted.where(m.journey == find_published(here, conn, journey)["id"])
    if contact:
        wanted = wanted.where(m.contact == find(conn, contact))
    if template:
        wanted = wanted.where(m.template == template)
    if sender:
        wanted = wanted.where(m.sender == sender)
    if since:
        wanted = wanted.where(m.made_at >= instant_of(since, here.zone))
    return wanted


@app.command("resolve", help=_("Say of messages of which nobody knows whether they went out: sent, or failed."))
@in_workspace
def resolve(
    here: Here,
    words: Annotated[
        list[str], typer.Argument(metavar="[ID…] sent|failed", help=_("Numbers of messages, and what became of them."))
    ],
    *,
    all_older: Annotated[
        str, typer.Option("--all-older", metavar="AGE", help=_("All that are unknown for longer, such as 36h or 2d."))
    ] = "",
) -> None:
    from journeys.engine import afterwards

    *given, outcome = words
    became: Literal["sent", "failed"]
    if outcome == "sent":
        became = "sent"
    elif outcome == "failed":
        became = "failed"
    else:
        raise ResolveWhich
    if bool(given) == bool(all_older):
        raise ResolveWhich
    now = here.clock.now()
    with here.store.write(durable=True) as conn:
        ids = afterwards.unknown_before(conn, Instant(now - _age(all_older))) if all_older else _numbers(given)
        done = afterwards.resolve(conn, ids, became, now=now) if ids else []
    sentence = (
        ngettext("{n} message counts as sent.", "{n} messages count as sent.", len(done))
        if became == "sent"
        else ngettext("{n} message counts as failed.", "{n} messages count as failed.", len(done))
    )
    here.out.result(sentence.format(n=len(done)), [{"id": one.id, "state": one.state} for one in done])


@app.command("retry", help=_("Try failed messages again: those that were certainly not accepted."))
@in_workspace
def retry(
    here: Here, ids: Annotated[list[str], typer.Argument(metavar="MESSAGE…", help=_("Numbers of messages."))]
) -> None:
    from journeys.engine import afterwards

    numbers = _numbers(ids)
    with here.store.write(durable=True) as conn:
        afterwards.retry(conn, numbers, now=here.clock.now())
    here.out.result(
        ngettext("{n} message waits for its turn again.", "{n} messages wait for their turn again.", len(numbers)).format(
            n=len(numbers)
        ),
        [{"id": one, "state": "pending"} for one in numbers],
    )  # fmt: skip


def _numbers(given: list[str]) -> list[int]:
    """Numbers of messages, each once. Raises UnknownMessage."""
    from journeys.engine.afterwards import UnknownMessage

    for one in given:
        # as many digits as an id may have
        if not (one.isascii() and one.isdigit() and len(one) < 19):
            raise UnknownMessage(id=one)
    return list(dict.fromkeys(map(int, given)))


def _age(text: str) -> int:
    """Seconds. Raises BadAge."""
    found = re.fullmatch(r"([0-9]{1,5})\s*([hd])", text.strip().lower())
    if found is None:
        raise BadAge(age=text)
    return int(found[1]) * (HOUR if found[2] == "h" else DAY)
