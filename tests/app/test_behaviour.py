from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date

import pytest
from sqlalchemy import func, select

from app.demo import keys, shop
from app.demo.behaviour import Behaviour, Held, Planned, Sent
from app.demo.happening import happen, renewing
from app.demo.people import Person
from app.demo.rates import Rates
from journeys.base.catalogue import TemplateEntry
from journeys.base.time import DAY, Instant
from journeys.store import tables as t
from journeys.store.definitions import define_purpose
from journeys.store.store import Store

TEMPLATES = {
    "nps-survey": TemplateEntry(survey=keys.SURVEY),
    "what-went-wrong": TemplateEntry(message_class="service", survey=keys.REASONS_SURVEY),
    "club-invitation": TemplateEntry(programme=keys.PROGRAMME),
    "renewal-reminder": TemplateEntry(),
    "thank-you": TemplateEntry(),
}


@pytest.fixture(scope="module")
def small() -> shop.Shop:
    return shop.plan(11, contacts=400)


def behaviour(plan: shop.Shop, rates: Rates | None = None) -> Behaviour:
    residents: dict[int, Person] = dict(enumerate(plan.people, 1))
    return Behaviour(plan.seed, residents, TEMPLATES, plan.addresses, rates=rates)


def mails(template: str, n: int = 400, message_class: str = "marketing") -> list[Sent]:
    return [
        Sent(message=i, contact=i, template=template, message_class=message_class, at=shop.START)
        for i in range(1, n + 1)
    ]


def after(plan: shop.Shop, template: str, rates: Rates | None = None) -> list[Planned]:
    one = behaviour(plan, rates)
    return [planned for sent in mails(template) for planned in one.after(sent)]


def test_the_same_mail_gets_the_same_answer(small: shop.Shop) -> None:
    assert after(small, "nps-survey") == after(small, "nps-survey")


def test_the_number_of_a_message_does_not_matter(small: shop.Shop) -> None:
    """Several threads hand over at once; in which order must not change the month."""
    first = [(one.at, one.kind) for one in behaviour(small).after(mails("nps-survey")[0])]
    again = dataclasses.replace(mails("nps-survey")[0], message=999)
    assert [(one.at, one.kind) for one in behaviour(small).after(again)] == first


def test_nobody_answers_before_the_mail(small: shop.Shop) -> None:
    assert all(one.at > shop.START for template in TEMPLATES for one in after(small, template))


def test_answers_follow_the_rates(small: shop.Shop) -> None:
    kinds = Counter(one.kind for one in after(small, "nps-survey"))
    assert 0.35 < kinds["email.opened"] / 400 < 0.5
    assert 0.2 < kinds["nps.answered"] / 400 < 0.42


def test_scores_lie_between_0_and_10_and_every_group_is_there(small: shop.Shop) -> None:
    scores = [one.data["score"] for one in after(small, "nps-survey") if one.kind == "nps.answered"]
    assert set(scores) <= set(range(11))
    assert {"detractor" if s < 7 else "passive" if s < 9 else "promoter" for s in scores} == {
        "detractor",
        "passive",
        "promoter",
    }


def test_only_a_mail_that_asks_is_answered(small: shop.Shop) -> None:
    asked = {"nps.answered", "survey.answered", "loyalty.joined", "loyalty.declined", "contract.changed"}
    answers = {template: {one.kind for one in after(small, template)} & asked for template in TEMPLATES}
    assert answers == {
        "nps-survey": {"nps.answered"},
        "what-went-wrong": {"survey.answered"},
        "club-invitation": {"loyalty.joined", "loyalty.declined"},
        "renewal-reminder": {"contract.changed"},
        "thank-you": set(),
    }


def test_a_service_mail_makes_nobody_unsubscribe(small: shop.Shop) -> None:
    one = behaviour(small, Rates(unsubscribes=1.0))
    kinds = {planned.kind for sent in mails("thank-you", message_class="service") for planned in one.after(sent)}
    assert "consent.withdrawn" not in kinds


def test_answers_name_the_message(small: shop.Shop) -> None:
    for one in after(small, "nps-survey"):
        if one.kind.startswith(("email.", "nps.")):
            assert one.message == one.contact


def test_a_day_stays_within_the_day(small: shop.Shop) -> None:
    for one in behaviour(small).day(date(2026, 9, 8)):
        assert shop.START + DAY <= one.at < shop.START + 2 * DAY


def test_one_day_repeats_whatever_the_days_before(small: shop.Shop) -> None:
    first, second = behaviour(small), behaviour(small)
    list(first.day(date(2026, 9, 7)))
    visits = [one for one in first.day(date(2026, 9, 8)) if one.kind == "page.visited"]
    assert visits == [one for one in second.day(date(2026, 9, 8)) if one.kind == "page.visited"]


