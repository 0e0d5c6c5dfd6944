"""The demo's shop: planned from a seed, then written through the calls that anybody may use."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from app.demo import keys, people
from app.demo.goods import CURRENCY, OFFERS, PRODUCTS
from app.demo.people import Addresses, Person
from journeys.base.time import HOUR, Instant, at_wall, day_of, moment
from journeys.store import settings
from journeys.store.attributes import define_attribute
from journeys.store.consent import NewConsent, record_consent
from journeys.store.contacts import add, set_stage, set_tags
from journeys.store.contracts import NewContract, add_contracts
from journeys.store.definitions import (
    define_funnel,
    define_product,
    define_programme,
    define_purpose,
    define_segment,
    define_survey,
    define_tag,
)
from journeys.store.events import NewEvent, record
from journeys.store.purchases import NewLine, NewPurchase, add_purchases
from journeys.store.store import Store
from journeys.store.suppression import suppress
from journeys.store.tables import offer

#: the Monday on which the demo's month begins
START = at_wall(date(2026, 9, 7), time(0), ZoneInfo(people.WARSAW))
CONTACTS = 5_000
SOURCE = "demo"
#: purchases a year from which somebody is a very good customer
_VIP = 25


#: hears (done, total)
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Shop:
    """A plan: nothing is written yet."""

    seed: int
    start: Instant
    people: list[Person]
    #: addresses that are taken
    addresses: Addresses

    def digest(self) -> str:
        """Names the plan: the same seed gives the same digest, whatever the machine."""
        return hashlib.sha256("\n".join(map(repr, self.people)).encode()).hexdigest()


def plan(seed: int = 7, *, start: Instant = START, contacts: int = CONTACTS) -> Shop:
    """Think out the shop's people and their two years before `start`. The same seed gives the same shop."""
    random = Random(f"{seed}/shop")
    addresses = Addresses()
    since = people.two_years_before(start)
    times = people.join_times(contacts, since=since, until=start, random=random)
    residents = [people.newcomer(n, at, addresses, random) for n, at in enumerate(times, 1)]
    for person in residents:
        people.live(person, until=start, random=random)
    _number_orders(residents)
    return Shop(seed, start, residents, addresses)


def _number_orders(residents: Sequence[Person]) -> None:
    """Order numbers rise with time, as in any shop."""
    everything = sorted(
        (bought.at, who, n) for who, person in enumerate(residents) for n, bought in enumerate(person.purchases)
    )
    for number, (_at, who, n) in enumerate(everything, 1):
        purchases = residents[who].purchases
        purchases[n] = dataclasses.replace(purchases[n], order_id=f"K{number:06d}")


def write(store: Store, shop: Shop, progress: Progress | None = None) -> list[int]:
    """Write the shop into an empty store, quietly: history starts no journeys. Returns the contacts' ids, in order."""
    now = shop.start
    report = progress or _unheard
    steps = 6
    with store.write() as conn:
        _define(conn)
        ids = _write_people(conn, shop)
        report(1, steps)
        _write_consents(conn, shop, ids)
        report(2, steps)
        orders = sorted(
            ((bought, id_) for id_, person in zip(ids, shop.people, strict=True) for bought in person.purchases),
            key=lambda pair: pair[0].order_id,
        )
        add_purchases(conn, [_purchase(id_, bought) for bought, id_ in orders], now=now, source=SOURCE, quiet=True)
        report(3, steps)
        _write_contracts(conn, shop, ids)
        report(4, steps)
        _write_club(conn, shop, ids)
        report(5, steps)
        visits = sorted(
            (at, id_, url) for id_, person in zip(ids, shop.people, strict=True) for at, url in person.visits
        )
        record(
            conn,
            [NewEvent(id_, "page.visited", at, {"url": url}, SOURCE, quiet=True) for at, id_, url in visits],
            now=now,
        )
        report(6, steps)
    return ids


def _unheard(_done: int, _total: int | None) -> None:
    pass


def row_of(person: Person) -> dict[str, object]:
    """A person as the fields of a contact."""
    return {
        "external_id": person.external_id,
        "email": person.email,
        "phone": person.phone,
        "first_name": person.name.first,
        "last_name": person.name.last,
        "language": person.language,
        "time_zone": person.zone,
        "birthday": person.birthday.isoformat(),
        "city": person.city,
        "interests": list(person.likes),
    }


