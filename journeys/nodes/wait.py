"""Wait: rest for a length of time, until a moment of the clock, or for something to happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Literal, Self, assert_never
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, FromClause, and_, case, exists, func, literal, or_, select

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import DAY, Instant, zone_of
from journeys.base.validation import SettingsError
from journeys.criteria import (
    Criterion,
    Recall,
    Where,
    compile_criterion,
    drifts,
    evidence,
    recalls,
    references,
    shortest_window,
    stirs,
    typed,
    with_default_scope,
    words,
)
from journeys.criteria.saying import quoted
from journeys.nodes.checks import impossible_criterion, nodes_of_criterion, unknown_references
from journeys.nodes.cohort import Cohort, DueTable, Outcome, members
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.keys import About, EventKind, Label, NotEmpty, OutletId
from journeys.nodes.member import frame_of, messages_of, newest_made_at, since_entry
from journeys.nodes.node import Around, Arrival, Family, Names, Node, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.saying import any_of
from journeys.nodes.windows import Window, next_calendar_day, say_window
from journeys.store.dialect import json_object_text
from journeys.store.tables import event

DONE = "done"
TIMEOUT = "timeout"
MET = "met"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AtOnce(_Rule):
    """Not at all: only the window counts."""

    type: Literal["at once"] = "at once"


class ForDuration(Duration):
    """An exact length of time: one day is 24 hours, whatever the clocks do meanwhile."""

    type: Literal["duration"] = "duration"


class CalendarDays(_Rule):
    """Until 0:00 of the n-th next calendar day by the contact's clock."""

    type: Literal["calendar days"] = "calendar days"
    days: int = Field(1, title=_("Days"), ge=1, le=3660)


class Listen(_Rule):
    """An event that ends the wait, and the outlet it opens."""

    outlet: OutletId = Field(title=_("Id"))
    label: Label = Field(title=_("Name"))
    event: EventKind = Field(title=_("Event"))
    where: Where = Field((), title=_("Where"))
    about: About | None = Field(
        None,
        title=_("About"),
        description=_("The message of a send, or what the passage is about; empty: whatever the event is about."),
    )

    def recalls(self) -> Iterator[Recall]:
        # what a passage waits for happens within it
        yield from ()

    def fits(self, happened: FromClause) -> ColumnElement[bool]:
        """Whether a row of `event` is one that is listened for, whenever it was."""
        asked = [happened.c.kind == self.event, *(condition.sql(happened.c.data) for condition in self.where)]
        if self.about == "subject":
            same = and_(
                happened.c.subject_kind == members.c.subject_kind, happened.c.subject_id == members.c.subject_id
            )
            # a passage can be about the event that let the contact in
            itself = and_(members.c.subject_kind == "event", happened.c.id == members.c.subject_id)
            asked.append(or_(same, itself))
        elif self.about is not None:
            asked.append(happened.c.message.in_(messages_of(self.about)))
        return and_(*asked)

    def words(self, names: Names) -> str:
        if self.about is None:
            return quoted(self.label)
        if self.about == "subject":
            return _("“{event}” about the same").format(event=self.label)
        return _("“{event}” about “{node}”").format(event=self.label, node=names.label("node", self.about))


