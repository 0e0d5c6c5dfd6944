"""The shop's people: who they are, how they buy, what they agreed to. Plans only; `shop` writes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.demo.goods import OFFERS, PRODUCTS, SUBSCRIPTIONS, THINGS, Offer, Product
from app.demo.names import PersonName, english_name, polish_name
from journeys.base.text import fold
from journeys.base.time import DAY, Instant, at_wall, day_of, instant, moment

YEAR = 365 * DAY

WARSAW, LONDON, NEW_YORK = "Europe/Warsaw", "Europe/London", "America/New_York"

#: time zone → share of the people who live in it
_ZONES = {WARSAW: 0.68, LONDON: 0.19, NEW_YORK: 0.13}
_CITIES = {
    WARSAW: [
        "Warszawa",
        "Kraków",
        "Łódź",
        "Wrocław",
        "Poznań",
        "Gdańsk",
        "Szczecin",
        "Bydgoszcz",
        "Lublin",
        "Białystok",
        "Rzeszów",
        "Toruń",
    ],
    LONDON: ["London", "Leeds", "Bristol", "Manchester", "Edinburgh", "Cardiff", "Brighton", "York"],
    NEW_YORK: ["New York", "Boston", "Newark", "Hartford", "Albany", "Philadelphia"],
}
_DOMAINS = {
    WARSAW: ("poczta.test", "skrzynka.test", "example.net"),
    LONDON: ("post.test", "example.org"),
    NEW_YORK: ("mail.test", "example.com"),
}
#: numbers kept for fiction, so that nobody is ever rung up: Ofcom's 020 7946 0xxx and 555-01xx
_PHONES = {LONDON: ("+442079460{:03d}", 0, 999), NEW_YORK: ("+1212555{:04d}", 100, 199)}

#: share of the people → purchases a year while they buy
_RHYTHMS: tuple[tuple[str, float, float], ...] = (
    ("never", 0.1, 0.0),
    ("once", 0.35, 0.0),
    ("now and then", 0.32, 6.0),
    ("regular", 0.17, 15.0),
    ("heavy", 0.06, 40.0),
)
#: how often a year somebody who buys stops for good: 42 % do within the first
_STOPPING = -math.log(1 - 0.42)

#: how much is bought by hour of the buyer's day, by weekday from Monday, and by month
_HOURS = (2, 1, 1, 0, 0, 1, 3, 6, 9, 11, 12, 12, 11, 10, 9, 9, 10, 12, 15, 20, 22, 19, 11, 5)
_WEEKDAYS = (1.15, 1.0, 0.95, 0.95, 0.9, 0.95, 1.2)
_MONTHS = (0.85, 0.85, 0.95, 1.0, 1.0, 0.9, 0.75, 0.8, 1.05, 1.1, 1.5, 1.75)
_HIGHEST = max(_WEEKDAYS) * max(_MONTHS)

#: what became of the newsletter by e-mail
_CONSENTS = (("given", 0.76), ("withdrawn", 0.1), ("never", 0.14))
#: what became of the invitation to the club, for those who have bought
_CLUB = (("not asked", 0.62), ("joined", 0.2), ("declined", 0.08), ("asked", 0.1))
#: (recurring now, recurring initially) of a contract (row A8)
_RECURRING = (((True, True), 0.45), ((False, True), 0.35), ((False, False), 0.2))


@dataclass(frozen=True, slots=True)
class Line:
    product: str
    quantity: int
    #: price of all of them, in grosz
    amount: int


@dataclass(frozen=True, slots=True)
class Purchase:
    order_id: str
    at: Instant
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Contract:
    offer: Offer
    start: date
    #: the last day on which it is held
    end: date
    recurring_now: bool
    recurring_initially: bool


@dataclass(frozen=True, slots=True)
class Consent:
    given: bool
    at: Instant
    #: why it was withdrawn
    reason: str = ""


@dataclass(slots=True)
class Person:
    """One contact to be."""

    external_id: str
    name: PersonName
    zone: str
    language: str
    city: str
    birthday: date
    joined_at: Instant
    #: nothing for the few who never gave one
    email: str | None
    phone: str | None
    rhythm: str
    #: purchases a year while they buy
    rate: float
    #: categories they like
    likes: tuple[str, ...]
    #: from when on they buy no more; none: they still do
    stopped_at: Instant | None = None
    consents: list[Consent] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    #: (at, path)
    visits: list[tuple[Instant, str]] = field(default_factory=list)
    club: str = "not asked"
    club_at: Instant | None = None
    #: address never written to again, and why
    suppressed: str = ""


class Addresses:
    """Makes addresses that nobody has yet."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, name: PersonName, zone: str, random: Random) -> str:
        local = f"{_ascii(name.first)}.{_ascii(name.last)}"
        domain = random.choice(_DOMAINS[zone])
        address, n = f"{local}@{domain}", 1
        while address in self._taken:
            n += 1
            address = f"{local}{n}@{domain}"
        self._taken.add(address)
        return address


