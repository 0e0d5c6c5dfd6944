"""`kanwa tidy`: let go of what is old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.here import Here, in_workspace
from app.cli.out import grouped, iso, when
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from journeys.engine.tidy import Tidied

app = typer.Typer()


class StandingNeedsOlder(UsageError):
    text = N_("--standing goes with --older: how long everything is kept in full, such as 13mo.")


@app.command("tidy", help=_("Roll up what is old into counts: traces, tracking events, details of messages."))
@in_workspace
def tidy(
    here: Here,
    *,
    older: Annotated[
        str, typer.Option(metavar="SPAN", help=_("Keep what is younger in full: 13mo, 400d, 60w or 2y."))
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would go."))] = False,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--tracking", metavar="KIND", help=_("Roll up this kind of event too, now and later.")),
    ] = None,
    standing: Annotated[
        bool | None,
        typer.Option("--standing/--no-standing", help=_("Whether a runtime is to do the same once a day from now on.")),
    ] = None,
) -> None:
    from journeys.engine import tidy as work
    from journeys.store import retention

    span = retention.Span.parse(older) if older else None
    if standing and span is None:
        raise StandingNeedsOlder
    store = here.store
    if not dry_run and (kinds or standing is not None):
        with store.write() as conn:
            if kinds:
                retention.set_tracking_kinds(conn, {*retention.tracking_kinds(conn), *kinds})
            if standing is not None:
                retention.set_standing(conn, span if standing else None)
    with store.read() as conn:
        span = span or retention.standing(conn)
    would = work.look(store, span, now=here.clock.now())
    if dry_run:
        _report(here, would, _("This would go:"))
        return
    with here.out.progress(_("Tidying")) as bar:
        done = work.tidy(store, span, now=here.clock.now(), progress=lambda n, _total: bar(n, max(n, would.rows)))
    _report(here, done, _("This went:"))


def _report(here: Here, done: Tidied, heading: str) -> None:
    if here.out.as_json:
        here.out.data(
            {
                "before": iso(done.before, here.zone),
                "hops": done.hops,
                "not_entered": done.not_entered,
                "events": done.events,
                "messages": done.messages,
                "import_changes": done.changes,
                "product_events": done.products,
                "bytes_given_back": done.given_back,
                "kept": [
                    {"what": one.what, "key": one.key, "days": one.days, "asked_by": one.asked_by} for one in done.kept
                ],
            }
        )
        return
    if done.before is None:
        here.out.say(
            _("How long everything is kept was not said: only records of who did not come in go. Say --older 13mo.")
        )
    else:
        here.out.say(_("Everything since {at} stays as it is.").format(at=when(done.before, here.zone)))
    here.out.say(heading if done.rows else _("There is nothing to tidy."))
    for sentence in _said(done):
        here.out.say("  " + sentence)
    for one in done.kept:
        here.out.say(one.words())


def _said(done: Tidied) -> list[str]:
    counted = (
        (
            done.hops,
            ngettext("{n} step of a passage that has ended", "{n} steps of passages that have ended", done.hops),
        ),
        (
            done.events,
            ngettext("{n} event, rolled up into counts", "{n} events, rolled up into counts", done.events),
        ),
        (
            done.not_entered,
            ngettext("{n} record of who did not come in", "{n} records of who did not come in", done.not_entered),
        ),
        (done.messages, ngettext("the detail of {n} message", "the details of {n} messages", done.messages)),
        (
            done.changes,
            ngettext("{n} old value that an import overwrote", "{n} old values that imports overwrote", done.changes),
        ),
        (
            done.products,
            ngettext("{n} change of a price or stock", "{n} changes of prices and stocks", done.products),
        ),
    )
    said = [sentence.format(n=grouped(n)) for n, sentence in counted if n]
    if done.given_back:
        said.append(_("{n} bytes of the file were given back").format(n=grouped(done.given_back)))
    return said
