"""Contacts that react: to the mail they get, and of their own accord.

Nothing is drawn from a common sequence: what a contact does follows from the seed, the contact and the mail or the
day, so that a run repeats exactly and one changed journey does not change everybody's month.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.demo import keys, people
from app.demo.goods import CURRENCY
from app.demo.people import Person
from app.demo.rates import Rates
from journeys.base.catalogue import TemplateEntry
from journeys.base.time import DAY, HOUR, MINUTE, Instant, at_wall, day_start

#: templates whose key begins so ask their reader to extend a contract
_ASKS_TO_RENEW = ("renew", "contract", "win-back")


@dataclass(frozen=True, slots=True)
class Planned:
    """Something that will happen. `record` puts it into the store when its time has come."""

    at: Instant
    #: an event kind; consents, purchases, contracts and new people go through the calls made for them
    kind: str
    #: none: somebody new
    contact: int | None
    data: Mapping[str, Any] = field(default_factory=dict)
    #: the message it answers
    message: int | None = None
    #: who comes, for `contact.created`
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that was handed over."""

    message: int
    contact: int
    template: str
    message_class: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Held:
    """A contract that renews itself."""

    contract: int
    contact: int
    #: the last day
    end: date
    #: how long it runs each time
    days: int


class Behaviour:
    """What the contacts of one run do."""

    def __init__(
        self,
        seed: int,
        residents: Mapping[int, Person],
        templates: Mapping[str, TemplateEntry],
        addresses: people.Addresses,
        *,
        rates: Rates | None = None,
    ) -> None:
        self._seed = seed
        self._people = dict(residents)
        self._templates = templates
        self._addresses = addresses
        self._rates = rates or Rates()
        self._mails: dict[tuple[int, str], int] = {}
        self._signed_up = 0
        self._orders = 0

    def meet(self, contact: int, person: Person) -> None:
        """Somebody has signed up and is now this contact."""
        self._people[contact] = person

    # --- after a mail -------------------------------------------------------------------------------------------------

    def after(self, sent: Sent) -> Iterator[Planned]:
        """What the contact does about one mail."""
        person = self._people.get(sent.contact)
        if person is None:
            return
        nth = self._mails[sent.contact, sent.template] = self._mails.get((sent.contact, sent.template), 0) + 1
        random = self._random("mail", sent.contact, sent.template, nth)
        rates = self._rates
        opened_at = None
        if random.random() < rates.opens[sent.message_class]:
            opened_at = _later(sent.at, rates.open_hours, random)
            yield self._answer(sent, opened_at, "email.opened")
            if random.random() < rates.clicks:
                yield from self._click(sent, person, Instant(opened_at + random.randint(20, 600)), random)
        yield from self._asked(sent, person, opened_at, random)
        if sent.message_class == "marketing":
            yield from self._had_enough(sent, random)

    def _click(self, sent: Sent, person: Person, at: Instant, random: Random) -> Iterator[Planned]:
        url = people.page(person, random)
        yield self._answer(sent, at, "email.clicked", url=url)
        yield Planned(Instant(at + 2), "page.visited", sent.contact, {"url": url})
        if random.random() < self._rates.buys_after_click:
            yield self._purchase(sent.contact, person, Instant(at + random.randint(5 * MINUTE, 2 * DAY)), random)

    def _asked(self, sent: Sent, person: Person, opened_at: Instant | None, random: Random) -> Iterator[Planned]:
        rates = self._rates
        about = self._templates.get(sent.template, TemplateEntry())
        willing = rates.answers_opened if opened_at else rates.answers_unopened
        if about.programme:
            draw = random.random()
            if draw < rates.joins + rates.declines:
                kind = "loyalty.joined" if draw < rates.joins else "loyalty.declined"
                at = _later(opened_at or sent.at, rates.join_hours, random)
                yield self._answer(sent, at, kind, programme=about.programme)
        elif about.survey == keys.REASONS_SURVEY:
            if random.random() < rates.gives_reason:
                reason = random.choice(keys.REASONS)
                at = _later(opened_at or sent.at, rates.answer_hours, random)
                yield self._answer(sent, at, "survey.answered", survey=about.survey, reason=reason)
        elif about.survey and random.random() < willing:
            score = random.choices(range(11), rates.scores)[0]
            at = _later(opened_at or sent.at, rates.answer_hours, random)
            yield self._answer(sent, at, "nps.answered", survey=about.survey, score=score)
        if sent.template.startswith(_ASKS_TO_RENEW) and random.random() < rates.renews:
            at = _later(opened_at or sent.at, rates.join_hours, random)
            yield Planned(at, "contract.changed", sent.contact, {"recurring_now": True})

    def _had_enough(self, sent: Sent, random: Random) -> Iterator[Planned]:
        draw = random.random()
        if draw < self._rates.complains + self._rates.unsubscribes:
            reason = "complaint" if draw < self._rates.complains else "unsubscribed"
            data = {"channel": "email", "purpose": keys.PURPOSE, "reason": reason}
            at = _later(sent.at, self._rates.open_hours, random)
            yield Planned(at, "consent.withdrawn", sent.contact, data, message=sent.message)

    def _answer(self, sent: Sent, at: Instant, kind: str, **data: Any) -> Planned:
        return Planned(at, kind, sent.contact, data, message=sent.message)

    # --- of their own accord ------------------------------------------------------------------------------------------

    def day(self, day: date) -> Iterator[Planned]:
        """What happens on one day of the shop that no mail has caused, in no order."""
        random = self._random("day", day)
        begins = day_start(day, ZoneInfo(people.WARSAW))
        for contact, person in self._people.items():
            rate = person.rate * (self._rates.comes_back if person.stopped_at else 1.0) / people.YEAR * DAY
            if rate and random.random() < rate * people.season(begins, person.zone):
                yield self._purchase(contact, person, self._moment(begins, person, random), random)
            if random.random() < self._rates.visits:
                at = self._moment(begins, person, random)
                yield Planned(at, "page.visited", contact, {"url": people.page(person, random)})
        yield from self._newcomers(day, begins)

    def contracts(self, day: date, renewing: Sequence[Held]) -> Iterator[Planned]:
        """What becomes on that day of contracts that renew themselves.

        One is extended in the night of its last day; now and then somebody switches that off.
        """
        random = self._random("contracts", day)
        night = at_wall(day, time(2, 30), ZoneInfo(people.WARSAW))
        for held in renewing:
            leaves = random.random() < self._rates.cancels
            data: dict[str, Any] = {"contract": held.contract}
            if held.end == day:
                until = held.end + timedelta(days=held.days)
                yield Planned(night, "contract.changed", held.contact, data | {"end_on": until.isoformat()})
            elif leaves:
                at = Instant(night + random.randint(6 * HOUR, 20 * HOUR))
                yield Planned(at, "contract.changed", held.contact, data | {"recurring_now": False})

    def _newcomers(self, day: date, begins: Instant) -> Iterator[Planned]:
        random = self._random("sign-ups", day)
        for _n in range(_poisson(self._rates.sign_ups, random)):
            self._signed_up += 1
            at = people.at_shopping_hour(begins, people.WARSAW, random, until=Instant(begins + DAY), earliest=begins)
            person = people.newcomer(90_000 + self._signed_up, at, self._addresses, random)
            data: dict[str, Any] = {"agrees": random.random() < self._rates.agrees and person.email is not None}
            if random.random() < self._rates.buys_at_once:
                data["buys_at"] = at + random.randint(10 * MINUTE, 30 * HOUR)
            yield Planned(at, "contact.created", None, data, person=person)

    def first_purchase(self, contact: int, person: Person, at: Instant) -> Planned:
        """What somebody new buys at once."""
        return self._purchase(contact, person, at, self._random("first", contact))

    def _purchase(self, contact: int, person: Person, at: Instant, random: Random) -> Planned:
        self._orders += 1
        bought = people.basket(person, at, random, order_id=f"D{self._orders:06d}")
        data = {"order_id": bought.order_id, "currency": CURRENCY, "total": bought.total, "lines": bought.lines}
        return Planned(at, "purchase.made", contact, data)

    def _moment(self, begins: Instant, person: Person, random: Random) -> Instant:
        noon = Instant(begins + 12 * HOUR)
        until = Instant(begins + DAY)
        return people.at_shopping_hour(noon, person.zone, random, until=until, earliest=begins)

    def _random(self, *about: object) -> Random:
        return Random("/".join(map(str, (self._seed, *about))))


def _later(at: Instant, median_hours: float, random: Random) -> Instant:
    """A moment after `at`: log-normal, so that most come soon and a few come late."""
    return Instant(at + max(MINUTE, int(median_hours * HOUR * math.exp(random.gauss(0, 1.1)))))


def _poisson(mean: float, random: Random) -> int:
    limit, n, product = math.exp(-mean), 0, random.random()
    while product > limit:
        n += 1
        product *= random.random()
    return n
