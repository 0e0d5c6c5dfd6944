"""What a wait means for a real contact who comes to it now, worked out by the wait's own rule. No Qt."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from journeys.base.i18n import _
from journeys.base.time import Instant, day_of, moment
from journeys.nodes.wait import ForCriterion, ForEvents, PurchaseRhythm, UntilDate, Wait
from journeys.nodes.wait.dates import AttributeDay, FixedDay
from widgets.form.times import say_moment
from widgets.inspector.supplies import Person


def example(wait: Wait, person: Person, *, now: Instant, zone: ZoneInfo) -> str | None:
    """“Anna, Warsaw: enters now → goes on Tue 24 Nov 9:00”, by the person's clock; None where data alone can tell.

    `zone` is the workspace's.
    """
    match wait.rule:
        case ForEvents() | ForCriterion():
            until = Instant(now + wait.rule.timeout.seconds)
            return _("{who}: enters now → goes on as soon as it happens, at the latest {moment}").format(
                who=_who(person), moment=_said(until, person, now)
            )
        case PurchaseRhythm():
            until = wait.rule.otherwise.after(now)
            if wait.then is not None:
                until = wait.then.next(until, person.zone)
            return _("{who}, who has bought once: enters now → goes on {moment}").format(
                who=_who(person), moment=_said(until, person, now)
            )
        case UntilDate():
            return _until_date(wait, wait.rule, person, now, zone)
        case _:
            until = wait.due([person.zone.key], now=now, zone=zone)[person.zone.key]
            if until == now:
                return _("{who}: enters now → goes on at once").format(who=_who(person))
            return _("{who}: enters now → goes on {moment}").format(who=_who(person), moment=_said(until, person, now))


def _until_date(wait: Wait, rule: UntilDate, person: Person, now: Instant, zone: ZoneInfo) -> str | None:
    match rule.date:
        case FixedDay(day=day):
            base = day.isoformat()
        case AttributeDay(attribute=key) if key in person.dates:
            base = person.dates[key]
        case _:
            return None
    named = rule.named([(person.zone.key, base)], wait.then, zone=zone).get((person.zone.key, base))
    if named is None or named.named_at < now:
        return _("{who}: enters now → goes on at once by “already past”").format(who=_who(person))
    return _("{who}: enters now → goes on {moment}").format(who=_who(person), moment=_said(named.until, person, now))


def _who(person: Person) -> str:
    return _("{name}, {place}").format(name=person.name, place=person.place)


def _said(at: Instant, person: Person, now: Instant) -> str:
    return say_moment(moment(at, person.zone), today=day_of(now, person.zone))