def one_of(random: Random, shares: tuple[tuple[str, float], ...]) -> str:
    """A name drawn by its share."""
    return random.choices([name for name, _ in shares], [share for _, share in shares])[0]


def newcomer(number: int, joined_at: Instant, addresses: Addresses, random: Random) -> Person:
    """A person as they sign up: no purchases yet."""
    zone = random.choices(list(_ZONES), list(_ZONES.values()))[0]
    # some Poles live abroad, and some of the others have come to Poland
    polish = random.random() < (0.93 if zone == WARSAW else 0.12)
    name = polish_name(random) if polish else english_name(random)
    rhythm, _share, mean = random.choices(_RHYTHMS, [share for _, share, _ in _RHYTHMS])[0]
    categories = sorted({product.category for product in THINGS})
    phone = None
    if zone in _PHONES and random.random() < 0.5:
        form, first, last = _PHONES[zone]
        phone = form.format(random.randint(first, last))
    return Person(
        external_id=f"C{number:06d}",
        name=name,
        zone=zone,
        language="pl" if polish else "en",
        city=random.choice(_CITIES[zone]),
        birthday=date(1946, 1, 1) + timedelta(days=int(random.betavariate(2.2, 2.0) * 62 * 365.25)),
        joined_at=joined_at,
        email=None if random.random() < 0.03 else addresses.of(name, zone, random),
        phone=phone,
        rhythm=rhythm,
        rate=mean * random.gammavariate(4, 0.25),
        likes=tuple(random.sample(categories, k=random.choice((1, 2, 2, 3)))),
    )


def live(person: Person, *, until: Instant, random: Random) -> None:
    """Let two years pass for a person: purchases, contracts, consents, the club, visits, all before `until`."""
    if person.rhythm != "never":
        stops_at = person.joined_at + random.expovariate(_STOPPING) * YEAR
        if stops_at < until:
            person.stopped_at = Instant(int(stops_at))
    person.purchases = [
        basket(person, at, random, order_id="") for at in _purchase_times(person, until=until, random=random)
    ]
    _agree(person, until=until, random=random)
    if person.purchases:
        _club(person, until=until, random=random)
        if random.random() < 0.36:
            person.contracts = [contract(until=until, random=random)]
            if random.random() < 0.15:
                person.contracts.append(contract(until=until, random=random))
    person.visits = list(_visits(person, until=until, random=random))
    if person.email and random.random() < 0.012:
        person.suppressed = random.choice(("bounce", "bounce", "complaint"))


def _purchase_times(person: Person, *, until: Instant, random: Random) -> Iterator[Instant]:
    if person.rhythm == "never":
        return
    # the first purchase is why most people are known at all
    first = Instant(int(person.joined_at + random.choice((0, 0, 0, 1, 3, 12)) * DAY))
    if first < until:
        yield at_shopping_hour(first, person.zone, random, until=until, earliest=person.joined_at)
    if not person.rate:
        return
    at = float(first)
    end = min(until, person.stopped_at or until)
    while True:
        at += random.expovariate(person.rate * _HIGHEST / YEAR)
        if at >= end:
            return
        if random.random() < season(Instant(int(at)), person.zone) / _HIGHEST:
            yield at_shopping_hour(Instant(int(at)), person.zone, random, until=until, earliest=first)


def season(at: Instant, zone: str) -> float:
    """How much more is bought on this day than on an average one."""
    day = day_of(at, ZoneInfo(zone))
    return _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1]


def at_shopping_hour(at: Instant, zone: str, random: Random, *, until: Instant, earliest: Instant) -> Instant:
    """A moment of the same day at which people shop; the given one where that would leave the bounds."""
    local = moment(at, ZoneInfo(zone))
    hour = random.choices(range(24), _HOURS)[0]
    moved = instant(local.replace(hour=hour, minute=random.randrange(60), second=random.randrange(60)))
    return moved if earliest <= moved < until else at


