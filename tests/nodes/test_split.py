from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import insert

from journeys.base.catalogue import Catalogue, TemplateEntry
from journeys.base.time import DAY
from journeys.criteria.draw import MODULUS, draw_share, drawn_value
from journeys.nodes.send import Send
from journeys.nodes.split import Split
from journeys.store import tables as t

NOW = 1_795_345_200
ASK = "ASKAAAAA"


def split(**by: Any) -> Split:
    return Split.model_validate({"by": by})


NPS = split(type="nps", survey=ASK, survey_key="shop-nps")
LOYALTY = split(type="loyalty", programme="club")


def halves() -> Split:
    return split(type="random", arms=[{"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 50}])


# --- NPS -------------------------------------------------------------------------------------------------------------


def test_D11_promoters_passives_detractors_and_no_answer(case) -> None:
    expected = {}
    for score in range(11):
        member = case.member()
        message = case.message(member, ASK)
        case.event(case.contact_of(member), "nps.answered", NOW - 60, message=message, data={"score": score})
        expected[member] = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    expected[case.member()] = "no_answer"
    assert {member: decided.outlet for member, decided in case.decide(NPS).items()} == expected


def test_2_1_six_is_a_detractor_seven_a_passive_nine_a_promoter(case) -> None:
    outlets = []
    for score in (6, 7, 9):
        member = case.member()
        message = case.message(member, ASK)
        case.event(case.contact_of(member), "nps.answered", NOW - 60, message=message, data={"score": score})
        outlets.append(case.outlet(NPS, member))
    assert outlets == ["detractor", "passive", "promoter"]


@pytest.mark.parametrize("score", [11, -1, 7.5, "9", None])
def test_a_score_that_is_none_is_no_answer(case, score: Any) -> None:
    member = case.member()
    message = case.message(member, ASK)
    case.event(case.contact_of(member), "nps.answered", NOW - 60, message=message, data={"score": score})
    assert case.outlet(NPS, member) == "no_answer"


def test_the_newest_valid_answer_counts_and_is_traced(case) -> None:
    member = case.member()
    message = case.message(member, ASK)
    contact = case.contact_of(member)
    for at, score in ((NOW - 300, 2), (NOW - 200, 9), (NOW - 100, 12), (NOW + 1, 0)):
        case.event(contact, "nps.answered", at, message=message, data={"score": score})
    decided = case.decide(NPS)[member]
    assert (decided.outlet, decided.values, decided.reason) == ("promoter", {"score": 9, "at": NOW - 200}, "")


def test_an_answer_in_another_passage_is_none_in_this_one(case) -> None:
    contact = case.contact()
    earlier, member = case.member(contact), case.member(contact)
    message = case.message(earlier, ASK)
    case.event(contact, "nps.answered", NOW - 60, message=message, data={"score": 9})
    assert case.outlet(NPS, member) == "no_answer"


def test_an_answer_without_a_message_counts_after_the_first_message_and_for_its_survey(case) -> None:
    outlets = []
    for at, survey in (
        (NOW - DAY + 60, "shop-nps"),
        (NOW - DAY + 60, "other"),
        (NOW - DAY - 60, "shop-nps"),
    ):
        member = case.member()
        case.message(member, ASK, made_at=NOW - DAY)
        case.message(member, ASK, visit=2, made_at=NOW - 60)
        case.event(case.contact_of(member), "nps.answered", at, data={"score": 8, "survey": survey})
        outlets.append(case.outlet(NPS, member))
    assert outlets == ["passive", "no_answer", "no_answer"]


def test_without_a_survey_key_only_answers_to_the_message_count(case) -> None:
    member = case.member()
    case.message(member, ASK)
    case.event(case.contact_of(member), "nps.answered", NOW - 60, data={"score": 8})
    assert case.outlet(split(type="nps", survey=ASK), member) == "no_answer"


def test_who_was_not_asked_is_told_from_who_did_not_answer(case) -> None:
    asked, held_back, never = case.member(), case.member(), case.member()
    case.message(asked, ASK)
    case.message(held_back, ASK, state="skipped", reason="no consent")
    decided = case.decide(NPS)
    assert [(decided[m].outlet, decided[m].reason) for m in (asked, held_back, never)] == [
        ("no_answer", "no answer"),
        ("no_answer", "never asked"),
        ("no_answer", "never asked"),
    ]


def test_ever_takes_the_newest_answer_to_the_survey_whenever_it_was(case) -> None:
    member = case.member()
    contact = case.contact_of(member)
    case.event(contact, "nps.answered", NOW - 400 * DAY, data={"score": 10, "survey": "shop-nps"})
    case.event(contact, "nps.answered", NOW - 300 * DAY, data={"score": 0, "survey": "other"})
    assert case.outlet(split(type="nps", survey_key="shop-nps", ever=True), member) == "promoter"
    assert case.outlet(split(type="nps", ever=True), member) == "detractor"
    assert case.outlet(split(type="nps", survey_key="shop-nps"), member) == "no_answer"


# --- loyalty ---------------------------------------------------------------------------------------------------------


def test_D4_joined_declined_and_not_asked_are_three_outlets(case) -> None:
    joined, declined, not_asked = case.member(), case.member(), case.member()
    case.event(case.contact_of(joined), "loyalty.joined", NOW - 60, data={"programme": "club"})
    case.event(case.contact_of(declined), "loyalty.declined", NOW - 60, data={"programme": "club"})
    case.event(case.contact_of(not_asked), "loyalty.joined", NOW - 60, data={"programme": "other"})
    decided = case.decide(LOYALTY)
    assert [decided[m].outlet for m in (joined, declined, not_asked)] == ["joined", "declined", "not_asked"]
    assert decided[joined].values == {"event": "loyalty.joined", "at": NOW - 60}


def test_D4_who_was_asked_and_did_not_answer_goes_with_those_who_declined_for_a_reason_of_its_own(case) -> None:
    member = case.member()
    case.event(case.contact_of(member), "loyalty.asked", NOW - 60, data={"programme": "club"})
    decided = case.decide(LOYALTY)[member]
    assert (decided.outlet, decided.reason) == ("declined", "asked, no answer")


def test_the_newest_answer_to_the_programme_counts_and_being_asked_again_is_none(case) -> None:
    member = case.member()
    contact = case.contact_of(member)
    case.event(contact, "loyalty.declined", NOW - 300, data={"programme": "club"})
    case.event(contact, "loyalty.joined", NOW - 200, data={"programme": "club"})
    case.event(contact, "loyalty.asked", NOW - 100, data={"programme": "club"})
    assert case.outlet(LOYALTY, member) == "joined"
    case.event(contact, "loyalty.declined", NOW - 50, data={"programme": "club"})
    assert case.outlet(LOYALTY, member) == "declined"


# --- segments --------------------------------------------------------------------------------------------------------


def test_the_first_segment_of_the_list_that_the_contact_is_in_counts(case) -> None:
    for key in ("vip", "loyal"):
        case.conn.execute(insert(t.segment).values(key=key, label=key, criterion={}))
    node = split(type="segments", segments=["vip", "loyal"])
    both, loyal, left = case.member(), case.member(), case.member()
    for member, key, to_at in ((both, "vip", None), (both, "loyal", None), (loyal, "loyal", None), (left, "vip", NOW)):
        case.conn.execute(
            insert(t.membership).values(
                segment=key, contact=case.contact_of(member), from_at=NOW - DAY, to_at=to_at, reason="changed"
            )
        )
    decided = case.decide(node)
    assert [decided[m].outlet for m in (both, loyal, left)] == ["vip", "loyal", "otherwise"]


# --- random ----------------------------------------------------------------------------------------------------------


def test_trap_9_a_random_split_is_stable_and_reproducible(case) -> None:
    rng = random.Random(7)
    draws = {
        case.member(draw=draw): draw for draw in [0, 1, 2**31 - 1, 2**31 - 2, *(rng.getrandbits(31) for _ in range(40))]
    }
    first = {member: decided.outlet for member, decided in case.decide(halves()).items()}
    again = {member: decided.outlet for member, decided in case.decide(halves()).items()}
    pair = draw_share("JOURNEYA", "HEREAAAA")
    by_hand = {member: "a" if drawn_value(draw, pair) * 2 < MODULUS else "b" for member, draw in draws.items()}
    assert first == again == by_hand


def test_trap_9_who_comes_again_keeps_the_arm(case) -> None:
    contact = case.contact(draw=12_345)
    first, again = case.member(contact, draw=12_345), case.member(contact, draw=12_345, n=9)
    decided = case.decide(halves())
    assert decided[first].outlet == decided[again].outlet


def test_arms_get_their_shares(case) -> None:
    node = split(
        type="random",
        arms=[
            {"id": "a", "label": "A", "share": 10},
            {"id": "b", "label": "B", "share": 60},
            {"id": "c", "label": "C", "share": 30},
        ],
    )
    rng = random.Random(1)
    case.crowd([rng.getrandbits(31) for _ in range(2_000)])
    outlets = [decided.outlet for decided in case.decide(node).values()]
    assert [round(outlets.count(arm) / 20) for arm in "abc"] == [
        pytest.approx(10, abs=3),
        pytest.approx(60, abs=4),
        pytest.approx(30, abs=4),
    ]


def test_the_share_that_decided_is_traced(case) -> None:
    member = case.member(draw=99)
    share = drawn_value(99, draw_share("JOURNEYA", "HEREAAAA")) / MODULUS
    assert case.decide(halves())[member].values["share"] == pytest.approx(share)


# --- outlets, words, checks, settings --------------------------------------------------------------------------------


def test_trap_10_every_split_has_an_outlet_for_who_fits_nothing() -> None:
    assert [outlet.id for outlet in NPS.outlets()] == ["promoter", "passive", "detractor", "no_answer"]
    assert [outlet.id for outlet in LOYALTY.outlets()] == ["joined", "declined", "not_asked"]
    assert [o.id for o in split(type="segments", segments=["vip"]).outlets()] == ["vip", "otherwise"]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (NPS, "by the answer to “ASKAAAAA”"),
        (split(type="nps", ever=True), "by the newest NPS answer ever given"),
        (split(type="nps"), "by the newest NPS answer since entry"),
        (LOYALTY, "by the answer to the programme “club”; no answer goes with declined"),
        (split(type="segments", segments=["vip", "loyal"]), "by the first of these segments: “vip”, “loyal”"),
        (halves(), "A 50 %, B 50 %"),
    ],
)
def test_a_split_in_words(node: Split, words: str, names) -> None:
    assert node.words(names) == words


SEND = Send.model_validate({"template": "nps-survey", "purpose": "newsletter"})
CATALOGUE = Catalogue(
    templates={"nps-survey": TemplateEntry(survey="shop-nps"), "plain": TemplateEntry()},
    surveys=frozenset({"shop-nps", "other"}),
    programmes=frozenset({"club"}),
)


def test_an_nps_split_with_its_survey_before_it_is_fine(surroundings) -> None:
    assert list(NPS.problems(surroundings(catalogue=CATALOGUE, nodes={ASK: SEND}))) == []


def test_an_nps_split_without_a_survey_before_it_blocks(surroundings) -> None:
    (problem,) = split(type="nps").problems(surroundings(catalogue=CATALOGUE))
    assert (problem.check, problem.severity) == ("survey-missing", "blocks")


def test_an_nps_split_that_does_not_say_who_asks_is_offered_the_send(surroundings) -> None:
    (problem,) = split(type="nps").problems(surroundings(catalogue=CATALOGUE, nodes={ASK: SEND}))
    assert problem.severity == "warns"
    assert problem.fix is not None
    assert problem.fix.arguments == {"field": "by.survey", "value": ASK}


def test_a_survey_that_is_not_before_the_split_blocks(surroundings) -> None:
    class Beside(surroundings):
        def at(self, node: str) -> Any:
            return SEND

    (problem,) = NPS.problems(Beside(catalogue=CATALOGUE))
    assert (problem.check, problem.severity, problem.nodes) == ("survey-not-upstream", "blocks", ("HEREAAAA", ASK))


def test_a_message_without_a_survey_and_another_survey_warn(surroundings) -> None:
    plain = Send.model_validate({"template": "plain"})
    (problem,) = NPS.problems(surroundings(catalogue=CATALOGUE, nodes={ASK: plain}))
    assert problem.check == "no-survey-in-message"
    other = split(type="nps", survey=ASK, survey_key="other")
    (problem,) = other.problems(surroundings(catalogue=CATALOGUE, nodes={ASK: SEND}))
    assert problem.check == "other-survey"


def test_ever_needs_no_survey_before_it(surroundings) -> None:
    assert list(split(type="nps", ever=True).problems(surroundings(catalogue=CATALOGUE))) == []


def test_an_unknown_programme_is_answered_with_the_nearest_name(surroundings) -> None:
    (problem,) = split(type="loyalty", programme="clubb").problems(surroundings(catalogue=CATALOGUE))
    assert problem.sentence == "There is no loyalty programme “clubb”. The nearest is “club”."


@pytest.mark.parametrize(
    ("by", "text"),
    [
        ({"type": "random", "arms": [{"id": "a", "label": "A", "share": 100}]}, "two arms or more"),
        (
            {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 40}],
            },
            "The shares add up to 90. Together they must be 100.",
        ),
        (
            {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": 50}, {"id": "a", "label": "B", "share": 50}],
            },
            "The arm “a” stands there twice.",
        ),
        ({"type": "segments", "segments": []}, "at least 1 item"),
        ({"type": "segments", "segments": ["vip", "vip"]}, "The segment “vip” stands there twice."),
        ({"type": "segments", "segments": ["otherwise"]}, "“otherwise” is the outlet"),
        ({"type": "nps", "survey": "not a node"}, "not the id of a node"),
        ({"type": "moon"}, "moon"),
    ],
)
def test_settings_that_make_no_sense_are_refused(by: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        split(**by)


def test_shares_with_decimals_add_up_exactly() -> None:
    arms = [{"id": id_, "label": id_, "share": share} for id_, share in (("a", 33.3), ("b", 33.3), ("c", 33.4))]
    assert len(split(type="random", arms=arms).outlets()) == 3


def test_a_split_by_channel_in_words_and_with_a_channel_that_nothing_hands_over_by(names, surroundings) -> None:
    node = split(type="reachable", channels=["sms", "email"], purpose="newsletter")
    assert node.words(names) == (
        "by the first of these channels that reaches, for “newsletter”: text message and e-mail"
    )
    assert [outlet.id for outlet in node.outlets()] == ["sms", "email", "otherwise"]
    (problem,) = node.problems(surroundings(catalogue=Catalogue(purposes=frozenset({"newsletter"}))))
    assert (problem.check, problem.severity) == ("no-transport", "warns")
    assert problem.sentence == (
        "Nothing in this installation hands over by text message, so that nobody goes that way."
    )
