from __future__ import annotations

from collections import Counter

import phonenumbers
import pytest
from sqlalchemy import func, select

from app.demo import people, shop
from app.demo.names import of_a_woman
from journeys.base.time import DAY
from journeys.store import tables as t
from journeys.store.store import Store
from journeys.store.suppression import suppressed


@pytest.fixture(scope="module")
def whole() -> shop.Shop:
    return shop.plan(7)


def test_the_same_seed_gives_the_same_shop() -> None:
    assert shop.plan(3, contacts=200).digest() == shop.plan(3, contacts=200).digest()


def test_another_seed_gives_another_shop() -> None:
    assert shop.plan(3, contacts=50).digest() != shop.plan(4, contacts=50).digest()


def test_the_shop_has_five_thousand_people_in_three_time_zones(whole: shop.Shop) -> None:
    zones = Counter(person.zone for person in whole.people)
    assert sum(zones.values()) == 5_000
    assert set(zones) == {"Europe/Warsaw", "Europe/London", "America/New_York"}
    assert min(zones.values()) > 400


def test_no_two_people_share_an_address_and_none_could_exist(whole: shop.Shop) -> None:
    addresses = [person.email for person in whole.people if person.email]
    assert len(addresses) == len(set(addresses))
    assert all(one.endswith((".test", "@example.com", "@example.net", "@example.org")) for one in addresses)
    assert 50 < len(whole.people) - len(addresses) < 300


def test_every_phone_number_is_valid_and_kept_for_fiction(whole: shop.Shop) -> None:
    numbers = {person.phone for person in whole.people if person.phone}
    assert numbers
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
    assert all(number.startswith(("+442079460", "+12125550")) for number in numbers)


def test_most_buy_once_and_a_few_buy_a_lot(whole: shop.Shop) -> None:
    counts = [len(person.purchases) for person in whole.people]
    assert sum(count == 1 for count in counts) > 1_500
    assert sum(count >= 20 for count in counts) > 100
    assert 20_000 < sum(counts) < 45_000


def test_more_is_bought_before_christmas_than_in_summer(whole: shop.Shop) -> None:
    months = Counter(shop.local_day(bought.at).month for person in whole.people for bought in person.purchases)
    assert months[12] > 1.3 * months[7]


def test_nothing_happens_before_somebody_comes_or_after_the_demo_begins(whole: shop.Shop) -> None:
    for person in whole.people:
        times = [bought.at for bought in person.purchases]
        times += [at for at, _ in person.visits] + [one.at for one in person.consents]
        assert all(person.joined_at <= at < whole.start + DAY for at in times)


def test_contracts_of_every_kind_end_within_the_month(whole: shop.Shop) -> None:
    today = shop.local_day(whole.start)
    ending = Counter(
        (one.recurring_now, one.recurring_initially)
        for person in whole.people
        for one in person.contracts
        if one.offer.key == "stream-x-30" and 0 <= (one.end - today).days < 30
    )
    assert min(ending[pair] for pair in ((True, True), (False, True), (False, False))) >= 10


def test_a_contract_holds_its_first_and_its_last_day(whole: shop.Shop) -> None:
    contracts = [one for person in whole.people for one in person.contracts]
    assert all((one.end - one.start).days + 1 == one.offer.duration_days for one in contracts)


@pytest.mark.parametrize(
    ("man", "woman"),
    [
        ("Kowalski", "Kowalska"),
        ("Nowicki", "Nowicka"),
        ("Zawadzki", "Zawadzka"),
        ("Konieczny", "Konieczna"),
        ("Nowak", "Nowak"),
        ("Zając", "Zając"),
    ],
)
def test_a_womans_surname_takes_its_ending(man: str, woman: str) -> None:
    assert of_a_woman(man) == woman


def test_written_it_is_all_there_and_quiet(store: Store) -> None:
    small = shop.plan(5, contacts=150)
    ids = shop.write(store, small)
    with store.read() as conn:
        count = lambda table: conn.execute(select(func.count()).select_from(table)).scalar_one()  # noqa: E731
        assert count(t.contact) == len(ids) == 150
        assert count(t.product) == 40
        assert count(t.purchase) == sum(len(person.purchases) for person in small.people)
        assert count(t.contract) == sum(len(person.contracts) for person in small.people)
        loud = select(func.count()).where(~t.event.c.quiet)
        assert conn.execute(loud).scalar_one() == 0


def test_written_twice_it_is_the_same_down_to_the_draws(sqlite_store: Store) -> None:
    small = shop.plan(5, contacts=30)
    shop.write(sqlite_store, small)
    with sqlite_store.read() as conn:
        rows = conn.execute(select(t.contact.c.external_id, t.contact.c.draw, t.contact.c.created_at)).all()
    assert [tuple(row) for row in rows] == [
        (person.external_id, shop.draw_of(5, person), person.joined_at) for person in small.people
    ]


def test_some_who_agreed_are_on_the_list_of_those_never_written_to(sqlite_store: Store) -> None:
    plan = shop.plan(5, contacts=600)
    barred = [person for person in plan.people if person.suppressed]
    agreed = sum(bool(person.consents) and person.consents[-1].given for person in barred)
    shop.write(sqlite_store, plan)
    with sqlite_store.read() as conn:
        emails = [person.email for person in barred if person.email]
        assert set(suppressed(conn, "email", emails)) == set(emails)
        given = (
            select(func.count())
            .select_from(t.consent_now.join(t.contact, t.contact.c.id == t.consent_now.c.contact))
            .where(t.consent_now.c.given, t.contact.c.email.in_(emails))
        )
        assert conn.execute(given).scalar_one() == agreed > 0


def test_the_demo_begins_on_a_monday_in_warsaw() -> None:
    assert shop.local(shop.START) == "Mon 07 Sep 00:00"
    assert shop.local_day(people.two_years_before(shop.START)).isoformat() == "2024-09-07"
