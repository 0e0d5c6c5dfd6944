"""Checks that several kinds make of their own settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any

from journeys.base.catalogue import Catalogue
from journeys.base.errors import nearest, suggestion
from journeys.base.i18n import N_, _
from journeys.criteria import AnyCriterion, never_true, nodes_mentioned
from journeys.nodes.node import Around, Node
from journeys.nodes.places import places
from journeys.nodes.problem import Fix, Problem, Severity
from journeys.store.fields import COLUMNS

_UNKNOWN = {
    "attribute": N_("There is no attribute “{key}”.{suggestion}"),
    "feed": N_("There is no feed “{key}”.{suggestion}"),
    "funnel": N_("There is no funnel “{key}”.{suggestion}"),
    "journey": N_("There is no journey “{key}”.{suggestion}"),
    "pool": N_("There is no pool of codes “{key}”.{suggestion}"),
    "product": N_("There is no product “{key}”.{suggestion}"),
    "programme": N_("There is no loyalty programme “{key}”.{suggestion}"),
    "purpose": N_("There is no purpose “{key}”.{suggestion}"),
    "secret": N_("There is no secret “{key}”.{suggestion}"),
    "segment": N_("There is no segment “{key}”.{suggestion}"),
    "sender": N_("There is no sender “{key}”.{suggestion}"),
    "stage": N_("There is no stage “{key}”.{suggestion}"),
    "survey": N_("There is no survey “{key}”.{suggestion}"),
    "tag": N_("There is no tag “{key}”.{suggestion}"),
    "template": N_("There is no message “{key}”.{suggestion}"),
}


def unknown_references(node: Node, around: Around) -> Iterator[Problem]:
    """A problem for each place of the settings with a key that does not exist; none without a catalogue."""
    settings = partial(node.model_dump, mode="json", by_alias=True)
    yield from unknown_keys(node.references(), around.catalogue, nodes=(around.node,), settings=settings)


def unknown_keys(
    references: Iterable[tuple[str, str]],
    catalogue: Catalogue | None,
    *,
    nodes: tuple[str, ...],
    settings: Callable[[], Any] | None = None,
    act: str = "set",
) -> Iterator[Problem]:
    """A problem for each (kind of thing, key) that the catalogue does not have; none without a catalogue.

    One for each place where the key stands in the `settings`, as the file holds them, with the nearest name as a fix by
    `act`; one without a place where there are none.
    """
    if catalogue is None:
        return
    for kind, key in dict.fromkeys(references):
        known = _known(kind, catalogue)
        if known is None or key in known:
            continue
        sentence = _(_UNKNOWN[kind]).format(key=key, suggestion=suggestion(key, known))
        found = list(places(settings(), kind, key)) if settings is not None else []
        for place in found or [""]:
            fix = _nearest(kind, key, known, place, act) if place else None
            yield Problem(f"unknown-{kind}", Severity.BLOCKS, nodes, sentence, field=place, fix=fix)


def _nearest(kind: str, key: str, known: Iterable[str], place: str, act: str) -> Fix | None:
    """Writes the nearest name to the place. A stage is looked for in its own funnel only, which stands in another field."""
    before = key[: key.index("/") + 1] if kind == "stage" else ""
    near = nearest(key.removeprefix(before), (name.removeprefix(before) for name in known if name.startswith(before)))
    return Fix(_("Use “{name}”").format(name=near), act, {"field": place, "value": near}) if near is not None else None


def impossible_criterion(criterion: AnyCriterion, field: str, around: Around) -> Iterator[Problem]:
    """A problem where nobody can ever fit."""
    why = never_true(criterion, around.catalogue)
    if why is not None:
        yield Problem(
            "never-true",
            Severity.WARNS,
            (around.node,),
            _("Nobody can ever fit this. {why}").format(why=why),
            field=field,
        )


def nodes_of_criterion(criterion: AnyCriterion, field: str) -> Iterator[tuple[str, str]]:
    """(field, node id) for every node that a criterion speaks of."""
    for node in nodes_mentioned(criterion):
        yield field, node


def _known(kind: str, catalogue: Catalogue) -> Collection[str] | None:
    match kind:
        case "attribute":
            return {*catalogue.attributes, *COLUMNS}
        case "feed":
            return catalogue.feeds
        case "funnel":
            return catalogue.funnels
        case "journey":
            return catalogue.journeys
        case "pool":
            return catalogue.pools
        case "product":
            return catalogue.products
        case "programme":
            return catalogue.programmes
        case "purpose":
            return catalogue.purposes
        case "secret":
            return catalogue.secrets
        case "segment":
            return catalogue.segments
        case "sender":
            return catalogue.senders
        case "stage":
            return {f"{funnel}/{stage}" for funnel, stages in catalogue.funnels.items() for stage in stages}
        case "survey":
            return catalogue.surveys
        case "tag":
            return catalogue.tags
        case "template":
            return catalogue.templates
        case _:
            # of a plug-in: it checks its own
            return None
