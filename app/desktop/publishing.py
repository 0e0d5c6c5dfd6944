"""What the dialog of publishing shows and does, without a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from app.workspace import Workspace
from journeys.base.errors import KanwaError
from journeys.base.i18n import _, ngettext
from journeys.graph.checks import Report
from journeys.graph.journey import Journey
from journeys.nodes.problem import Severity

if TYPE_CHECKING:
    from app.desktop.work import Progress
    from journeys.engine.choices import Choice, Choices
    from journeys.engine.courses import Standing as Stand


@dataclass(frozen=True, slots=True)
class Inside:
    """Contacts who stand on one node of an older version."""

    node: str
    title: str
    contacts: int
    #: "removed", "kind", "changed" or ""
    what: str
    #: what becomes of them as things are, in a sentence
    sentence: str
    #: whether somebody has to say what becomes of them
    asks: bool


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What publishing finds in the store before anything is done."""

    report: Report
    #: the number that the version will have
    number: int
    #: whether it is the first
    is_first: bool
    #: "live", "paused" …; "" for a first one
    state: str
    #: the newest version as a draft that is based on it; None for a first one
    newest: Journey | None
    #: whether the newest version is another one than this draft began from
    is_stale: bool
    #: what differs from the newest version, in sentences
    changes: tuple[str, ...]
    inside: tuple[Inside, ...]
    #: whether there is anything to publish
    is_same: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What publishing did."""

    number: int
    hash: str
    paused: bool
    entered: int
    #: a sentence about those who were taken along, where any were
    along: str


def foresee(workspace: Workspace, journey: Journey) -> Foreseen:
    """Read the store: the checks, what differs, who is inside. Raises StoreError and what reading templates raises."""
    from sqlalchemy import select

    from app.catalogue import catalogue_of
    from app.opened import open_store
    from journeys.base.clock import SystemClock
    from journeys.engine.checking import checked
    from journeys.engine.choices import Choices
    from journeys.engine.migrate import preview_edit
    from journeys.engine.plan import Plans
    from journeys.graph.diff import differences
    from journeys.graph.file import read_journey
    from journeys.messages.template import load_all
    from journeys.store import tables as t

    templates = load_all(workspace.messages)
    now = SystemClock().now()
    store = open_store(workspace.store_url)
    try:
        with store.read() as conn:
            known = catalogue_of(conn, templates, now=now, journey=journey)
            report = checked(conn, journey, known, now=now)
            row = conn.execute(
                select(t.journey.c.state, t.version.c.number, t.version.c.hash, t.version.c.graph)
                .join(t.version, t.version.c.id == t.journey.c.version)
                .where(t.journey.c.key == journey.settings.id)
            ).one_or_none()
        changes: tuple[str, ...] = ()
        inside: tuple[Inside, ...] = ()
        number = 1
        newest = None
        if row is not None:
            newest = read_journey(row.graph)
            newest.settings = newest.settings.model_copy(update={"based_on": row.hash})
            changes = tuple(one.sentence for one in differences(newest, journey, catalogue=known))
            preview = preview_edit(store, Plans(), journey, Choices())
            number = preview.number
            inside = tuple(_inside(one) for one in preview.standing)
    finally:
        store.close()
    return Foreseen(
        report=report,
        number=number,
        is_first=row is None,
        state="" if row is None else row.state,
        newest=newest,
        is_stale=row is not None and row.hash != journey.settings.based_on,
        changes=changes,
        inside=inside,
        is_same=row is not None and not changes,
    )


def _inside(one: Stand) -> Inside:
    from journeys.engine.courses import say

    course = one.course
    return Inside(
        node=course.node,
        title=course.title,
        contacts=one.contacts,
        what=course.why or ("changed" if course.changed else ""),
        sentence=say(one),
        asks=bool(course.why),
    )


def say_what(inside: Inside) -> str:
    """What became of the node they stand on."""
    match inside.what:
        case "removed":
            return _("removed")
        case "kind":
            return _("another kind now")
        case "changed":
            return _("set otherwise")
    return _("nothing")


#: what can become of those inside: they go along, finish on their version, leave, or move to a node
Wish = Literal["along", "finish", "exit"] | str


def wishes(inside: Inside, journey: Journey) -> list[tuple[str, str]]:
    """(wish, words) that can be chosen for those who stand on a node; the first is the default.

    A wish is "along", "finish", "exit", or the id of a node to move to.
    """
    from journeys.graph.outline import reading_order
    from journeys.nodes.family import Family

    stays = [] if inside.asks else [("along", _("Go on in the new version"))]
    made = [*stays, ("finish", _("Finish on their version")), ("exit", _("Leave the journey"))]
    for node in reading_order(journey):
        settings = journey.node(node)
        if settings is None or settings.family in (Family.COMES_IN, Family.CANVAS) or node == inside.node:
            continue
        title = journey.title(node) or settings.label
        made.append((node, _("Move to “{title}”").format(title=title)))
    return made


def choices_of(wished: Mapping[str, str]) -> Choices:
    """Choices for the engine, from node → wish."""
    from journeys.engine.choices import Choices, Move

    nodes: dict[str, Choice] = {}
    for node, wish in wished.items():
        if wish == "along":
            continue
        if wish == "finish" or wish == "exit":
            nodes[node] = wish  # type: ignore[assignment]
        else:
            nodes[node] = Move(move=wish)
    return Choices(nodes=nodes)


class OverNewer(StrEnum):
    """What can be done where somebody else published a version that the draft does not begin from."""

    COMPARE = "compare"
    FETCH = "fetch"
    OVER = "over"


def ways_over(foreseen: Foreseen) -> list[tuple[OverNewer, str, str]]:
    """(way, words, words on the button) where the draft is stale; the first changes nothing and is the default."""
    newest = foreseen.number - 1
    compare = (
        OverNewer.COMPARE,
        _("Compare with version {n} first; nothing is changed").format(n=newest),
        _("Compare on the canvas"),
    )
    return [
        *([compare] if foreseen.changes else []),
        (
            OverNewer.FETCH,
            _("Fetch version {n} into a tab of its own, to make my changes there").format(n=newest),
            _("Fetch version {n}").format(n=newest),
        ),
        (
            OverNewer.OVER,
            _("Publish over it: what only version {n} has no longer holds").format(n=newest),
            _("Publish over version {n}").format(n=newest),
        ),
    ]


def why_not(foreseen: Foreseen, reason: str) -> str:
    """Why the button is off, in a sentence; nothing where it may be pressed."""
    from journeys.graph.checks.kinds import UNKNOWN_KIND

    if any(problem.check == UNKNOWN_KIND for problem in foreseen.report.blocks):
        return _("Some steps are of a kind that nothing here can run.")
    n = len(foreseen.report.blocks)
    if n and not reason.strip():
        return ngettext(
            "{n} problem keeps it from being published. Mend it, or write a reason for publishing all the same.",
            "{n} problems keep it from being published. Mend them, or write a reason for publishing all the same.",
            n,
        ).format(n=n)
    return ""


def chips(foreseen: Foreseen) -> list[tuple[str, str]]:
    """(words, kind of chip) along the top of the dialog."""
    report = foreseen.report
    blocks = len(report.blocks)
    warns = sum(problem.severity is Severity.WARNS for problem in report.problems)
    made = [
        (ngettext("{n} error", "{n} errors", blocks).format(n=blocks), "err") if blocks else (_("No errors"), "ok"),
    ]
    if warns:
        made.append((ngettext("{n} warning", "{n} warnings", warns).format(n=warns), "warn"))
    if not foreseen.is_first:
        n = len(foreseen.changes)
        text = (
            ngettext("{n} change since version {v}", "{n} changes since version {v}", n)
            if n
            else _("The same steps as in version {v}")
        )
        made.append((text.format(n=n, v=foreseen.number - 1), "quiet"))
    return made


def heading(foreseen: Foreseen) -> str:
    """What the version is, in a sentence."""
    if foreseen.is_first:
        return _("It becomes version 1, and lets contacts in from now on.")
    people = sum(one.contacts for one in foreseen.inside)
    state = {
        "paused": _("It is paused, and stays so."),
        "stopped": _("It is stopped; publishing lets it live again."),
        "archived": _("It is archived; publishing lets it live again."),
    }.get(foreseen.state, "")
    said = _("Version {n} takes the place of version {before}.").format(n=foreseen.number, before=foreseen.number - 1)
    if people:
        inside = ngettext("{n} contact is in it now.", "{n} contacts are in it now.", people).format(n=people)
        said = _("{sentence} {more}").format(sentence=said, more=inside)
    return _("{sentence} {more}").format(sentence=said, more=state) if state else said


def publish(
    workspace: Workspace,
    journey: Journey,
    foreseen: Foreseen,
    *,
    reason: str,
    wished: Mapping[str, str],
    over: bool,
    progress: Progress,
) -> Done:
    """Publish, and take those inside along as was chosen. Raises what the engine raises; then nothing is changed."""
    from app.cli.migrating import say_migrated
    from app.opened import open_store
    from app.publication import publish_draft
    from journeys.base.clock import SystemClock
    from journeys.engine.existing import let_in_existing
    from journeys.engine.migrate import migrate, preview_edit
    from journeys.engine.plan import Plans
    from journeys.messages.template import load_all

    templates = load_all(workspace.messages)
    now = SystemClock().now()
    store = open_store(workspace.store_url)
    try:
        chosen = choices_of(wished)
        if wished:
            # choices that do not fit are found before anything is published
            preview_edit(store, Plans(), journey, chosen)
        progress(0, None)
        published = publish_draft(
            store,
            journey,
            templates,
            now=now,
            reason=reason.strip(),
            over=over,
            again=foreseen.state in ("stopped", "archived"),
        )
        # in cohorts; what is cut off here goes on with the next tick
        entered = let_in_existing(store, Plans(), published.journey, now=now, progress=progress)
        along = ""
        if wished and not all(wish == "finish" for wish in wished.values()):
            try:
                along = say_migrated(migrate(store, Plans(), journey.settings.id, chosen, now=now, progress=progress))
            except KanwaError as error:
                # it is published all the same, and doing it again takes the rest along
                along = str(error)
    finally:
        store.close()
    return Done(published.number, published.hash, published.paused, entered, along)


def said(done: Done, name: str) -> str:
    """What was done, in sentences."""
    made = (
        _("“{name}” is published as version {number}, and paused.")
        if done.paused
        else _("“{name}” is live as version {number}.")
    ).format(name=name, number=done.number)
    more = []
    if done.entered:
        came = ngettext("{n} contact came in at once.", "{n} contacts came in at once.", done.entered)
        more.append(came.format(n=done.entered))
    if done.along:
        more.append(done.along)
    return " ".join([made, *more])
