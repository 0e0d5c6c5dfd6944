"""What contacts have answered: NPS surveys, and loyalty programmes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import model_validator
from sqlalchemy import BigInteger, ColumnElement, case, cast, literal, select

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant
from journeys.base.validation import SettingsError
from journeys.criteria.allowed import Allowed, Demand
from journeys.criteria.comparison import Score
from journeys.criteria.frame import Frame, any_row, one, scalar
from journeys.criteria.leaf import Leaf, ScopedLeaf, Verdict, allowed_by, impossible_number
from journeys.criteria.names import Names
from journeys.criteria.part import Key
from journeys.criteria.saying import qualified
from journeys.criteria.scope import event_scope
from journeys.store import tables as t
from journeys.store.dialect import json_number, json_text

NpsAnswer = Literal["promoter", "passive", "detractor", "no answer"]

#: 9–10, 7–8, 0–6
_SCORES: dict[str, tuple[int, int]] = {"promoter": (9, 10), "passive": (7, 8), "detractor": (0, 6)}


class NpsLeaf(ScopedLeaf):
    """The newest valid answer to an NPS survey: promoter 9–10, passive 7–8, detractor 0–6, or a score.

    One of `answer` and `score`. An answer without a whole score from 0 to 10 is none.
    """

    leaf: Literal["nps"] = "nps"
    answer: NpsAnswer | None = None
    score: Score | None = None
    #: any survey where none is named
    survey: Key | None = None

    @model_validator(mode="after")
    def _one_question(self) -> NpsLeaf:
        if (self.answer is None) == (self.score is None):
            raise SettingsError(_("One question at a time: the answer, or the score."))
        return self

    def newest(self, frame: Frame) -> ColumnElement[Any]:
        """The newest score as SQL; NULL where there is no answer."""
        answers = t.event.alias()
        c = answers.c
        score = json_number(c.data, "score")
        rows = select(cast(score, BigInteger())).where(
            c.contact == frame.contact,
            c.kind == "nps.answered",
            *event_scope(self.scope, answers, frame),
            score.in_([float(n) for n in range(11)]),
        )
        if self.survey is not None:
            rows = rows.where(json_text(c.data, "survey") == self.survey)
        return scalar(rows.order_by(c.at.desc(), c.id.desc()).limit(one), answers)

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        score = self.newest(frame)
        if self.score is not None:
            return self.score.sql(score)
        if self.answer == "no answer":
            return score.is_(None)
        assert self.answer is not None
        return score.between(*_SCORES[self.answer])

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        return self.newest(frame)

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        what, answer = self._qualified(_("NPS score"), names), nps_answer(observed)
        if self.score is not None:
            seen = _("no answer") if observed is None else str(observed)
            return Verdict(what, seen, self.score.sign(), observed is not None and self.score.takes(observed))
        assert self.answer is not None
        seen = _("{score}, {answer}").format(score=observed, answer=say_nps(answer))
        return Verdict(
            what=what,
            observed=say_nps(answer) if observed is None else seen,
            wanted=say_nps(self.answer),
            holds=answer == self.answer,
            state=True,
        )

    def _qualified(self, sentence: str, names: Names) -> str:
        survey = (
            _("survey “{survey}”").format(survey=names.label("survey", self.survey)) if self.survey is not None else ""
        )
        return qualified(sentence, [self.when(names), survey])

    def words(self, names: Names) -> str:
        return self._qualified(self._sentence(), names)

    def _sentence(self) -> str:
        match self.answer:
            case "promoter":
                return _("is a promoter (NPS 9 or 10)")
            case "passive":
                return _("is a passive (NPS 7 or 8)")
            case "detractor":
                return _("is a detractor (NPS 0 to 6)")
            case "no answer":
                return _("has not answered the NPS survey")
            case None:
                assert self.score is not None
                return self.score.say(
                    exactly=lambda n: ngettext("has an NPS score of {n}", "has an NPS score of {n}", n),
                    other=lambda n: ngettext("has another NPS score than {n}", "has another NPS score than {n}", n),
                    at_least=lambda n: ngettext(
                        "has an NPS score of at least {n}", "has an NPS score of at least {n}", n
                    ),
                    at_most=lambda n: ngettext("has an NPS score of at most {n}", "has an NPS score of at most {n}", n),
                    between=lambda n: ngettext(
                        "has an NPS score between {low} and {n}", "has an NPS score between {low} and {n}", n
                    ),
                )
            case _ as never:
                assert_never(never)

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "nps.answered"})

    def drifts(self) -> bool:
        return self.window_drifts()

    def references(self) -> Iterator[tuple[str, str]]:
        if self.survey is not None:
            yield "survey", self.survey

    def demands(self) -> Iterator[Demand]:
        field = ("nps", self.survey, self.scope)
        if self.score is not None:
            yield Demand(field, allowed_by(self.score), can_miss=True)
        elif self.answer == "no answer":
            yield Demand(field, Allowed(only=frozenset(), missing=True), can_miss=True)
        else:
            assert self.answer is not None
            low, high = _SCORES[self.answer]
            yield Demand(field, Allowed(low=low, high=high), can_miss=True)

    def impossible(self, catalogue: Catalogue | None) -> str | None:
        if self.score is not None and impossible_number(self.score):
            return _("No NPS score is ever {wanted}.").format(wanted=self.score.sign())
        return None


def nps_answer(score: int | None) -> NpsAnswer:
    """What a score is called."""
    if score is None:
        return "no answer"
    return "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"


def say_nps(answer: NpsAnswer) -> str:
    match answer:
        case "promoter":
            return _("promoter")
        case "passive":
            return _("passive")
        case "detractor":
            return _("detractor")
        case "no answer":
            return _("no answer")
        case _ as never:
            assert_never(never)


LoyaltyState = Literal["joined", "declined", "no answer", "not asked"]


class LoyaltyLeaf(Leaf):
    """Where the contact stands with a loyalty programme: the newest of joined and declined counts.

    Of those who have done neither, who was asked has “no answer”, everybody else was “not asked”.
    """

    leaf: Literal["loyalty"] = "loyalty"
    programme: Key
    state: LoyaltyState

    kinds: ClassVar[dict[str, str]] = {"joined": "loyalty.joined", "declined": "loyalty.declined"}

    def _newest(self, frame: Frame) -> ColumnElement[Any]:
        """The kind of the newest answer; NULL without one."""
        answers = t.event.alias()
        c = answers.c
        return scalar(
            select(c.kind)
            .where(
                c.contact == frame.contact,
                c.kind.in_(list(self.kinds.values())),
                *event_scope(None, answers, frame),
                json_text(c.data, "programme") == self.programme,
            )
            .order_by(c.at.desc(), c.id.desc())
            .limit(one),
            answers,
        )

    def _asked(self, frame: Frame) -> ColumnElement[bool]:
        asked = t.event.alias()
        c = asked.c
        return any_row(
            select(one).where(
                c.contact == frame.contact,
                c.kind == "loyalty.asked",
                *event_scope(None, asked, frame),
                json_text(c.data, "programme") == self.programme,
            ),
            asked,
        )

    def holds(self, frame: Frame) -> ColumnElement[bool]:
        newest = self._newest(frame)
        match self.state:
            case "joined" | "declined":
                return newest == self.kinds[self.state]
            case "no answer":
                return newest.is_(None) & self._asked(frame)
            case "not asked":
                return newest.is_(None) & ~self._asked(frame)
            case _ as never:
                assert_never(never)

    def observed(self, frame: Frame) -> ColumnElement[Any]:
        newest = self._newest(frame)
        return case(
            (newest == "loyalty.joined", literal("joined")),
            (newest == "loyalty.declined", literal("declined")),
            (self._asked(frame), literal("no answer")),
            else_=literal("not asked"),
        )

    def verdict(self, observed: Any, names: Names, *, at: Instant, zone: ZoneInfo) -> Verdict:
        return Verdict(
            what=_("loyalty programme “{programme}”").format(programme=names.label("programme", self.programme)),
            observed=_say_state(observed),
            wanted=_say_state(self.state),
            holds=observed == self.state,
            state=True,
        )

    def words(self, names: Names) -> str:
        match self.state:
            case "joined":
                text = _("has joined the programme “{programme}”")
            case "declined":
                text = _("has declined the programme “{programme}”")
            case "no answer":
                text = _("was asked to join the programme “{programme}” and has not answered")
            case "not asked":
                text = _("was never asked to join the programme “{programme}”")
            case _ as never:
                assert_never(never)
        return text.format(programme=names.label("programme", self.programme))

    def stirs(self) -> frozenset[str]:
        return frozenset({"contact.created", "loyalty.asked", *self.kinds.values()})

    def references(self) -> Iterator[tuple[str, str]]:
        yield "programme", self.programme

    def demands(self) -> Iterator[Demand]:
        yield Demand(("loyalty", self.programme), Allowed(only=frozenset({self.state})))


def _say_state(state: str) -> str:
    match state:
        case "joined":
            return _("joined")
        case "declined":
            return _("declined")
        case "no answer":
            return _("no answer")
        case _:
            return _("not asked")