def draw_of(seed: int, person: Person) -> int:
    """The contact's 31-bit draw, which random splits are made of."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{person.external_id}".encode()).digest()[:4], "big") >> 1


def _define(conn: Connection) -> None:
    settings.put(conn, "time_zone", people.WARSAW)
    settings.put(conn, "country", "PL")
    define_attribute(conn, "birthday", "date", label="Birthday")
    define_attribute(conn, "city", "text", label="City")
    define_attribute(conn, "interests", "list", label="Interests")
    define_purpose(conn, keys.PURPOSE, label="Newsletter")
    define_programme(conn, keys.PROGRAMME, label="Club")
    define_survey(conn, keys.SURVEY, label="Would you recommend us")
    define_survey(conn, keys.REASONS_SURVEY, label="What went wrong", kind="reasons", reasons=keys.REASONS)
    define_funnel(conn, keys.FUNNEL, keys.STAGES, label="Club")
    for key, label in keys.TAGS:
        define_tag(conn, key, label=label)
    for one in PRODUCTS:
        define_product(conn, one.key, name=one.name, category=one.category, price=one.price, currency=CURRENCY)
    conn.execute(
        insert(offer),
        [
            {
                "key": one.key,
                "product": one.product,
                "name": one.name,
                "price": one.price,
                "currency": CURRENCY,
                "duration_days": one.duration_days,
            }
            for one in OFFERS
        ],
    )
    for key, (label, criterion) in keys.SEGMENTS.items():
        define_segment(conn, key, criterion, label=label)


def _write_people(conn: Connection, shop: Shop) -> list[int]:
    ids = add(
        conn,
        [row_of(person) for person in shop.people],
        now=shop.start,
        source=SOURCE,
        quiet=True,
        created=[person.joined_at for person in shop.people],
        draws=[draw_of(shop.seed, person) for person in shop.people],
    )
    vips = [(id_, "vip") for id_, person in zip(ids, shop.people, strict=True) if person.rate >= _VIP]
    set_tags(conn, add=vips, now=Instant(shop.start - HOUR), source=SOURCE, quiet=True)
    return ids


def _write_consents(conn: Connection, shop: Shop, ids: Sequence[int]) -> None:
    rows = [
        NewConsent(id_, "email", keys.PURPOSE, one.given, one.at, SOURCE, reason=one.reason)
        for id_, person in zip(ids, shop.people, strict=True)
        for one in person.consents
    ]
    record_consent(conn, rows, now=shop.start, quiet=True)
    # afterwards: nobody is given a consent whose address is on the list
    for reason in ("bounce", "complaint"):
        lost = [person.email for person in shop.people if person.suppressed == reason and person.email]
        suppress(conn, "email", lost, reason=reason, at=shop.start)


def _purchase(contact: int, bought: people.Purchase) -> NewPurchase:
    return NewPurchase(
        contact=contact,
        at=bought.at,
        total=bought.total,
        currency=CURRENCY,
        lines=tuple(NewLine(line.product, line.quantity, line.amount) for line in bought.lines),
        order_id=bought.order_id,
    )


def _write_contracts(conn: Connection, shop: Shop, ids: Sequence[int]) -> None:
    by_month: dict[tuple[int, int], list[NewContract]] = defaultdict(list)
    for id_, person in zip(ids, shop.people, strict=True):
        for one in person.contracts:
            by_month[one.start.year, one.start.month].append(
                NewContract(
                    contact=id_,
                    product=one.offer.product,
                    offer=one.offer.key,
                    start_on=one.start.isoformat(),
                    end_on=one.end.isoformat(),
                    duration_days=one.offer.duration_days,
                    recurring_now=one.recurring_now,
                    recurring_initially=one.recurring_initially,
                )
            )
    for (year, month), contracts in sorted(by_month.items()):
        began = at_wall(date(year, month, 1), time(9), ZoneInfo(people.WARSAW))
        add_contracts(conn, contracts, now=Instant(min(began, shop.start)), source=SOURCE, quiet=True)


def _write_club(conn: Connection, shop: Shop, ids: Sequence[int]) -> None:
    events = []
    stages = []
    for id_, person in zip(ids, shop.people, strict=True):
        if person.club_at is None:
            continue
        asked = NewEvent(id_, "loyalty.asked", person.club_at, {"programme": keys.PROGRAMME}, SOURCE, quiet=True)
        events.append(asked)
        if person.club != "asked":
            kind = f"loyalty.{person.club}"
            events.append(dataclasses.replace(asked, kind=kind, at=Instant(person.club_at + HOUR)))
        if person.club != "declined":
            stages.append((id_, keys.FUNNEL, "member" if person.club == "joined" else "invited"))
    record(conn, sorted(events, key=lambda one: (one.at, one.contact)), now=shop.start)
    set_stage(conn, stages, now=Instant(shop.start - HOUR), source=SOURCE, quiet=True)


def local_day(at: Instant) -> date:
    """A day of the demo on the shop's own calendar."""
    return day_of(at, ZoneInfo(people.WARSAW))


def local(at: Instant) -> str:
    """A moment of the demo on the shop's own clock."""
    return f"{moment(at, ZoneInfo(people.WARSAW)):%a %d %b %H:%M}"
