"""The kinds of nodes as people look for them: “SMS”, “NPS”, “For an answer”, each with settings to begin with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from journeys.base.i18n import _
from journeys.nodes.code import Code
from journeys.nodes.condition import Condition
from journeys.nodes.exit import Exit
from journeys.nodes.frame import Frame
from journeys.nodes.goal import Goal
from journeys.nodes.icons import icon_of
from journeys.nodes.jump import Jump
from journeys.nodes.node import Node
from journeys.nodes.note import Note
from journeys.nodes.preset import NOT_CHOSEN, Beginning, Preset
from journeys.nodes.registry import kinds
from journeys.nodes.repeat import Repeat
from journeys.nodes.send import Send
from journeys.nodes.split import Split
from journeys.nodes.trigger import Trigger
from journeys.nodes.update import Update
from journeys.nodes.wait import Wait
from journeys.nodes.webhook import Webhook

#: a name that never leads anywhere (RFC 2606), so that nobody's server is called by mistake
_NOWHERE = "https://not-chosen.invalid/"
_ANSWER_DAYS = 7


@cache
def presets() -> tuple[Preset, ...]:
    """All presets, in the order of the palette; those of plug-ins stand last in their family."""
    own = {Trigger, Condition, Split, Repeat, Wait, Send, Update, Code, Webhook, Goal, Exit, Jump, Note, Frame}
    found = [
        *_coming_in(),
        *_deciding(),
        *_waiting(),
        *_sending(),
        *_changing(),
        *_ending(),
        *_on_the_canvas(),
        *(preset for kind in kinds().values() if kind not in own for preset in kind.presets()),
    ]
    families = list(dict.fromkeys(preset.family for preset in found))
    return tuple(sorted(found, key=lambda preset: families.index(preset.family)))


#: settings as JSON, from what there is around
_Making = Callable[[Beginning], dict[str, Any]]


def _preset(
    id_: str, name: str, kind: type[Node], settings: _Making, synonyms: str = "", *, is_common: bool = False
) -> Preset:
    def make(beginning: Beginning) -> Node:
        return kind.model_validate(settings(beginning))

    # the picture depends on the settings, and these on nothing around as far as the picture goes
    icon = icon_of(make(Beginning(dt.date(2026, 1, 1))))
    return Preset(id_, name, icon, kind.family, make, synonyms, is_common)


def _coming_in() -> Iterator[Preset]:
    def by(id_: str, name: str, on: _Making, synonyms: str, *, is_common: bool = False, **more: Any) -> Preset:
        return _preset(id_, name, Trigger, lambda b: {"on": on(b), **more}, synonyms, is_common=is_common)

    yield by(
        "event",
        _("Event"),
        lambda _b: {"type": "event", "event": "page.visited"},
        _("trigger start happens visit page click opened webhook"),
        is_common=True,
    )
    yield by(
        "purchase",
        _("Purchase"),
        lambda _b: {"type": "event", "event": "purchase.made"},
        _("trigger start order buys paid shop event"),
        subject="purchase",
    )
    yield by(
        "attribute-change",
        _("Attribute change"),
        lambda b: {"type": "change", "attribute": b.only(b.catalogue.attributes)},
        _("trigger start field value points becomes event"),
    )
    yield by(
        "segment",
        _("Segment"),
        lambda b: {"type": "segment", "segment": b.only(b.catalogue.segments)},
        _("trigger start group enters leaves audience"),
        is_common=True,
    )
    yield by(
        "date",
        _("Date"),
        lambda b: {"type": "date", "date": {"type": "attribute", "attribute": _date_attribute(b)}},
        _("trigger start day reminder"),
        is_common=True,
    )
    yield by(
        "birthday",
        _("Birthday"),
        lambda b: {"type": "date", "date": {"type": "attribute", "attribute": _birthday(b)}, "yearly": True},
        _("trigger start anniversary every year date"),
    )
    yield by(
        "contract-end",
        _("Contract end"),
        lambda _b: {"type": "date", "date": {"type": "contract end"}, "offset_days": -_ANSWER_DAYS},
        _("trigger start renewal expires subscription policy date reminder"),
        subject="contract",
    )
    yield by(
        "inactivity",
        _("Inactivity"),
        lambda _b: {"type": "inactivity", "events": ["page.visited", "purchase.made"], "days": 30},
        _("trigger start quiet silent sleeping nothing win back abandoned"),
    )
    yield by(
        "schedule",
        _("Schedule"),
        lambda b: {"type": "schedule", "rule": "FREQ=WEEKLY;BYDAY=MO", "starts_on": b.today.isoformat()},
        _("trigger start calendar every week month newsletter regular"),
    )
    yield by(
        "product",
        _("Product change"),
        lambda _b: {"type": "product", "what": "price drop"},
        _("trigger start price drop cheaper back in stock new category"),
        is_common=True,
        subject="product",
    )
    yield by(
        "stage",
        _("Stage"),
        lambda b: {"type": "stage", "funnel": (funnel := b.only(b.catalogue.funnels)), "stage": _stage(b, funnel)},
        _("trigger start funnel pipeline enters"),
    )
    yield by(
        "feed",
        _("Feed"),
        lambda b: {
            "type": "feed",
            "feed": b.only(b.catalogue.feeds),
            "where": [{"field": "value", "op": "exists"}],
            "attribute": b.only(b.catalogue.attributes),
        },
        _("trigger start outside data weather stock exchange rows"),
    )
    yield by("list", _("List"), lambda _b: {"type": "list"}, _("trigger start by hand manual import enroll csv"))


def _deciding() -> Iterator[Preset]:
    def split(id_: str, name: str, by: _Making, synonyms: str, *, is_common: bool = False) -> Preset:
        return _preset(id_, name, Split, lambda b: {"by": by(b)}, synonyms, is_common=is_common)

    yield _preset(
        "condition",
        _("Condition"),
        Condition,
        lambda _b: {"criterion": {"all": []}},
        _("if yes no filter check question split who"),
        is_common=True,
    )
    yield split(
        "nps",
        _("NPS"),
        lambda b: {"type": "nps", "survey": _asked_by(b)},
        _("split score promoter passive detractor survey answer recommend"),
        is_common=True,
    )
    yield split(
        "loyalty",
        _("Loyalty"),
        lambda b: {"type": "loyalty", "programme": b.only(b.catalogue.programmes)},
        _("split programme club joined declined member"),
        is_common=True,
    )
    yield split(
        "segments",
        _("Segments in order"),
        lambda b: {"type": "segments", "segments": [b.only(b.catalogue.segments)]},
        _("split groups audience switch"),
    )
    yield split(
        "reachable",
        _("Reachable channel"),
        lambda b: {"type": "reachable", "channels": ["email", "sms"], "purpose": _purpose(b) or NOT_CHOSEN},
        _("split e-mail sms push consent contactable"),
    )
    yield split(
        "random",
        _("Random share"),
        lambda _b: {
            "type": "random",
            "arms": [{"id": "a", "label": "A", "share": 50}, {"id": "b", "label": "B", "share": 50}],
        },
        _("split A/B test experiment percent chance control group"),
        is_common=True,
    )
    yield _preset(
        "repeat", _("Repeat"), Repeat, lambda _b: {"at_most": 3, "at_least_days": 7}, _("loop again times reminder")
    )


def _waiting() -> Iterator[Preset]:
    def wait(id_: str, name: str, rule: _Making, synonyms: str, *, is_common: bool = False, **more: Any) -> Preset:
        return _preset(id_, name, Wait, lambda b: {"rule": rule(b), **more}, synonyms, is_common=is_common)

    yield wait(
        "wait",
        _("Wait a while"),
        lambda _b: {"type": "duration", "amount": 3, "unit": "days"},
        _("pause delay sleep days hours weeks timer later"),
        is_common=True,
    )
    yield wait(
        "until-time",
        _("Until a time of day"),
        lambda _b: {"type": "at once"},
        _("wait pause delay clock hour morning weekday window"),
        then={"from": "09:00"},
    )
    yield wait(
        "until-date",
        _("Until a date"),
        lambda b: {
            "type": "date",
            "date": {"type": "day", "day": (b.today + dt.timedelta(days=_ANSWER_DAYS)).isoformat()},
        },
        _("wait pause delay day calendar contract end"),
        is_common=True,
    )
    yield wait(
        "for-an-answer",
        _("For an answer"),
        _answer,
        _("wait pause reply click open event reaction timeout listen"),
        is_common=True,
    )
    yield wait(
        "until-true",
        _("Until something is true"),
        lambda _b: {
            "type": "criterion",
            "criterion": {"leaf": "purchase", "count": {"op": ">=", "value": 1}},
            "timeout": {"amount": _ANSWER_DAYS, "unit": "days"},
        },
        _("wait pause criterion condition purchase buys"),
    )
    yield wait(
        "purchase-rhythm",
        _("Purchase rhythm"),
        lambda _b: {"type": "purchase rhythm"},
        _("wait pause interpurchase time usual personal next order"),
    )


def _sending() -> Iterator[Preset]:
    def send(id_: str, name: str, way: dict[str, Any], synonyms: str, *, is_common: bool = False) -> Preset:
        return _preset(id_, name, Send, lambda b: {**_message(b), **way}, synonyms, is_common=is_common)

    yield send(
        "email",
        _("E-mail"),
        {"channel": "email"},
        _("send mail message newsletter letter write survey"),
        is_common=True,
    )
    yield send("sms", _("SMS"), {"channel": "sms"}, _("send text message phone mobile"), is_common=True)
    yield send(
        "push",
        _("Push"),
        {"channel": "push"},
        _("send message app notification mobile"),
        is_common=True,
    )
    yield send(
        "ladder",
        _("Several channels"),
        {"ladder": {"rule": "preferred first", "channels": ["email", "sms"]}},
        _("send message preferred channel ladder fallback"),
    )


def _changing() -> Iterator[Preset]:
    yield _preset(
        "update",
        _("Contact"),
        Update,
        lambda b: {"changes": [{"do": "add tag", "tag": b.only(b.catalogue.tags)}]},
        _("update change attribute tag points consent stage set field"),
        is_common=True,
    )
    yield _preset(
        "code",
        _("Code"),
        Code,
        lambda b: {"pool": b.only(b.catalogue.pools)},
        _("coupon voucher discount promo pool"),
        is_common=True,
    )
    yield _preset(
        "webhook",
        _("Webhook"),
        Webhook,
        lambda _b: {"url": _NOWHERE},
        _("call http api url integration request"),
        is_common=True,
    )


def _ending() -> Iterator[Preset]:
    yield _preset(
        "goal", _("Goal"), Goal, lambda _b: {"name": _("Goal")}, _("end success conversion won"), is_common=True
    )
    yield _preset(
        "exit", _("Exit"), Exit, lambda _b: {"reason": _("the way ends")}, _("end leave stop finish"), is_common=True
    )
    yield _preset(
        "other-journey",
        _("Other journey"),
        Jump,
        lambda b: {"journey": b.only(b.catalogue.journeys)},
        _("end jump go on enroll hand over"),
        is_common=True,
    )
    yield _preset("jump", _("Jump to a step"), Jump, lambda _b: {}, _("go to back again loop node elsewhere"))


def _on_the_canvas() -> Iterator[Preset]:
    yield _preset("note", _("Note"), Note, lambda _b: {"text": ""}, _("sticky comment paper text remark"))
    yield _preset("frame", _("Frame"), Frame, lambda _b: {"title": ""}, _("box group area section"))


# --- first settings from what there is around --------------------------------------------------------------------------


def _message(beginning: Beginning) -> dict[str, Any]:
    """Purpose and sender as the journey's other messages have them; the message itself only where there is one alone."""
    sends = [other for other in beginning.others if isinstance(other, Send)]
    senders = {send.sender for send in sends if send.sender is not None}
    return {
        "template": beginning.only(beginning.catalogue.templates),
        "purpose": _purpose(beginning),
        "sender": next(iter(senders)) if len(senders) == 1 else None,
    }


