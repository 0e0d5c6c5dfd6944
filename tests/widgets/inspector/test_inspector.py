"""The inspector: what it shows, and that every edit is one step of the document's history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.base.time import instant
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.registry import kinds
from journeys.nodes.wait import ForDuration
from tests.widgets.hands import choose, click, fill, key, type_into
from widgets.document import acts
from widgets.document.checking import Checking, Outside
from widgets.document.document import Document
from widgets.document.selection import Selection
from widgets.form.editor import input_of
from widgets.inspector.inspector import Inspector
from widgets.inspector.supplies import Person, Supplies
from widgets.theme.theme import Theme

WARSAW = ZoneInfo("Europe/Warsaw")
TRIGGER, WAIT, SEND, SPLIT, NOTE = "TRIGGER2", "WAITAAAA", "SENDAAAA", "SPLITAAA", "NOTEAAAA"
KNOWN = Catalogue(templates={"hello": TemplateEntry(), "bye": TemplateEntry()}, purposes=frozenset({"newsletter"}))


class Desk:
    """An inspector over a small journey; the clock stands at 12:40 of 21 November 2026 in Warsaw."""

    def __init__(self, theme: Theme, catalogue: Catalogue | None = KNOWN) -> None:
        self.seconds = 0.0
        journey = Journey(JourneySettings(id="welcome", name="Welcome"))
        for node, kind, settings in (
            (TRIGGER, "trigger", {"on": {"type": "event", "event": "purchase.made"}}),
            (WAIT, "wait", {"rule": {"type": "duration", "amount": 3}, "then": {"from": "09:00"}}),
            (SEND, "send", {"template": "hello", "purpose": "newsletter"}),
            (SPLIT, "split", {"by": {"type": "nps", "survey": SEND}}),
            (NOTE, "note", {"text": "x"}),
        ):
            journey.add_node(node, kinds()[kind].model_validate(settings), title=kind.capitalize())
        journey.add_node("WEEKDAYS", {"weekend": []}, kind="weekday", title="Weekday")
        journey.connect(TRIGGER, "in", WAIT)
        journey.connect(WAIT, "done", SEND)
        self.document = Document(journey, clock=lambda: self.seconds)
        self.selection = Selection(self.document)
        supplies = Supplies(
            theme,
            now=lambda: instant(datetime(2026, 11, 21, 12, 40, tzinfo=WARSAW)),
            zone=WARSAW,
            catalogue=lambda: catalogue,
            person=lambda: Person("Anna", "Warsaw", WARSAW, {"trial_ends": "2026-12-24"}),
        )
        self.checking = Checking(self.document, Outside(catalogue=catalogue))
        self.inspector = Inspector(self.document, self.selection, supplies, checking=self.checking)
        self.inspector.resize(312, 800)

    def select(self, *nodes: str) -> None:
        self.selection.set(nodes)

    def row(self, name: str):
        assert self.inspector.form is not None
        return self.inspector.form.record.rows[name]

    def state(self) -> tuple[int, bool]:
        """Steps of the history, and whether the document is as it was saved."""
        return self.document.history.index(), self.document.is_clean


@pytest.fixture
def desk(theme: Theme, qtbot) -> Iterator[Desk]:
    made = Desk(theme)
    qtbot.addWidget(made.inspector)
    made.inspector.show()
    qtbot.waitExposed(made.inspector)
    yield made
    made.checking.close()


def test_typing_into_one_field_is_one_step_and_undone_at_once(desk: Desk):
    desk.select(WAIT)
    before = desk.document.journey.node(WAIT)
    type_into(input_of(desk.row("rule").editor.inner.rows["amount"].editor), "45")
    settings = desk.document.journey.node(WAIT)
    assert settings.rule == ForDuration(amount=45)  # type: ignore[union-attr]
    assert desk.state() == (1, False)
    desk.document.history.undo()
    assert desk.document.journey.node(WAIT) == before
    assert desk.state() == (0, True)
    assert desk.row("rule").editor.inner.rows["amount"].editor.value() == 3
    desk.document.history.redo()
    assert desk.row("rule").editor.inner.rows["amount"].editor.value() == 45


def test_the_keys_of_undo_in_a_field_are_those_of_the_document(desk: Desk):
    QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), desk.inspector, desk.document.history.undo)
    desk.inspector.activateWindow()
    desk.select(WAIT)
    line = desk.row("rule").editor.inner.rows["amount"].editor.line
    type_into(line, "45")
    key(line, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert line.text() == "3"
    assert desk.state() == (0, True)


def test_a_choice_is_a_step_of_its_own(desk: Desk):
    desk.select(SEND)
    choose(desk.row("message_class").editor.box, 1)
    choose(desk.row("message_class").editor.box, 0)
    assert desk.state()[0] == 2


def test_what_the_model_refuses_stays_in_the_form_with_its_sentence(desk: Desk):
    desk.select(WAIT)
    before = desk.document.journey.node(WAIT)
    amount = desk.row("rule").editor.inner.rows["amount"]
    type_into(amount.editor.line, "0")
    assert amount.said == "0 is too small; it must be at least 1."
    assert amount.editor.line.property("wrong") is True
    assert desk.document.journey.node(WAIT) != before or desk.state() == (0, True)
    type_into(amount.editor.line, "4")
    assert amount.said == ""
    assert desk.document.journey.node(WAIT).rule == ForDuration(amount=4)  # type: ignore[union-attr]


def test_what_is_incomplete_is_there_again_when_one_comes_back(desk: Desk):
    desk.select(WAIT)
    fill(desk.row("rule").editor.choice, "date")
    desk.select(SEND)
    desk.select(WAIT)
    assert desk.row("rule").editor.choice.value() == "date"
    assert desk.document.journey.node(WAIT).rule == ForDuration(amount=3)  # type: ignore[union-attr]


def test_a_wait_says_what_it_means_for_a_contact(desk: Desk, qtbot):
    desk.select(WAIT)
    assert desk.inspector.example_text == "Anna, Warsaw: enters now → goes on Wed 25 Nov 9:00"
    type_into(desk.row("rule").editor.inner.rows["amount"].editor.line, "2")
    qtbot.waitUntil(lambda: desk.inspector.example_text == "Anna, Warsaw: enters now → goes on Tue 24 Nov 9:00")
    desk.select(SEND)
    assert desk.inspector.example_text == ""


def test_the_title_is_edited_in_place(desk: Desk):
    desk.select(SEND)
    assert desk.inspector.head.title.text() == "Send"
    type_into(desk.inspector.head.title, "NPS survey")
    assert desk.document.journey.title(SEND) == "NPS survey"
    assert desk.state() == (1, False)
    desk.document.history.undo()
    assert desk.inspector.head.title.text() == "Send"


def test_a_comment_is_written_on_its_tab(desk: Desk):
    desk.select(SEND)
    QTest.mouseClick(desk.inspector.tabs, Qt.MouseButton.LeftButton, pos=desk.inspector.tabs.tabRect(1).center())
    type_into(desk.inspector.comment.text, "why")
    assert desk.document.journey.comment(SEND) == "why"
    assert desk.state()[0] == 1


def test_with_nothing_selected_the_journey_itself_is_shown(desk: Desk):
    type_into(desk.row("name").editor.line, "Hello")
    assert desk.document.journey.settings.name == "Hello"
    choose(desk.row("direction").editor.box, 1)
    assert desk.document.journey.settings.direction == "right"
    assert desk.state() == (2, False)
    assert "id" not in desk.inspector.form.record.rows  # type: ignore[union-attr]


def test_a_trigger_shows_who_may_come_back_and_the_journey_keeps_it(desk: Desk):
    desk.select(TRIGGER)
    form = desk.inspector.re_entry
    assert form is not None
    record = form.record.rows["re_entry"].editor
    assert record.rows["days"].isHidden()  # type: ignore[attr-defined]
    fill(record, {"rule": "after days", "days": 90, "per": "contact"})
    re_entry = desk.document.journey.settings.re_entry
    assert (re_entry.rule, re_entry.days) == ("after days", 90)
    assert not record.rows["days"].isHidden()  # type: ignore[attr-defined]
    desk.document.history.setIndex(0)
    assert record.rows["rule"].editor.value() == "never"  # type: ignore[attr-defined]


def test_steps_are_switched_off_together_and_in_one_step(desk: Desk):
    desk.select(WAIT, SEND, SPLIT)
    assert desk.inspector.off is not None
    click(desk.inspector.off)
    assert [desk.document.journey.is_off(node) for node in (WAIT, SEND, SPLIT)] == [True, True, False]
    assert desk.state() == (1, False)
    desk.document.history.undo()
    assert not desk.document.journey.is_off(WAIT)
    assert desk.inspector.off is not None
    assert not desk.inspector.off.isChecked()


def test_undoing_a_switch_shows_in_the_box(desk: Desk, qtbot):
    desk.select(SEND)
    assert desk.inspector.off is not None
    click(desk.inspector.off)
    desk.document.history.undo()
    qtbot.waitUntil(lambda: desk.inspector.off is not None and not desk.inspector.off.isChecked())


def test_a_key_that_the_store_does_not_have_is_said_at_its_field(desk: Desk, qtbot):
    desk.select(SEND)
    type_into(desk.row("template").editor.line, "helo")
    qtbot.waitUntil(lambda: desk.row("template").said.startswith("There is no message “helo”"))


def test_what_there_is_is_offered_while_typing(desk: Desk):
    desk.select(SEND)
    line = desk.row("template").editor.line
    line.setFocus()
    key(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(line, "b")
    popup = line.completer().popup()
    assert popup.isVisible()
    assert popup.model().rowCount() == 1
    key(popup, Qt.Key.Key_Down)
    key(popup, Qt.Key.Key_Return)
    assert desk.document.journey.node(SEND).template == "bye"  # type: ignore[union-attr]


def test_what_is_still_to_be_chosen_is_an_empty_field_that_keeps_the_rest_editable(desk: Desk, qtbot):
    acts.set_settings(desk.document, SEND, kinds()["send"].model_validate({"template": "not-chosen"}))
    desk.select(SEND)
    template = desk.row("template").editor
    assert (template.line.text(), template.line.placeholderText()) == ("", "Choose…")
    qtbot.waitUntil(lambda: desk.row("template").said == "This is still to be chosen.")
    choose(desk.row("message_class").editor.box, 1)
    assert desk.document.journey.node(SEND).message_class == "service"  # type: ignore[union-attr]
    type_into(template.line, "bye")
    assert desk.document.journey.node(SEND).template == "bye"  # type: ignore[union-attr]


def test_steps_are_named_by_their_titles(desk: Desk):
    desk.select(SPLIT)
    survey = desk.row("by").editor.inner.rows["survey"].editor
    assert survey.line.text() == "Send"
    type_into(survey.line, "Wait")
    assert desk.document.journey.node(SPLIT).by.survey == WAIT  # type: ignore[union-attr]


def test_without_a_store_keys_are_free_text(theme: Theme, qtbot):
    desk = Desk(theme, None)
    qtbot.addWidget(desk.inspector)
    desk.select(SEND)
    type_into(desk.row("template").editor.line, "anything")
    assert desk.document.journey.node(SEND).template == "anything"  # type: ignore[union-attr]
    type_into(desk.row("template").editor.line, "No key!")
    assert desk.row("template").said.startswith("“No key!” is not a key.")
    desk.checking.close()


def test_a_kind_that_is_unknown_here_keeps_its_title_and_comment_editable(desk: Desk):
    desk.select("WEEKDAYS")
    assert desk.inspector.form is None
    type_into(desk.inspector.head.title, "Weekend")
    assert desk.document.journey.title("WEEKDAYS") == "Weekend"
    assert desk.document.journey.raw_settings("WEEKDAYS") == {"weekend": []}


def test_a_node_that_is_removed_gives_way_to_the_journey(desk: Desk):
    desk.select(SEND)
    acts.remove(desk.document, [SEND])
    assert desk.selection.nodes == frozenset()
    assert "name" in desk.inspector.form.record.rows  # type: ignore[union-attr]


def test_the_rule_of_a_wait_keeps_what_goes_with_the_new_one(desk: Desk):
    desk.select(WAIT)
    fill(desk.row("rule").editor.choice, "calendar days")
    assert desk.document.journey.node(WAIT).rule.type == "calendar days"  # type: ignore[union-attr]
    fill(desk.row("rule").editor.choice, "events")
    assert not desk.row("then").isHidden(), "a window that stands there is not hidden with its error"


def test_tab_goes_through_the_fields_in_their_order(desk: Desk):
    desk.select(WAIT)
    desk.inspector.edit_settings()
    first = desk.inspector.focusWidget()
    assert first is input_of(desk.row("rule").editor.choice)
    QTest.keyClick(first, Qt.Key.Key_Tab)
    assert desk.inspector.focusWidget() is desk.row("rule").editor.inner.rows["amount"].editor.line


def test_every_field_has_a_name_for_a_screen_reader(desk: Desk):
    for node in (TRIGGER, WAIT, SEND, SPLIT):
        desk.select(node)
        for name, row in desk.inspector.form.record.rows.items():  # type: ignore[union-attr]
            assert row.editor.accessibleName() or input_of(row.editor).accessibleName(), (node, name)
