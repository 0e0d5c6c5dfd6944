"""Checks that several kinds make of their own settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from journeys.base.catalogue import Catalogue
from journeys.base.errors import suggestion
from journeys.base.i18n import N_, _
from journeys.criteria import AnyCriterion, never_true, nodes_mentioned
from journeys.nodes.node import Around, Node
from journeys.nodes.problem import Problem, Severity
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
    """A problem for each key the settings mention that does not exist; none without a catalogue."""
    yield from unknown_keys(node.references(), around.catalogue, nodes=(around.node,))


def unknown_keys(
    references: Iterable[tuple[str, str]], catalogue: Catalogue | None, *, nodes: tuple[str, ...]
) -> Iterator[Problem]:
    """A problem for each (kind of thing, key) that the catalogue does not have; none without a catalogue."""
    if catalogue is None:
        return
    for kind, key in dict.fromkeys(references):
        known = _known(kind, catalogue)
        if known is not None and key not in known:
            yield Problem(
                f"unknown-{kind}",
                Severity.BLOCKS,
                nodes,
                _(_UNKNOWN[kind]).format(key=key, suggestion=suggestion(key, known)),
            )


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