def _purpose(beginning: Beginning) -> str | None:
    used = {other.purpose for other in beginning.others if isinstance(other, Send) and other.purpose is not None}
    known = used if len(used) == 1 else beginning.catalogue.purposes
    return next(iter(known)) if len(known) == 1 else None


def _asked_by(beginning: Beginning) -> str | None:
    """The nearest send before that carries a survey."""
    templates = beginning.catalogue.templates
    for id_, node in beginning.before:
        if isinstance(node, Send) and (entry := templates.get(node.template)) is not None and entry.survey:
            return id_
    return None


def _answer(beginning: Beginning) -> dict[str, Any]:
    """To the nearest survey; without one, a click in the nearest message."""
    timeout = {"amount": _ANSWER_DAYS, "unit": "days"}
    survey = _asked_by(beginning)
    heard: dict[str, Any]
    if survey is not None:
        heard = {"outlet": "answered", "label": _("answered"), "event": "nps.answered", "about": survey}
        return {"type": "events", "listen": [heard], "timeout": timeout}
    message = next((id_ for id_, node in beginning.before if isinstance(node, Send)), None)
    heard = {"outlet": "clicked", "label": _("clicked"), "event": "email.clicked", "about": message}
    return {"type": "events", "listen": [heard], "timeout": timeout}


def _date_attribute(beginning: Beginning) -> str:
    entries = beginning.catalogue.attributes.items()
    return beginning.only([name for name, entry in entries if entry.type in ("date", "datetime")])


def _birthday(beginning: Beginning) -> str:
    return "birthday" if "birthday" in beginning.catalogue.attributes else _date_attribute(beginning)


def _stage(beginning: Beginning, funnel: str) -> str:
    stages = beginning.catalogue.funnels.get(funnel, ())
    return stages[0] if stages else NOT_CHOSEN
