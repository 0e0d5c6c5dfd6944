"""What may be connected, what fits where, and what people find when they type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.graph.fits import Spot, fitting, search, why_not, why_not_here
from journeys.graph.journey import Journey
from journeys.nodes.node import Family
from journeys.nodes.preset import NOT_CHOSEN, Preset
from journeys.nodes.presets import presets
from journeys.nodes.registry import kind_of, kinds
from journeys.nodes.send import Send
from journeys.nodes.split import ByNps, Split
from journeys.nodes.wait import ForEvents, Wait
from tests.graph.own_kinds import drawn, node_id

TODAY = date(2026, 11, 25)


@pytest.fixture
def journey() -> Journey:
    return drawn(
        {
            "buy": kind_of("trigger").model_validate({"on": {"type": "list"}}),
            "ask": Send(template="survey", purpose="newsletter", sender="shop"),
            "wait": kind_of("wait").model_validate({"rule": {"type": "duration", "amount": 3}}),
            "end": kind_of("exit").model_validate({"reason": "over"}),
            "note": kind_of("note").model_validate({"text": "hello"}),
            "odd": {"colour": "red"},
        },
        "buy:in>ask",
        "ask:sent>wait",
        "odd:somewhere>end",
    )


def refusal(journey: Journey, source: str, outlet: str, target: str) -> str | None:
    return why_not(journey, node_id(source), outlet, node_id(target))


def names(found: Sequence[Preset]) -> list[str]:
    return [preset.id for preset in found]


@pytest.mark.parametrize(
    ("source", "outlet", "target", "sentence"),
    [
        ("wait", "done", "end", None),
        ("wait", "done", "ask", None),
        ("wait", "done", "odd", None),
        ("wait", "done", "buy", "Contacts come in at the trigger “Buy”; nobody is led there."),
        ("wait", "done", "note", "Notes and frames lie beside the way; contacts never come there."),
        ("note", "done", "wait", "Notes and frames lie beside the way; contacts never come there."),
        ("wait", "done", "wait", "“Wait” cannot lead to itself: contacts would go round without a rest."),
        ("end", "done", "wait", "The way ends at “End”; nothing leads on from there."),
        ("wait", "gone", "end", "“Wait” has no outlet “gone”."),
        ("odd", "somewhere", "wait", None),
        ("odd", "else", "wait", "No installed package knows the kind of “Odd”, nor which outlets it has."),
    ],
)
def test_a_connection_is_refused_with_its_reason(
    journey: Journey, source: str, outlet: str, target: str, sentence: str | None
) -> None:
    assert refusal(journey, source, outlet, target) == sentence


def test_an_orphaned_edge_may_be_led_elsewhere(journey: Journey) -> None:
    journey.connect(node_id("wait"), "gone", node_id("end"))
    assert refusal(journey, "wait", "gone", "ask") is None


@pytest.mark.parametrize("text", ["mail", "MAIL", "e-mail", "newsletter"])
def test_mail_finds_the_e_mail(journey: Journey, text: str) -> None:
    assert names(search(text, Spot(journey, TODAY)))[0] == "email"


def test_pause_finds_the_waits_and_nothing_else(journey: Journey) -> None:
    found = search("pause", Spot(journey, TODAY))
    assert {preset.family for preset in found} == {Family.WAITS}
    assert found[0].id == "wait"


@pytest.mark.parametrize(
    ("text", "id_"), [("nps", "nps"), ("ab test", "random"), ("vouch", "code"), ("birth", "birthday"), ("stop", "exit")]
)
def test_a_word_finds_its_step(journey: Journey, text: str, id_: str) -> None:
    assert names(search(text, Spot(journey, TODAY)))[0] == id_


def test_part_of_a_word_is_enough_where_no_word_begins_so(journey: Journey) -> None:
    assert "random" in names(search("periment", Spot(journey, TODAY)))


def test_what_nothing_is_called_finds_nothing(journey: Journey) -> None:
    assert search("zzz", Spot(journey, TODAY)) == ()


def test_an_empty_journey_begins_with_what_brings_contacts_in() -> None:
    assert fitting(Spot(drawn({}), TODAY))[0].family is Family.COMES_IN


def test_after_an_outlet_nothing_fits_that_nobody_can_be_led_to(journey: Journey) -> None:
    found = fitting(Spot(journey, TODAY, after=(node_id("wait"), "done")))
    assert {preset.family for preset in found}.isdisjoint({Family.COMES_IN, Family.CANVAS})
    assert found[0].family is Family.SENDS


def test_before_an_input_no_end_fits_and_a_trigger_does(journey: Journey) -> None:
    found = names(fitting(Spot(journey, TODAY, before=node_id("ask"))))
    assert "event" in found
    assert not {"goal", "exit", "note"} & set(found)


def test_on_an_edge_only_what_leads_on_fits(journey: Journey) -> None:
    spot = Spot(journey, TODAY, after=(node_id("ask"), "sent"), before=node_id("wait"))
    assert not {"goal", "exit", "other-journey", "event", "note"} & set(names(fitting(spot)))
    goal = kind_of("goal").model_validate({"name": "Bought"})
    assert why_not_here(spot, goal) == "The way ends there; nothing leads on."


def test_every_kind_can_be_added() -> None:
    spot = Spot(drawn({}), TODAY)
    assert {preset.make(spot.beginning()).kind for preset in presets()} >= {
        kind for kind, cls in kinds().items() if cls.__module__.startswith("journeys.")
    }


def test_each_entry_has_an_id_of_its_own() -> None:
    ids = [preset.id for preset in presets()]
    assert len(ids) == len(set(ids))


def preset_settings(id_: str, spot: Spot) -> object:
    return next(preset for preset in presets() if preset.id == id_).make(spot.beginning())


def test_an_nps_split_asks_for_the_nearest_survey_before_it(journey: Journey) -> None:
    catalogue = Catalogue(templates={"survey": TemplateEntry(survey="nps")})
    made = preset_settings("nps", Spot(journey, TODAY, catalogue, after=(node_id("wait"), "done")))
    assert made == Split(by=ByNps(survey=node_id("ask")))


def test_a_wait_for_an_answer_listens_to_the_nearest_message(journey: Journey) -> None:
    made = preset_settings("for-an-answer", Spot(journey, TODAY, after=(node_id("wait"), "done")))
    assert isinstance(made, Wait)
    assert isinstance(made.rule, ForEvents)
    assert (made.rule.listen[0].event, made.rule.listen[0].about) == ("email.clicked", node_id("ask"))


def test_a_new_message_has_the_purpose_and_sender_of_the_others_and_no_text_that_nobody_chose(journey: Journey) -> None:
    catalogue = Catalogue(templates={"a": TemplateEntry(), "b": TemplateEntry()})
    made = preset_settings("email", Spot(journey, TODAY, catalogue))
    assert made == Send(template=NOT_CHOSEN, purpose="newsletter", sender="shop")
