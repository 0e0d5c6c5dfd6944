"""Split: several ways, by an answer, an opt-in, a segment, a channel that reaches, or a random share."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator
from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from journeys.base.i18n import _
from journeys.base.validation import SettingsError
from journeys.criteria import below, draw_share, drawn
from journeys.criteria.draw import MODULUS
from journeys.criteria.saying import listed
from journeys.nodes.by import OTHERWISE, Part, SplitBy
from journeys.nodes.by_reach import ByReachable
from journeys.nodes.checks import unknown_references
from journeys.nodes.cohort import Cohort, Outcome, members
from journeys.nodes.keys import Key, Label, NodeId, NotEmpty, OutletId
from journeys.nodes.member import first_made_at, messages_of, since_entry
from journeys.nodes.node import Around, Family, Names, Node, Outlet
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.store.dialect import json_number, json_object_text, json_text
from journeys.store.tables import event, membership, message

PROMOTER, PASSIVE, DETRACTOR, NO_ANSWER = "promoter", "passive", "detractor", "no_answer"
JOINED, DECLINED, NOT_ASKED = "joined", "declined", "not_asked"

#: lowest score of a promoter and of a passive; everybody under it who answered is a detractor
FROM_PROMOTER, FROM_PASSIVE = 9, 7


class ByNps(SplitBy):
    """By the newest valid NPS answer: 9–10 promoter, 7–8 passive, 0–6 detractor.

    With a send named, an answer to one of its messages in this passage; an answer that names no message counts where
    its survey is `survey_key` and it is later than the first of these messages. Without one, an answer since entry. With
    `ever`, any answer to the survey whenever it was given.
    """

    type: Literal["nps"] = "nps"
    survey: NodeId | None = Field(None, title=_("Asked by"), description=_("The send that asks."))
    survey_key: Key | None = Field(
        None, title=_("Survey"), description=_("Lets answers count that came without a link from the message.")
    )
    ever: bool = Field(False, title=_("Whenever it was answered"))

    def outlets(self) -> tuple[Outlet, ...]:
        return (
            Outlet(PROMOTER, _("promoter")),
            Outlet(PASSIVE, _("passive")),
            Outlet(DETRACTOR, _("detractor")),
            Outlet(NO_ANSWER, _("no answer")),
        )

    def words(self, names: Names) -> str:
        if self.ever:
            return _("by the newest NPS answer ever given")
        if self.survey is None:
            return _("by the newest NPS answer since entry")
        return _("by the answer to “{node}”").format(node=names.label("node", self.survey))

    def outcome(self, cohort: Cohort) -> Outcome:
        answer = event.alias("answer")
        score = json_number(answer.c.data, "score")
        newest = _newest(
            answer,
            answer.c.kind == "nps.answered",
            answer.c.at <= cohort.moments.now,
            # 7.5 and 11 are no answers; whatever wrote them, they open no way
            and_(score >= 0, score <= 10, score == func.round(score)),
            *self._asked(answer),
        )
        return Outcome(
            outlet=func.coalesce(
                _of_found(
                    answer, case((score >= FROM_PROMOTER, PROMOTER), (score >= FROM_PASSIVE, PASSIVE), else_=DETRACTOR)
                ),
                NO_ANSWER,
            ),
            reason=case((members.c.found.is_not(None), ""), else_=self._why_no_answer()),
            values=_of_found(answer, json_object_text({"score": score, "at": answer.c.at})),
            found=newest,
        )

    def _asked(self, answer: FromClause) -> Iterator[ColumnElement[bool]]:
        """What makes it an answer to what was asked."""
        about = json_text(answer.c.data, "survey") == self.survey_key
        if self.ever or self.survey is None:
            if self.survey_key is not None:
                yield about
            if not self.ever:
                yield since_entry(answer)
            return
        to_message = answer.c.message.in_(messages_of(self.survey))
        if self.survey_key is None:
            yield to_message
            return
        yield or_(to_message, and_(answer.c.message.is_(None), about, answer.c.at > first_made_at(self.survey)))

    def _why_no_answer(self) -> ColumnElement[str]:
        if self.survey is None:
            return literal("no answer")
        # messages that were held back or refused asked nobody
        asked = exists(
            select(message.c.id)
            .where(
                message.c.enrollment == members.c.id,
                message.c.node == self.survey,
                message.c.state.in_(("started", "sent", "unknown")),
            )
            .correlate(members)
        )
        return case((asked, "no answer"), else_="never asked")

    def references(self) -> Iterator[tuple[str, str]]:
        if self.survey_key is not None:
            yield "survey", self.survey_key

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        if self.survey is not None:
            yield "by.survey", self.survey

    def problems(self, around: Around) -> Iterator[Problem]:
        if self.ever:
            return
        upstream = dict(around.upstream())
        if self.survey is not None:
            named = around.at(self.survey)
            if named is None:
                # a node that is gone has a check of its own
                return
            if named.kind != "send":
                sentence = _("“{node}” sends nothing, so that nobody can answer it.")
            elif self.survey not in upstream:
                sentence = _("“{node}” does not come before this, so that nobody has been asked here.")
            else:
                yield from self._survey_problems(named, around)
                return
            yield Problem(
                "survey-not-upstream",
                Severity.BLOCKS,
                (around.node, self.survey),
                sentence.format(node=around.title_of(self.survey)),
                field="by.survey",
            )
            return
        yield from self._without_survey(upstream, around)

    def _without_survey(self, upstream: dict[str, Node], around: Around) -> Iterator[Problem]:
        sends = sorted(id_ for id_, node in upstream.items() if node.kind == "send")
        asking = [id_ for id_ in sends if _survey_of(upstream[id_], around)]
        candidates = asking or (sends if len(sends) == 1 else [])
        fix = (
            Fix(
                _("By the answer to “{node}”").format(node=around.title_of(candidates[0])),
                "set",
                {"field": "by.survey", "value": candidates[0]},
            )
            if candidates
            else None
        )
        if not sends:
            sentence = _("Nothing before this asks for an answer. Send a survey first, or count answers ever given.")
        else:
            sentence = _("Which message asks is not said; any NPS answer since entry counts.")
        yield Problem(
            "survey-missing",
            Severity.WARNS if sends else Severity.BLOCKS,
            (around.node,),
            sentence,
            field="by.survey",
            fix=fix,
        )

    def _survey_problems(self, send: Node, around: Around) -> Iterator[Problem]:
        if around.catalogue is None:
            return
        survey = _survey_of(send, around)
        template = getattr(send, "template", "")
        if template in around.catalogue.templates and not survey:
            yield Problem(
                "no-survey-in-message",
                Severity.WARNS,
                (around.node, str(self.survey)),
                _("The message “{template}” carries no survey, so that nobody can answer it.").format(
                    template=template
                ),
                field="by.survey",
            )
        elif survey and self.survey_key is not None and self.survey_key != survey:
            yield Problem(
                "other-survey",
                Severity.WARNS,
                (around.node, str(self.survey)),
                _("The message asks the survey “{asked}”, and here answers to “{counted}” count.").format(
                    asked=survey, counted=self.survey_key
                ),
                field="by.survey_key",
                fix=Fix(_("Count answers to what is asked"), "set", {"field": "by.survey_key", "value": survey}),
            )


class ByLoyalty(SplitBy):
    """By the newest answer to the invitation to a loyalty programme.

    Three ways (D4): who joined, who declined, who was not asked. Who was asked and has not answered goes with those who
    declined, since asking again is what both need; the reason in the trace tells them apart.
    """

    type: Literal["loyalty"] = "loyalty"
    programme: Key = Field(title=_("Programme"))

    def outlets(self) -> tuple[Outlet, ...]:
        return (
            Outlet(JOINED, _("joined")),
            Outlet(DECLINED, _("declined or no answer")),
            Outlet(NOT_ASKED, _("not asked")),
        )

    def words(self, names: Names) -> str:
        return _("by the answer to the programme “{programme}”; no answer goes with declined").format(
            programme=names.label("programme", self.programme)
        )

    def outcome(self, cohort: Cohort) -> Outcome:
        answer = event.alias("answer")

        def newest(*kinds: str) -> ColumnElement[int | None]:
            return _newest(
                answer,
                answer.c.kind.in_(kinds),
                answer.c.at <= cohort.moments.now,
                json_text(answer.c.data, "programme") == self.programme,
            )

        return Outcome(
            outlet=func.coalesce(
                _of_found(answer, case((answer.c.kind == "loyalty.joined", JOINED), else_=DECLINED)), NOT_ASKED
            ),
            reason=func.coalesce(
                _of_found(answer, case((answer.c.kind == "loyalty.asked", "asked, no answer"), else_="")), ""
            ),
            values=_of_found(answer, json_object_text({"event": answer.c.kind, "at": answer.c.at})),
            found=func.coalesce(newest("loyalty.joined", "loyalty.declined"), newest("loyalty.asked")),
        )

    def references(self) -> Iterator[tuple[str, str]]:
        yield "programme", self.programme


class BySegments(SplitBy):
    """By the first segment of the list that the contact is in; `otherwise` for who is in none."""

    type: Literal["segments"] = "segments"
    segments: Annotated[tuple[Key, ...], NotEmpty] = Field(title=_("Segments, in order"), max_length=50)

    @model_validator(mode="after")
    def _once_each(self) -> BySegments:
        for n, key in enumerate(self.segments):
            if key == OTHERWISE:
                raise SettingsError(_("“otherwise” is the outlet of who is in none of the segments."), f"segments[{n}]")
            if key in self.segments[:n]:
                raise SettingsError(
                    _("The segment “{segment}” stands there twice.").format(segment=key), f"segments[{n}]"
                )
        return self

    def outlets(self) -> tuple[Outlet, ...]:
        return (*(Outlet(key, key) for key in self.segments), Outlet(OTHERWISE, _("otherwise")))

    def words(self, names: Names) -> str:
        return _("by the first of these segments: {segments}").format(
            segments=listed([_("“{text}”").format(text=names.label("segment", key)) for key in self.segments])
        )

    def outcome(self, cohort: Cohort) -> Outcome:
        def inside(key: str) -> ColumnElement[bool]:
            return exists(
                select(membership.c.id)
                .where(
                    membership.c.segment == key,
                    membership.c.contact == members.c.contact,
                    membership.c.to_at.is_(None),
                    membership.c.from_at <= cohort.moments.now,
                )
                .correlate(members)
            )

        return Outcome(outlet=case(*((inside(key), key) for key in self.segments), else_=OTHERWISE))

    def references(self) -> Iterator[tuple[str, str]]:
        for key in self.segments:
            yield "segment", key


class Arm(Part):
    """One random way and its share of 100."""

    id: OutletId = Field(title=_("Id"))
    label: Label = Field(title=_("Name"))
    share: Annotated[int | float, Field(gt=0, le=100, allow_inf_nan=False)] = Field(title=_("Share"))


class ByRandom(SplitBy):
    """By chance, and by the same chance every time: a contact keeps its arm at this split, also when it comes again."""

    type: Literal["random"] = "random"
    arms: tuple[Arm, ...] = Field(title=_("Arms"), max_length=50)

    @model_validator(mode="after")
    def _whole(self) -> ByRandom:
        if len(self.arms) < 2:
            raise SettingsError(_("A random split needs two arms or more."), "arms")
        ids = [arm.id for arm in self.arms]
        for n, id_ in enumerate(ids):
            if id_ in ids[:n]:
                raise SettingsError(_("The arm “{arm}” stands there twice.").format(arm=id_), f"arms[{n}].id")
        total = sum((Fraction(str(arm.share)) for arm in self.arms), Fraction(0))
        if total != 100:
            raise SettingsError(
                _("The shares add up to {total}. Together they must be 100.").format(total=f"{float(total):g}"), "arms"
            )
        return self

    def outlets(self) -> tuple[Outlet, ...]:
        return tuple(Outlet(arm.id, arm.label) for arm in self.arms)

    def words(self, names: Names) -> str:
        return listed([_("{label} {share} %").format(label=arm.label, share=f"{arm.share:g}") for arm in self.arms])

    def outcome(self, cohort: Cohort) -> Outcome:
        mixed = drawn(members.c.draw, draw_share(cohort.journey, cohort.node))
        bounds: list[tuple[ColumnElement[bool], str]] = []
        percent = Fraction(0)
        for arm in self.arms[:-1]:
            percent += Fraction(str(arm.share))
            bounds.append((mixed < below(float(percent)), arm.id))
        share = cast(mixed, Double()) / MODULUS
        return Outcome(outlet=case(*bounds, else_=self.arms[-1].id), values=json_object_text({"share": share}))


By = Annotated[ByNps | ByLoyalty | BySegments | ByReachable | ByRandom, Field(discriminator="type")]


class Split(Node):
    """Lead members several ways; everybody has one, also who did not answer."""

    kind: ClassVar[str] = "split"
    family: ClassVar[Family] = Family.DECIDES
    label: ClassVar[str] = _("Split")
    icon: ClassVar[str] = "gauge"
    can_be_off: ClassVar[bool] = False

    by: By = Field(title=_("By"))

    def outlets(self) -> tuple[Outlet, ...]:
        return self.by.outlets()

    def words(self, names: Names) -> str:
        return self.by.words(names)

    def references(self) -> Iterator[tuple[str, str]]:
        yield from self.by.references()

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        yield from self.by.nodes_mentioned()

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from unknown_references(self, around)
        yield from self.by.problems(around)

    def channels_asked(self) -> tuple[str, ...]:
        return self.by.channels_asked()

    def outcome(self, cohort: Cohort) -> Outcome:
        return self.by.outcome(cohort)


def _newest(answer: FromClause, *asked: ColumnElement[bool]) -> ColumnElement[int | None]:
    """Id of a member's newest event that fits, by (at, id)."""
    return (
        select(answer.c.id)
        .where(answer.c.contact == members.c.contact, *asked)
        .order_by(answer.c.at.desc(), answer.c.id.desc())
        .limit(1)
        .correlate(members)
        .scalar_subquery()
    )


def _of_found(answer: FromClause, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """An expression of the event that was found; NULL without one."""
    return select(value).where(answer.c.id == members.c.found).correlate(members).scalar_subquery()


def _survey_of(send: Node, around: Around) -> str:
    """The survey in a send's message, as the catalogue has it."""
    template = getattr(send, "template", None)
    if template is None or around.catalogue is None or template not in around.catalogue.templates:
        return ""
    return around.catalogue.templates[template].survey
