"""Live checks and quick fixes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.graph.checks import Report, check
from journeys.graph.settings import Cap
from journeys.nodes.problem import Fix, Problem, Severity
from tests.widgets.document.drawing import ASK, BUY, END, NPS, WAIT, done, leave, made, pause
from widgets.document import acts
from widgets.document.checking import Checking, Outside
from widgets.document.document import Document
from widgets.document.fixing import fix
from widgets.document.refused import Refused

CATALOGUE = Catalogue(templates={"survey": TemplateEntry(survey="nps")}, purposes=frozenset({"newsletter"}))


@pytest.fixture
def checking(editing: Document) -> Iterator[Checking]:
    one = Checking(editing)
    yield one
    one.close()


def told_last(checking: Checking, qtbot: QtBot) -> Report:
    """What is found once no run is under way."""
    qtbot.waitUntil(lambda: not checking.is_outdated, timeout=20_000)
    assert checking.report is not None
    return checking.report


def test_what_is_found_is_what_checking_the_journey_finds(checking: Checking, editing: Document, qtbot: QtBot) -> None:
    assert told_last(checking, qtbot) == check(editing.journey)


def test_every_edit_is_checked(checking: Checking, editing: Document, qtbot: QtBot) -> None:
    told_last(checking, qtbot)
    for act in (
        lambda: acts.remove(editing, [BUY]),
        lambda: acts.add(editing, leave(), (0, 0)),
        lambda: acts.connect(editing, NPS, "passive", END),
        lambda: acts.set_settings(editing, ASK, made("send", template="other")),
        lambda: acts.lead_from(editing, (NPS, "passive"), (NPS, "detractor")),
        lambda: acts.set_journey(editing, editing.journey.settings.model_copy(update={"direction": "right"})),
        editing.history.undo,
        lambda: acts.duplicate(editing, [ASK, WAIT, NPS]),
    ):
        act()
        assert told_last(checking, qtbot) == check(editing.journey)


def test_of_edits_that_come_fast_only_the_last_state_is_told(
    checking: Checking, editing: Document, qtbot: QtBot
) -> None:
    told_last(checking, qtbot)
    told: list[Report] = []
    checking.checked.connect(told.append)
    for days in range(1, 8):
        acts.set_settings(editing, WAIT, pause(days))
        acts.set_off(editing, [WAIT], days % 2 == 1)
    assert told_last(checking, qtbot) == check(editing.journey)
    assert len(told) == 1


def test_what_the_outside_knows_is_checked_too(checking: Checking, editing: Document, qtbot: QtBot) -> None:
    checking.set_outside(Outside(Catalogue(), Cap(at_most=1, within_days=7)))
    report = told_last(checking, qtbot)
    assert "unknown-template" in {problem.check for problem in report.problems}
    assert report.skipped == check(editing.journey, Catalogue()).skipped


def test_after_closing_nothing_is_told(editing: Document, qtbot: QtBot) -> None:
    checking = Checking(editing)
    told: list[Report] = []
    checking.checked.connect(told.append)
    checking.close()
    acts.remove(editing, [BUY])
    qtbot.wait_until(lambda: True)
    assert told == []


def problem_of(document: Document, name: str) -> Problem:
    return next(problem for problem in check(document.journey, CATALOGUE).problems if problem.check == name)


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda document: acts.disconnect(document, [(BUY, "in")]), "unreachable"),
        (lambda document: None, "open-outlet"),
        (lambda document: acts.set_settings(document, NPS, made("split", by={"type": "nps"})), "survey-missing"),
        (
            lambda document: acts.set_settings(
                document, NPS, made("split", by={"type": "nps", "survey": ASK, "survey_key": "else"})
            ),
            "other-survey",
        ),
        (lambda document: document.journey.connect(WAIT, "gone", NPS), "orphaned-edge"),
        (lambda document: document.journey.connect(NPS, "passive", BUY), "wrong-target"),
        (lambda document: document.journey.set_off(END, True), "cannot-be-off"),
        (lambda document: None, "consent-not-ensured"),
    ],
)
def test_a_fix_mends_what_it_is_offered_for_in_one_step(editing: Document, spoil: object, name: str) -> None:
    spoil(editing)  # type: ignore[operator]
    problem = problem_of(editing, name)
    assert problem.fix is not None
    if name != "orphaned-edge":
        editing.history.setClean()
    done(editing, lambda: fix(editing, problem), undo_text=f"Undo fix “{problem.fix.label}”")
    assert problem not in check(editing.journey, CATALOGUE).problems


def test_an_edge_is_let_leave_from_the_outlet_that_took_the_place_of_its_own(editing: Document) -> None:
    acts.disconnect(editing, [(WAIT, "done")])
    editing.journey.connect(WAIT, "gone", NPS)
    done(editing, lambda: fix(editing, problem_of(editing, "orphaned-edge")))
    assert editing.journey.target(WAIT, "done") == NPS


def test_the_journeys_own_settings_are_mended(editing: Document) -> None:
    goal = {"leaf": "tag", "tag": "vip"}
    settings = type(editing.journey.settings).model_validate(
        {**editing.journey.settings.model_dump(mode="json"), "goal": goal}
    )
    acts.set_journey(editing, settings)
    offered = Fix("Remove the rule", "set-journey", {"field": "goal", "value": None})
    done(editing, lambda: fix(editing, Problem("x", Severity.WARNS, (), "It is so.", fix=offered)))
    assert editing.journey.settings.goal is None


@pytest.mark.parametrize(
    ("offered", "sentence"),
    [
        (None, "no fix at the press of a button"),
        (Fix("x", "remove-node", {"node": "GONEAAAA"}), "is gone"),
        (Fix("x", "connect", {"outlet": "sent", "target": "GONEAAAA"}), "is gone"),
        (Fix("x", "set", {"field": "nothing.there", "value": 1}), "no setting “nothing.there” here"),
        (Fix("x", "set", {"field": "message_class", "value": "spam"}), "“spam”"),
        (Fix("x", "fly", {}), "does not know how to do that: fly"),
    ],
)
def test_a_fix_that_cannot_be_done_says_why_and_changes_nothing(
    editing: Document, offered: Fix | None, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        fix(editing, Problem("x", Severity.WARNS, (ASK,), "It is so.", fix=offered))
    assert editing.history.count() == 0