def basket(person: Person, at: Instant, random: Random, *, order_id: str) -> Purchase:
    """What the person buys at that moment: mostly of what they like."""
    count = random.choices((1, 2, 3, 4), (55, 27, 13, 5))[0]
    chosen: dict[str, Line] = {}
    for _n in range(count):
        liked = random.random() < 0.75
        products = [product for product in THINGS if not liked or product.category in person.likes]
        product: Product = random.choice(products)
        quantity = 1 if product.price > 10000 else random.choices((1, 2, 3), (78, 16, 6))[0]
        chosen[product.key] = Line(product.key, quantity, product.price * quantity)
    return Purchase(order_id, at, tuple(chosen.values()))


def contract(*, until: Instant, random: Random) -> Contract:
    """A subscription that somebody holds or held; many end in the weeks after `until`."""
    offer = random.choices(OFFERS, (44, 18, 12, 6, 12, 8))[0]
    recurring_now, recurring_initially = random.choices(
        [pair for pair, _ in _RECURRING], [share for _, share in _RECURRING]
    )[0]
    today = day_of(until, ZoneInfo(WARSAW))
    # a contract that renews itself always ends within its own length; one that does not may have ended before
    earliest = 0 if recurring_now else -45
    latest = min(offer.duration_days, 45) if random.random() < 0.75 else offer.duration_days
    end = today + timedelta(days=random.randint(earliest, latest - 1))
    return Contract(offer, end - timedelta(days=offer.duration_days - 1), end, recurring_now, recurring_initially)


def _agree(person: Person, *, until: Instant, random: Random) -> None:
    outcome = one_of(random, _CONSENTS)
    if outcome == "never":
        return
    person.consents.append(Consent(given=True, at=person.joined_at))
    if outcome == "withdrawn":
        left = person.joined_at + int((until - person.joined_at) * random.betavariate(1.2, 2.0))
        person.consents.append(Consent(given=False, at=Instant(max(left, person.joined_at + 1)), reason="unsubscribed"))


def _club(person: Person, *, until: Instant, random: Random) -> None:
    person.club = one_of(random, _CLUB)
    if person.club != "not asked":
        first = person.purchases[0].at
        person.club_at = Instant(first + int((until - first) * random.random()))


def _visits(person: Person, *, until: Instant, random: Random) -> Iterator[tuple[Instant, str]]:
    """Visits of the last ninety days; older ones no shop keeps."""
    since = max(person.joined_at, until - 90 * DAY)
    active = person.rhythm in ("regular", "heavy") and person.stopped_at is None
    for _n in range(random.choices((0, 1, 2, 4, 7), (45, 20, 15, 12, 8) if not active else (10, 15, 25, 30, 20))[0]):
        at = Instant(since + int((until - since) * random.random()))
        yield at_shopping_hour(at, person.zone, random, until=until, earliest=Instant(since)), page(person, random)


def page(person: Person, random: Random) -> str:
    """A page of the shop that the person may look at."""
    if random.random() < 0.1:
        return f"/{random.choice(SUBSCRIPTIONS).key}"
    product = random.choice([product for product in PRODUCTS if product.category in person.likes])
    return f"/{product.category}/{product.key}"


def _ascii(name: str) -> str:
    plain = fold(name).translate(str.maketrans("ąćęłńóśźżëéáö", "acelnoszzeeao"))
    return "".join(letter for letter in plain if letter.isascii() and (letter.isalnum() or letter == "-"))


def join_times(count: int, *, since: Instant, until: Instant, random: Random) -> list[Instant]:
    """When the people signed up, in order: a seventh were there at the beginning, and the shop grows."""
    span = until - since
    times = []
    for _n in range(count):
        share = 0.0 if random.random() < 0.14 else random.random() ** 0.8
        day = Instant(since + int(span * share * 0.999))
        times.append(at_shopping_hour(day, WARSAW, random, until=until, earliest=since))
    return sorted(times)


def two_years_before(start: Instant) -> Instant:
    """Where the shop's history begins."""
    local = moment(start, ZoneInfo(WARSAW))
    return at_wall(date(local.year - 2, local.month, local.day), datetime.min.time(), ZoneInfo(WARSAW))
