"""A criterion that somebody typed, held against the store before it becomes a segment or is counted."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from journeys.base.catalogue import Catalogue
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.time import DAY
from journeys.base.validation import InvalidData, problems_of
from journeys.criteria import (
    Criterion,
    needs_passage,
    never_true,
    parse_criterion,
    references,
    shortest_window,
    typed,
)
from journeys.nodes.checks import unknown_keys


class UnknownInCriterion(KanwaError):
    text = N_("The criterion speaks of what is not there. {sentences}")


class NobodyFits(KanwaError):
    text = N_("Nobody can ever fit the criterion. {why}")


class OnlyInJourneys(KanwaError):
    text = N_(
        "The criterion speaks of a passage through a journey (since entry, of the subject). A segment knows none."
    )


class ShortWindow(KanwaError):
    text = N_(
        "The criterion has a window shorter than a day, and time alone moves contacts between segments once a day. "
        "Make it a day or longer."
    )


def checked_criterion(data: Any, catalogue: Catalogue) -> Criterion:
    """The criterion with the types of the store's attributes.

    Raises InvalidData, UnknownInCriterion, NobodyFits, OnlyInJourneys.
    """
    criterion = parse_criterion(data, where=_("The criterion"))
    if needs_passage(criterion):
        raise OnlyInJourneys
    if unknown := list(unknown_keys(references(criterion), catalogue, nodes=())):
        raise UnknownInCriterion(sentences=" ".join(problem.sentence for problem in unknown))
    if why := never_true(criterion, catalogue):
        raise NobodyFits(why=why)
    try:
        return typed(criterion, catalogue)
    except ValidationError as error:
        raise InvalidData(where=_("The criterion"), problems=problems_of(error)) from None


def checked_segment(data: Any, catalogue: Catalogue) -> Criterion:
    """The same for a criterion that is to be a segment. Raises ShortWindow too."""
    criterion = checked_criterion(data, catalogue)
    window = shortest_window(criterion)
    if window is not None and window < DAY:
        raise ShortWindow
    return criterion