class ForEvents(_Rule):
    """Until an event comes, or the time is up. What happened since the listening moment counts, also before arrival.

    An event counts only if it is earlier than the time-out; the earliest by (at, id) decides, and of several entries
    that it fits the first.
    """

    type: Literal["events"] = "events"
    listen: Annotated[tuple[Listen, ...], NotEmpty] = Field(title=_("Listen for"), max_length=20)
    timeout: Duration = Field(title=_("At most"))
    since: Literal["send", "arrival", "entry"] = Field(
        "send", title=_("From"), description=_("The newest message of this passage; before the first one, the entry.")
    )

    @model_validator(mode="after")
    def _own_outlets(self) -> ForEvents:
        ids = [one.outlet for one in self.listen]
        for n, id_ in enumerate(ids):
            if id_ == TIMEOUT:
                raise SettingsError(
                    _("“timeout” is the outlet of who waited in vain; name this one otherwise."), f"listen[{n}].outlet"
                )
            if id_ in ids[:n]:
                raise SettingsError(
                    _("The outlet “{outlet}” stands there twice.").format(outlet=id_), f"listen[{n}].outlet"
                )
        return self

    def outcome(self, cohort: Cohort) -> Outcome:
        happened = event.alias("happened")
        until = members.c.arrived_at + self.timeout.seconds
        found = (
            select(happened.c.id)
            .where(
                happened.c.contact == members.c.contact,
                happened.c.kind.in_(sorted({one.event for one in self.listen})),
                happened.c.at <= cohort.moments.now,
                happened.c.at < until,
                or_(*(and_(one.fits(happened), self._heard(happened, one)) for one in self.listen)),
            )
            .order_by(happened.c.at, happened.c.id)
            .limit(1)
            .correlate(members)
            .scalar_subquery()
        )

        def is_found(one: Listen) -> ColumnElement[bool]:
            return exists(
                select(happened.c.id).where(happened.c.id == members.c.found, one.fits(happened)).correlate(members)
            )

        return Outcome(
            outlet=case(*((is_found(one), one.outlet) for one in self.listen), (until <= cohort.moments.now, TIMEOUT)),
            values=select(json_object_text({"event": happened.c.kind, "at": happened.c.at}))
            .where(happened.c.id == members.c.found)
            .correlate(members)
            .scalar_subquery(),
            due_at=until,
            found=found,
        )

    def _heard(self, happened: FromClause, one: Listen) -> ColumnElement[bool]:
        """Later than the listening moment.

        In the same second nothing tells the order. The event that brought the member here is often of the second of its
        arrival and must not be taken twice, so that only later seconds count; an answer to a message cannot be older
        than the message, so that its second counts too.
        """
        about_message = one.about is not None and one.about != "subject"

        def after(moment: ColumnElement[Any]) -> ColumnElement[bool]:
            return happened.c.at >= moment if about_message else happened.c.at > moment

        match self.since:
            case "arrival":
                return after(members.c.arrived_at)
            case "entry":
                return since_entry(happened)
            case "send":
                made_at = newest_made_at()
                return and_(
                    # implied by what follows; bounds the search in the index
                    happened.c.at >= func.coalesce(made_at, members.c.since_at),
                    case((made_at.is_(None), since_entry(happened)), else_=after(made_at)),
                )
            case never:
                assert_never(never)


class ForCriterion(_Rule):
    """Until a criterion holds, or the time is up.

    It is asked as of each moment the member is looked at; leaves with a time look at what came since entry.
    """

    type: Literal["criterion"] = "criterion"
    criterion: Criterion = Field(title=_("Until the contact matches"))
    timeout: Duration = Field(title=_("At most"))

    @property
    def scoped(self) -> Criterion:
        return with_default_scope(self.criterion, "since entry")

    def recalls(self) -> Iterator[Recall]:
        yield from recalls(self.scoped)

    def outcome(self, cohort: Cohort) -> Outcome:
        frame = frame_of(cohort)
        until = members.c.arrived_at + self.timeout.seconds
        met = compile_criterion(self.scoped, frame)
        return Outcome(
            outlet=case((met, MET), (until <= cohort.moments.now, TIMEOUT)),
            values=evidence(self.scoped, frame),
            due_at=until,
        )


Timed = AtOnce | ForDuration | CalendarDays
Rule = Annotated[Timed | ForEvents | ForCriterion, Field(discriminator="type")]


def next_moment(base: Instant, rule: Timed, then: Window | None, zone: ZoneInfo) -> Instant:
    """When a wait that begins at `base` ends by the clock of `zone`: after the rule, the first moment in the window."""
    match rule:
        case AtOnce():
            over = base
        case ForDuration():
            over = rule.after(base)
        case CalendarDays():
            over = next_calendar_day(base, rule.days, zone)
        case never:
            assert_never(never)
    return over if then is None else then.next(over, zone)


