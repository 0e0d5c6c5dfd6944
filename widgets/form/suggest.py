"""Where fields that name something find what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from journeys.base.catalogue import AttributeEntry, Catalogue
from journeys.base.i18n import _
from journeys.graph.journey import Journey
from journeys.store.fields import CHANNELS, COLUMNS
from widgets.form.labels import word

#: kinds of events that come without anybody defining them
EVENTS = (
    "purchase.made",
    "page.visited",
    "product.viewed",
    "cart.abandoned",
    "email.opened",
    "email.clicked",
    "nps.answered",
    "loyalty.asked",
    "loyalty.joined",
    "loyalty.declined",
    "contact.created",
    "contact.changed",
    "contract.added",
    "contract.changed",
    "tag.added",
    "tag.removed",
    "segment.entered",
    "segment.left",
    "stage.entered",
    "consent.given",
    "consent.withdrawn",
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that a field can name. People read the label where there is one."""

    key: str
    label: str = ""

    @property
    def shown(self) -> str:
        return self.label or self.key


class Source(Protocol):
    """What the app knows of the store. Asked on the GUI thread, for every key pressed: it answers from memory."""

    def suggestions(self, kind: str, within: str = "") -> Sequence[Suggestion]:
        """All of a kind, which is a word of the glossary: “attribute”, “template”, “node” …; empty: nothing is known.

        `within` is the funnel that a stage belongs to.
        """
        ...

    def attribute(self, key: str) -> AttributeEntry | None:
        """What is known of an attribute, or of a column of contacts."""
        ...


class FromCatalogue:
    """Suggestions of a catalogue and of the journey itself; without a catalogue only of the latter."""

    def __init__(
        self, journey: Journey | None = None, catalogue: Catalogue | None = None, *, events: Sequence[str] = EVENTS
    ) -> None:
        self._journey = journey
        self._catalogue = catalogue or Catalogue()
        self._events = events

    def suggestions(self, kind: str, within: str = "") -> Sequence[Suggestion]:
        known = self._catalogue
        match kind:
            case "node":
                return self._nodes()
            case "about":
                return [Suggestion("subject", _("What the passage is about")), *self._nodes()]
            case "channel":
                return [Suggestion(channel, word(channel)) for channel in CHANNELS]
            case "attribute":
                own = [Suggestion(key, entry.label) for key, entry in sorted(known.attributes.items())]
                return [*own, *(Suggestion(key) for key in COLUMNS if key not in known.attributes)]
            case "segment":
                return [Suggestion(key, label) for key, label in sorted(known.segments.items())]
            case "stage":
                return [Suggestion(key) for key in known.funnels.get(within, ())]
            case "event":
                return [Suggestion(key) for key in self._events]
            case _:
                return [Suggestion(key) for key in sorted(self._keys(kind))]

    def attribute(self, key: str) -> AttributeEntry | None:
        return self._catalogue.attributes.get(key)

    def _nodes(self) -> list[Suggestion]:
        if self._journey is None:
            return []
        return [
            Suggestion(node, self._journey.title(node) or node)
            for node in self._journey.node_ids()
            if not self._journey.is_on_canvas_only(node)
        ]

    def _keys(self, kind: str) -> frozenset[str]:
        known = self._catalogue
        by_kind = {
            "template": known.templates,
            "tag": known.tags,
            "purpose": known.purposes,
            "programme": known.programmes,
            "survey": known.surveys,
            "funnel": known.funnels,
            "sender": known.senders,
            "pool": known.pools,
            "secret": known.secrets or (),
            "journey": known.journeys,
            "product": known.products,
            "feed": known.feeds,
        }
        return frozenset(by_kind.get(kind, ()))
