"""What may be connected to what, and what fits where: refusals with their reason, and the palette's search."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from journeys.base.catalogue import Catalogue
from journeys.base.i18n import _
from journeys.base.text import fold
from journeys.graph.journey import Journey
from journeys.nodes.node import Family, Node
from journeys.nodes.preset import Beginning, Preset
from journeys.nodes.presets import presets

#: which families people add next after a node of a family
_NEXT = {
    Family.COMES_IN: (Family.WAITS, Family.SENDS, Family.DECIDES, Family.CHANGES, Family.ENDS),
    Family.DECIDES: (Family.SENDS, Family.WAITS, Family.CHANGES, Family.ENDS, Family.DECIDES),
    Family.WAITS: (Family.SENDS, Family.DECIDES, Family.CHANGES, Family.WAITS, Family.ENDS),
    Family.SENDS: (Family.WAITS, Family.DECIDES, Family.CHANGES, Family.SENDS, Family.ENDS),
    Family.CHANGES: (Family.SENDS, Family.WAITS, Family.DECIDES, Family.CHANGES, Family.ENDS),
}
_WORD = re.compile(r"[\w/-]+")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is to be added: into the empty canvas, after an outlet, before an input, or, with both, between."""

    journey: Journey
    #: the workspace's day
    today: date
    catalogue: Catalogue = field(default_factory=Catalogue)
    #: (node, outlet) that will lead to it
    after: tuple[str, str] | None = None
    #: the node it will lead to
    before: str | None = None

    def beginning(self) -> Beginning:
        """What the settings of a node that is added here may be taken from."""
        others = (self.journey.node(node) for node in self.journey.node_ids())
        return Beginning(
            self.today,
            self.catalogue,
            tuple(_upstream(self.journey, self.after[0])) if self.after is not None else (),
            tuple(node for node in others if node is not None),
        )


def why_not(journey: Journey, node: str, outlet: str, target: str) -> str | None:
    """The reason, as a sentence, why an outlet may not lead to a node; None where it may. Raises NoSuchNode."""
    return why_not_from(journey, node, outlet) or why_not_to(journey, target) or _why_not_itself(journey, node, target)


def why_not_from(journey: Journey, node: str, outlet: str) -> str | None:
    """The reason why no edge may leave from there; an orphaned edge may be led elsewhere. Raises NoSuchNode."""
    settings = journey.node(node)
    if settings is None:
        # of a kind that is unknown here: its edges may be led elsewhere, and what other outlets it has nobody knows
        return None if journey.target(node, outlet) is not None else _unknown_outlets(journey, node)
    if settings.family is Family.CANVAS:
        return _("Notes and frames lie beside the way; contacts never come there.")
    outlets = {one.id for one in settings.outlets()}
    if not outlets:
        return _("The way ends at “{title}”; nothing leads on from there.").format(title=_called(journey, node))
    if outlet not in outlets and journey.target(node, outlet) is None:
        return _("“{title}” has no outlet “{outlet}”.").format(title=_called(journey, node), outlet=outlet)
    return None


def why_not_to(journey: Journey, target: str) -> str | None:
    """The reason why no edge may lead there. Raises NoSuchNode."""
    settings = journey.node(target)
    if settings is None:
        return None
    if settings.family is Family.CANVAS:
        return _("Notes and frames lie beside the way; contacts never come there.")
    if settings.family is Family.COMES_IN:
        return _("Contacts come in at the trigger “{title}”; nobody is led there.").format(
            title=_called(journey, target)
        )
    return None


def why_not_here(spot: Spot, settings: Node) -> str | None:
    """The reason why a node with these settings does not fit a spot."""
    if spot.after is not None:
        if settings.family is Family.COMES_IN:
            return _("A trigger is where contacts come in; nothing leads to it.")
        if settings.family is Family.CANVAS:
            return _("Notes and frames lie beside the way; contacts never come there.")
        if (refused := why_not_from(spot.journey, *spot.after)) is not None:
            return refused
    if spot.before is not None:
        if settings.family is Family.CANVAS:
            return _("Notes and frames lie beside the way; contacts never come there.")
        if not settings.outlets():
            return _("The way ends there; nothing leads on.")
        return why_not_to(spot.journey, spot.before)
    return None


