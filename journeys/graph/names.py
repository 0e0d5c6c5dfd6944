"""What keys are called in the sentences of a journey."""

from __future__ import annotations

from journeys.base.catalogue import Catalogue
from journeys.graph.journey import Journey


class JourneyNames:
    """Titles of the journey's nodes, and labels of a catalogue where there is one. Fulfils `Names`."""

    def __init__(self, journey: Journey, catalogue: Catalogue | None = None) -> None:
        self._journey = journey
        self._catalogue = catalogue or Catalogue()

    def label(self, kind: str, key: str) -> str:
        """The label of a key; the key itself where none is known."""
        match kind:
            case "node":
                return (self._journey.title(key) if key in self._journey else "") or key
            case "segment":
                return self._catalogue.segments.get(key, "") or key
            case "attribute":
                entry = self._catalogue.attributes.get(key)
                return (entry.label if entry else "") or key
            case "stage":
                # the key names the funnel too
                return key.rpartition("/")[2]
            case _:
                return key
