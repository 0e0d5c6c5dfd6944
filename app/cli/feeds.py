"""`kanwa feed …`: documents of the outside that journeys react to."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.cli.here import Here, in_workspace
from app.cli.names import KeyArgument
from app.cli.out import Column, grouped, when
from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_, _

app = typer.Typer()
_feed = typer.Typer(help=_("Feeds: tables of the outside, fetched over HTTP."), no_args_is_help=True)
app.add_typer(_feed, name="feed")


class UnknownFormat(UsageError):
    text = N_("“{given}” is no format of a feed; it is json or csv.")


class FeedInUse(KanwaError):
    text = N_(
        "The feed “{feed}” starts “{journey}”. Stop or archive that journey first, or publish it without the feed."
    )


@_feed.command("add", help=_("Define a feed, or change where and how it is read."))
@in_workspace
def add(
    here: Here,
    key: KeyArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help=_("Where it lies, https:// or http://."))],
    *,
    name: Annotated[str, typer.Option("--name", metavar="FIELD", help=_("Field that names a row, such as region."))],
    format_: Annotated[str, typer.Option("--format", help=_("How it is written: json or csv."))] = "json",
    rows: Annotated[
        str, typer.Option(metavar="PLACE", help=_("Where in a JSON document the rows are, such as data.regions."))
    ] = "",
    every: Annotated[int, typer.Option(metavar="MINUTES", help=_("How often it is fetched."))] = 30,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help=_("It may lie on this machine or in its own network."))
    ] = False,
) -> None:
    from journeys.channels.fetching import checked_url
    from journeys.store.feeds import define_feed

    if format_ not in ("json", "csv"):
        raise UnknownFormat(given=format_[:40])
    known: Any = format_
    address = checked_url(url.strip())
    with here.store.write() as conn:
        define_feed(
            conn,
            key,
            url=address,
            format_=known,
            key_field=name,
            rows_at=rows,
            every_minutes=every,
            private=allow_private,
            now=here.clock.now(),
        )
    here.out.result(_("“{key}” is defined.").format(key=key), {"kind": "feed", "key": key, "url": address})


@_feed.command("list", help=_("List the feeds with when they were read and what went wrong."))
@in_workspace
def list_(here: Here) -> None:
    from sqlalchemy import func, select

    from journeys.store.tables import feed, feed_row

    rows_there = (
        select(func.count())
        .where(feed_row.c.feed == feed.c.key, feed_row.c.gone_at.is_(None))
        .scalar_subquery()
        .label("rows")
    )
    with here.store.read() as conn:
        rows = [dict(row) for row in conn.execute(select(feed, rows_there).order_by(feed.c.key)).mappings()]
    zone = here.zone
    here.out.table(
        (
            Column("key", _("Key")),
            Column("url", _("Address")),
            Column("rows", _("Rows")),
            Column("fetched_at", _("Read"), lambda at: when(at, zone)),
            Column("next_at", _("Next"), lambda at: when(at, zone)),
            Column("error", _("Problem")),
        ),
        rows,
    )


@_feed.command("fetch", help=_("Fetch a feed now."))
@in_workspace
def fetch(here: Here, key: KeyArgument) -> None:
    from journeys.channels.fetching import Fetcher
    from journeys.runtime.feeds import Feeds
    from journeys.store.feeds import feed_named

    with here.store.read() as conn:
        one = feed_named(conn, key)
    outcome = Feeds(here.store, Fetcher()).fetch(one, now=here.clock.now())
    data: dict[str, Any] = {"feed": key, "problem": outcome.problem, "new": outcome.read is not None}
    if outcome.problem:
        here.out.result(_("The feed “{feed}” could not be read. {why}").format(feed=key, why=outcome.problem), data)
        raise typer.Exit(1)
    read = outcome.read
    if read is None:
        here.out.result(_("The feed “{feed}” says nothing new.").format(feed=key), data)
        return
    text = (
        _("The feed “{feed}” has {rows} rows, from which it starts.")
        if read.first
        else _("The feed “{feed}” has {rows} rows: {added} new, {changed} changed, {gone} gone.")
    )
    here.out.result(
        text.format(
            feed=key,
            rows=grouped(read.rows),
            added=grouped(read.added),
            changed=grouped(read.changed),
            gone=grouped(read.gone),
        ),
        data | {"rows": read.rows, "added": read.added, "changed": read.changed, "gone": read.gone},
    )


@_feed.command("remove", help=_("Remove a feed with its rows."))
@in_workspace
def remove(here: Here, key: KeyArgument) -> None:
    from journeys.engine.live import Roll
    from journeys.engine.plan import Plans
    from journeys.store.feeds import feed_named, remove_feed

    with here.store.write() as conn:
        feed_named(conn, key)
        for live in Roll(Plans()).call(conn):
            used = {one for node in (live.entry.triggers.values() if live.entry else ()) for one in node.references()}
            if ("feed", key) in used and live.entry is not None:
                raise FeedInUse(feed=key, journey=live.entry.name)
        remove_feed(conn, key)
    here.out.result(_("The feed “{feed}” is removed.").format(feed=key), {"kind": "feed", "key": key})