def test_a_contract_that_renews_itself_is_extended_on_its_last_day(small: shop.Shop) -> None:
    held = Held(contract=3, contact=5, end=date(2026, 9, 8), days=30)
    [planned] = behaviour(small).contracts(date(2026, 9, 8), [held])
    assert planned.data == {"contract": 3, "end_on": "2026-10-08"}


# --- put into a store -----------------------------------------------------------------------------------------------


@pytest.fixture
def opened(store: Store) -> tuple[Store, Behaviour]:
    plan = shop.plan(11, contacts=120)
    ids = shop.write(store, plan)
    return store, Behaviour(plan.seed, dict(zip(ids, plan.people, strict=True)), TEMPLATES, plan.addresses)


def test_a_day_of_everything_goes_in_by_public_calls_and_loud(opened: tuple[Store, Behaviour]) -> None:
    store, one = opened
    with store.read() as conn:
        held = renewing(conn)
    day = shop.local_day(shop.START)
    plans = [*one.day(day), *one.contracts(day, held)]
    kinds = Counter(planned.kind for planned in plans)
    assert min(kinds[kind] for kind in ("purchase.made", "page.visited", "contact.created", "contract.changed")) > 0
    with store.write() as conn:
        later = happen(conn, plans, one, seed=11, now=Instant(shop.START + DAY))
        loud = select(t.event.c.kind, func.count()).where(~t.event.c.quiet).group_by(t.event.c.kind)
        recorded = dict(conn.execute(loud).tuples().all())
    assert {kind: recorded[kind] for kind in ("purchase.made", "page.visited", "contact.created")} == {
        kind: kinds[kind] for kind in ("purchase.made", "page.visited", "contact.created")
    }
    assert recorded["consent.given"] <= kinds["contact.created"]
    assert {planned.kind for planned in later} <= {"purchase.made"}


def test_who_complains_is_never_written_to_again(opened: tuple[Store, Behaviour]) -> None:
    store, one = opened
    with store.write() as conn:
        define_purpose(conn, keys.PURPOSE)
        before = conn.execute(select(func.count()).select_from(t.suppression)).scalar_one()
        who = conn.execute(
            select(t.consent_now.c.contact)
            .join(t.contact, t.contact.c.id == t.consent_now.c.contact)
            .where(t.consent_now.c.given, t.contact.c.email.is_not(None))
            .order_by(t.consent_now.c.contact)
            .limit(1)
        ).scalar_one()
        data = {"channel": "email", "purpose": keys.PURPOSE, "reason": "complaint"}
        happen(conn, [Planned(shop.START, "consent.withdrawn", who, data)], one, seed=11, now=shop.START)
        given = conn.execute(select(t.consent_now.c.given).where(t.consent_now.c.contact == who)).scalar_one()
        assert (given, conn.execute(select(func.count()).select_from(t.suppression)).scalar_one()) == (
            False,
            before + 1,
        )


def test_a_contract_that_has_ended_begins_anew_when_it_is_renewed(opened: tuple[Store, Behaviour]) -> None:
    store, one = opened
    ended = select(t.contract.c.id, t.contract.c.contact).where(
        t.contract.c.end_on < "2026-09-07",
        ~t.contract.c.recurring_now,
        t.contract.c.contact.not_in(
            select(t.contract.c.contact).group_by(t.contract.c.contact).having(func.count() > 1)
        ),
    )
    with store.write() as conn:
        id_, who = conn.execute(ended.order_by(t.contract.c.id).limit(1)).one()
        happen(
            conn, [Planned(shop.START, "contract.changed", who, {"recurring_now": True})], one, seed=11, now=shop.START
        )
        row = conn.execute(select(t.contract).where(t.contract.c.id == id_)).one()
    assert (row.start_on, row.recurring_now) == ("2026-09-07", True)
    assert row.end_on > "2026-09-07"


def test_renewing_without_a_contract_changes_nothing(opened: tuple[Store, Behaviour]) -> None:
    store, one = opened
    with store.write() as conn:
        before = conn.execute(select(func.count()).select_from(t.event)).scalar_one()
        none = select(t.contact.c.id).where(t.contact.c.id.not_in(select(t.contract.c.contact))).limit(1)
        who = conn.execute(none).scalar_one()
        happen(
            conn, [Planned(shop.START, "contract.changed", who, {"recurring_now": True})], one, seed=11, now=shop.START
        )
        assert conn.execute(select(func.count()).select_from(t.event)).scalar_one() == before