class Wait(Node):
    """Rest for a while.

    Due times are worked out in Python for the distinct zones of the cohort only, since no two databases agree on
    IANA zones.
    """

    kind: ClassVar[str] = "wait"
    family: ClassVar[Family] = Family.WAITS
    label: ClassVar[str] = _("Wait")
    icon: ClassVar[str] = "hourglass-medium"

    rule: Rule = Field(title=_("Wait for"))
    then: Window | None = Field(None, title=_("Then until"), description=_("By the contact's clock."))

    @model_validator(mode="after")
    def _window_follows_a_time(self) -> Wait:
        if self.then is not None and isinstance(self.rule, ForEvents | ForCriterion):
            raise SettingsError(
                _("A window follows a length of time. Put a second wait with the window behind this one."), "then"
            )
        return self

    @property
    def arrival(self) -> Arrival:  # type: ignore[override]  # here it depends on the rule
        """How members come in: timed by a clock, or listening."""
        return Arrival.LISTENS if isinstance(self.rule, ForEvents | ForCriterion) else Arrival.TIMED

    def outlets(self) -> tuple[Outlet, ...]:
        match self.rule:
            case ForEvents(listen=listen):
                return (*(Outlet(one.outlet, one.label) for one in listen), Outlet(TIMEOUT, _("timeout")))
            case ForCriterion():
                return (Outlet(MET, _("met")), Outlet(TIMEOUT, _("timeout")))
            case _:
                return (Outlet(DONE, _("done"), must_be_connected=False),)

    def words(self, names: Names) -> str:
        match self.rule:
            case AtOnce():
                return self._say_then(_("go on at once"), _("wait until {window} in the contact's time"))
            case ForDuration():
                said = {"duration": say_duration(self.rule)}
                return self._say_then(
                    _("wait {duration}").format(**said),
                    _("wait {duration}, then until {window} in the contact's time"),
                    **said,
                )
            case CalendarDays(days=n):
                return self._say_then(
                    ngettext("wait until the next calendar day", "wait for {n} calendar days", n).format(n=n),
                    ngettext(
                        "wait until the next calendar day, then until {window} in the contact's time",
                        "wait for {n} calendar days, then until {window} in the contact's time",
                        n,
                    ),
                    n=n,
                )
            case ForEvents(listen=listen, timeout=timeout):
                return _("wait for {events}, for {duration} at most").format(
                    events=any_of([one.words(names) for one in listen]), duration=say_duration(timeout)
                )
            case ForCriterion(criterion=criterion, timeout=timeout):
                return _("wait until this is so, for {duration} at most: {criterion}").format(
                    criterion=words(criterion, names), duration=say_duration(timeout)
                )
            case never:
                assert_never(never)

    def _say_then(self, without: str, within: str, **said: Any) -> str:
        return without if self.then is None else within.format(window=say_window(self.then), **said)

    def references(self) -> Iterator[tuple[str, str]]:
        if isinstance(self.rule, ForCriterion):
            yield from references(self.rule.criterion)

    def typed(self, catalogue: Catalogue) -> Self:
        if not isinstance(self.rule, ForCriterion):
            return self
        rule = self.rule.model_copy(update={"criterion": typed(self.rule.criterion, catalogue)})
        return self.model_copy(update={"rule": rule})

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        match self.rule:
            case ForEvents(listen=listen):
                for n, one in enumerate(listen):
                    if one.about is not None and one.about != "subject":
                        yield f"rule.listen[{n}].about", one.about
            case ForCriterion(criterion=criterion):
                yield from nodes_of_criterion(criterion, "rule.criterion")
            case _:
                pass

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        match self.rule:
            case ForEvents(listen=listen):
                for n, one in enumerate(listen):
                    yield from _about_problems(one, f"rule.listen[{n}].about", around)
            case ForCriterion():
                yield from impossible_criterion(self.rule.scoped, "rule.criterion", around)
                window = shortest_window(self.rule.scoped)
                if window is not None and window < DAY:
                    yield Problem(
                        "short-window",
                        Severity.WARNS,
                        (around.node,),
                        _(
                            "Who comes to match by time alone is found once a day, "
                            "later than a window shorter than a day suggests."
                        ),
                        field="rule.criterion",
                    )
            case _:
                pass

    def rests(self, outlet: str) -> int:
        """A calendar day counts as one: in a circle each round then takes at least from one midnight to the next."""
        match self.rule:
            case ForDuration():
                return self.rule.seconds
            case CalendarDays(days=days):
                return days * DAY
            case ForEvents(timeout=timeout) | ForCriterion(timeout=timeout) if outlet == TIMEOUT:
                return timeout.seconds
            case _:
                return 0

    def stirred_by(self) -> frozenset[str]:
        match self.rule:
            case ForEvents(listen=listen):
                return frozenset(one.event for one in listen)
            case ForCriterion():
                return stirs(self.rule.scoped)
            case _:
                return frozenset()

    def drifts(self) -> bool:
        return isinstance(self.rule, ForCriterion) and drifts(self.rule.scoped)

    def due(self, zones: Iterable[str], *, now: Instant, zone: ZoneInfo) -> DueTable:
        assert not isinstance(self.rule, ForEvents | ForCriterion), "a wait that listens has no due time of its own"
        return {name: next_moment(now, self.rule, self.then, zone_of(name, zone)) for name in zones}

    def outcome(self, cohort: Cohort) -> Outcome:
        match self.rule:
            case ForEvents() | ForCriterion():
                return self.rule.outcome(cohort)
            case _:
                return Outcome(outlet=literal(DONE))


def _about_problems(one: Listen, field: str, around: Around) -> Iterator[Problem]:
    """An answer is waited for to a message that has not gone out when members come here."""
    if one.about is None or one.about == "subject":
        return
    named = around.at(one.about)
    if named is None:
        # a node that is gone has a check of its own
        return
    if named.kind != "send":
        sentence = _("“{node}” sends nothing, so that nobody can answer it.")
    elif one.about not in dict(around.upstream()):
        sentence = _("“{node}” does not come before this, so that nobody can have its message here.")
    else:
        return
    yield Problem(
        "message-not-upstream",
        Severity.BLOCKS,
        (around.node, one.about),
        sentence.format(node=around.title_of(one.about)),
        field=field,
    )