def fitting(spot: Spot) -> tuple[Preset, ...]:
    """What may be added at a spot, what people add there most often first."""
    beginning = spot.beginning()
    chosen = [preset for preset in presets() if why_not_here(spot, preset.make(beginning)) is None]
    order = _families_for(spot)
    return tuple(sorted(chosen, key=lambda preset: (order.index(preset.family), not preset.is_common)))


def search(text: str, spot: Spot) -> tuple[Preset, ...]:
    """What fits a spot and is called like this, the best first; without a text all that fits.

    Every word of the text must begin a word of the name or of a synonym: “mail” finds E-mail, “pause” the waits. Where
    nothing does, words within words are enough.
    """
    words = _words(text)
    found = fitting(spot)
    for rank in (_rank_of_beginnings, _rank_of_parts):
        ranked = [(score, n) for n, preset in enumerate(found) if (score := rank(words, preset)) is not None]
        if ranked:
            return tuple(found[n] for _score, n in sorted(ranked))
    return ()


def _rank_of_beginnings(words: list[str], preset: Preset) -> int | None:
    """0: the name begins so; 1: a word of it does; 2: a synonym does. None: it is not called like this."""
    name, synonyms = _words(preset.name), _words(preset.synonyms)
    worst = 0
    for word in words:
        if name[0].startswith(word):
            rank = 0
        elif any(one.startswith(word) for one in name):
            rank = 1
        elif any(one.startswith(word) for one in synonyms):
            rank = 2
        else:
            return None
        worst = max(worst, rank)
    return worst


def _rank_of_parts(words: list[str], preset: Preset) -> int | None:
    called = f"{fold(preset.name)} {fold(preset.synonyms)}"
    return 0 if all(word in called for word in words) else None


def _words(text: str) -> list[str]:
    """Folded; “E-mail” and “A/B” are one word each, however they are typed."""
    words = (word.replace("-", "").replace("/", "") for word in _WORD.findall(fold(text)))
    return [word for word in words if word]


def _families_for(spot: Spot) -> list[Family]:
    every = list(Family)
    before = spot.journey.node(spot.after[0]) if spot.after is not None else None
    first: tuple[Family, ...]
    if before is not None and before.family in _NEXT:
        first = _NEXT[before.family]
    elif spot.after is None and not any(_comes_in(spot.journey)):
        first = (Family.COMES_IN,)
    else:
        first = (Family.SENDS, Family.WAITS, Family.DECIDES, Family.CHANGES, Family.ENDS, Family.COMES_IN)
    return [*first, *(family for family in every if family not in first)]


def _comes_in(journey: Journey) -> Iterator[str]:
    for node in journey.node_ids():
        settings = journey.node(node)
        if settings is not None and settings.family is Family.COMES_IN:
            yield node


def _upstream(journey: Journey, node: str) -> Iterator[tuple[str, Node]]:
    """The node and those before it, the nearest first; of those as near, in the order of their ids."""
    seen = {node}
    waiting = deque([node])
    while waiting:
        here = waiting.popleft()
        settings = journey.node(here)
        if settings is not None:
            yield here, settings
        for source in sorted({edge.source for edge in journey.edges_into(here)} - seen):
            seen.add(source)
            waiting.append(source)


def _why_not_itself(journey: Journey, node: str, target: str) -> str | None:
    if node != target:
        return None
    return _("“{title}” cannot lead to itself: contacts would go round without a rest.").format(
        title=_called(journey, node)
    )


def _unknown_outlets(journey: Journey, node: str) -> str:
    return _("No installed package knows the kind of “{title}”, nor which outlets it has.").format(
        title=_called(journey, node)
    )


def _called(journey: Journey, node: str) -> str:
    settings = journey.node(node)
    return journey.title(node) or (settings.label if settings is not None else journey.kind(node))
