"""What an inspector is given by the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from zoneinfo import ZoneInfo

from journeys.base.catalogue import Catalogue
from journeys.base.time import Instant, day_of
from journeys.graph.journey import Journey
from journeys.graph.names import JourneyNames
from widgets.criterion.matching import Matcher
from widgets.form.editor import Context
from widgets.form.suggest import FromCatalogue, Source
from widgets.theme.theme import Theme


@dataclass(frozen=True, slots=True)
class Person:
    """The contact of the example under a wait."""

    name: str
    place: str
    zone: ZoneInfo
    #: date attributes as the store has them: an ISO day, or UTC seconds after “@”
    dates: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Supplies:
    """Clock, zone, and what is known of the store; all of it answers from memory."""

    theme: Theme
    #: the moment now
    now: Callable[[], Instant]
    #: the workspace's
    zone: ZoneInfo
    #: asked anew for every form; None without a store
    catalogue: Callable[[], Catalogue | None] = lambda: None
    #: suggestions in place of those of the catalogue
    source: Source | None = None
    matcher: Matcher | None = None
    #: the contact of examples; None: no example is shown
    person: Callable[[], Person | None] = lambda: None

    def today(self) -> date:
        return day_of(self.now(), self.zone)

    def context(self, journey: Journey) -> Context:
        """What the editors of a form are given."""
        catalogue = self.catalogue()
        return Context(
            theme=self.theme,
            source=self.source or FromCatalogue(journey, catalogue),
            names=JourneyNames(journey, catalogue),
            today=self.today,
            matcher=self.matcher,
        )
