"""The bodies of webhooks, rendered as mails are: the same sandbox, limits and facts, and a filter that writes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from jinja2 import Undefined

from journeys.base.i18n import N_
from journeys.base.time import Instant
from journeys.graph.journey import Journey
from journeys.messages.compile import Source
from journeys.messages.context import Matter
from journeys.messages.filters import LANGUAGE, ZONE
from journeys.messages.limits import Budget, spending
from journeys.messages.place import TemplateError, place
from journeys.messages.rendering import Part
from journeys.messages.sandbox import Sandbox
from journeys.messages.values import Facts, Money
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.webhook import Webhook

#: what a body may speak of
NAMES = frozenset(
    ("contact", "contract", "purchase", "product", "event", "code", "subject", "journey", "step", "today")
)
_FILE = "body"


class NotJson(TemplateError):
    text: ClassVar[str] = N_(
        "{where}: what comes out is no JSON: {reason}. Write values with the filter tojson, without quotation marks."
    )


def tojson(value: Any) -> str:
    """A value as JSON: facts become objects; money an amount in minor units beside its currency."""
    return json.dumps(_bare(value), ensure_ascii=False)


def _bare(value: Any) -> Any:
    match value:
        case Facts():
            return {str(name): _bare(value[name]) for name in value}
        case Money(minor=minor, currency=currency):
            return {"amount": minor, "currency": currency}
        case tuple() | list():
            return [_bare(item) for item in value]
        case dict():
            return {str(name): _bare(item) for name, item in value.items()}
        case Undefined():
            # says which name nobody gives
            return str(value)
        case _:
            return value


_PLAIN = Sandbox(autoescape=False)
_PLAIN.filters = {**_PLAIN.filters, "tojson": tojson}


class Body:
    """The body of one webhook, ready to be rendered. Safe to share between threads."""

    def __init__(self, settings: Webhook, title: str) -> None:
        """Raises a TemplateError where the Jinja is wrong. `title` is what sentences call the node."""
        self._part = Part(_PLAIN, Source(_FILE, settings.body), title, NAMES)
        self._title = title
        self._is_json = settings.content_type == "application/json"

    def render(self, matter: Matter) -> bytes:
        """Raises a TemplateError that says what is wrong and where."""
        language = matter.contact.get("language") or matter.language
        with spending(Budget()):
            text = self._part.render({**matter.facts(), "step": self._title, LANGUAGE: language, ZONE: matter.zone})
        if self._is_json and text.strip():
            try:
                json.loads(text)
            except ValueError as error:
                raise NotJson(where=place(self._title, _FILE), reason=str(error).rstrip(".")) from None
        return text.encode()


def body_problems(
    journey: Journey, attribute_keys: frozenset[str], *, now: Instant, zone: ZoneInfo
) -> Iterator[Problem]:
    """What is wrong with the bodies of a journey's webhooks, tried on somebody of whom nothing is known."""
    nobody = Matter(contact={"attributes": {}}, at=now, zone=zone, attribute_keys=attribute_keys)
    for node in journey.node_ids():
        settings = journey.node(node)
        if not isinstance(settings, Webhook) or not settings.body:
            continue
        try:
            Body(settings, journey.title(node) or node).render(nobody)
        except TemplateError as error:
            yield Problem("body-broken", Severity.BLOCKS, (node,), str(error), field="body")
