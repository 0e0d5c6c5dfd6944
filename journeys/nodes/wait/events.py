"""Waiting for events, with a time-out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, FromClause, and_, case, exists, func, or_, select

from journeys.base.i18n import _
from journeys.base.validation import SettingsError
from journeys.criteria import Recall, Where
from journeys.criteria.saying import quoted
from journeys.nodes.cohort import Cohort, Outcome, members
from journeys.nodes.durations import Duration, say_duration
from journeys.nodes.keys import About, EventKind, Label, NotEmpty, OutletId
from journeys.nodes.member import messages_of, newest_made_at, since_entry
from journeys.nodes.node import Around, Arrival, Names, Outlet
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.saying import any_of
from journeys.nodes.wait.rule import TIMEOUT, WaitRule
from journeys.nodes.windows import Window
from journeys.store.dialect import json_object_text
from journeys.store.tables import event


class Listen(BaseModel):
    """An event that ends the wait, and the outlet it opens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


class ForEvents(WaitRule):
    """Until an event comes, or the time is up. What happened since the listening moment counts, also before arrival.

    An event counts only if it is earlier than the time-out; the earliest by (at, id) decides, and of several entries
    that it fits the first.
    """

    arrival: ClassVar[Arrival] = Arrival.LISTENS
    ends_at_a_moment: ClassVar[bool] = False

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

    def outlets(self) -> tuple[Outlet, ...]:
        return (*(Outlet(one.outlet, one.label) for one in self.listen), Outlet(TIMEOUT, _("timeout")))

    def words(self, names: Names, then: Window | None) -> str:
        return _("wait for {events}, for {duration} at most").format(
            events=any_of([one.words(names) for one in self.listen]), duration=say_duration(self.timeout)
        )

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        for n, one in enumerate(self.listen):
            if one.about is not None and one.about != "subject":
                yield f"rule.listen[{n}].about", one.about

    def problems(self, around: Around) -> Iterator[Problem]:
        for n, one in enumerate(self.listen):
            yield from _about_problems(one, f"rule.listen[{n}].about", around)

    def rests(self, outlet: str) -> int:
        return self.timeout.seconds if outlet == TIMEOUT else 0

    def stirred_by(self) -> frozenset[str]:
        return frozenset(one.event for one in self.listen)

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
