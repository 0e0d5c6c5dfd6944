"""What a journey file can keep: texts and places made so before they come into the document, else saving would lose it."""

from __future__ import annotations

import math
import unicodedata

from journeys.graph.decode import LONGEST_TEXT, problems_of_value
from journeys.graph.file import FARTHEST
from journeys.graph.settings import LONGEST_NAME
from journeys.nodes.node import Node
from widgets.document.refused import Refused


def plain_title(text: str) -> str:
    """One line of at most 200 characters: line breaks and other control characters become spaces."""
    line = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return _whole_characters(line)[:LONGEST_NAME]


def plain_comment(text: str) -> str:
    """The text without what is no character, cut to what a file takes."""
    return _whole_characters(text.replace("\x00", ""))[:LONGEST_TEXT]


def placed(x: float, y: float) -> tuple[float, float]:
    """The place on the canvas that is nearest to these numbers. Raises ValueError where one is none."""
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"({x}, {y}) is no place")
    return max(-FARTHEST, min(FARTHEST, x)), max(-FARTHEST, min(FARTHEST, y))


def refuse_unkeepable(settings: Node) -> None:
    """Raises Refused where a text in the settings is one that no file may hold, as a NUL character pasted from elsewhere."""
    wrong = next(problems_of_value(settings.model_dump(mode="json", by_alias=True)), None)
    if wrong is not None:
        raise Refused(sentence=wrong.sentence)


def _whole_characters(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
