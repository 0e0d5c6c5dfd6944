"""Nodes as such: kinds that are unknown here, nodes that cannot be off, nodes that name others."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from journeys.base.errors import suggestion
from journeys.base.i18n import _
from journeys.graph.ways import Ways
from journeys.nodes.problem import Fix, Problem, Severity

UNKNOWN_KIND = "unknown-kind"


def unknown_kinds(ways: Ways, known: Collection[str]) -> Iterator[Problem]:
    for node in ways.nodes:
        if ways.settings(node) is None:
            kind = ways.journey.kind(node)
            yield Problem(
                UNKNOWN_KIND,
                Severity.BLOCKS,
                (node,),
                _(
                    "No installed package knows the kind “{kind}”.{suggestion} The node is kept as it is; install the package it comes from, or remove the node."
                ).format(kind=kind, suggestion=suggestion(kind, known)),
                field="kind",
            )


def cannot_be_off(ways: Ways) -> Iterator[Problem]:
    """A trigger, a split or an end that is off: there is no first outlet that everybody could take."""
    for node in ways.nodes:
        settings = ways.settings(node)
        if settings is not None and not settings.can_be_off and not ways.is_on(node):
            yield Problem(
                "cannot-be-off",
                Severity.BLOCKS,
                (node,),
                _("This is switched off, and its kind cannot be. Switch it on, or remove it."),
                field="off",
                fix=Fix(_("Switch it on"), "switch-off", {"node": node, "off": False}),
            )


def unknown_nodes(ways: Ways) -> Iterator[Problem]:
    """Settings that name a node which is gone."""
    for node in ways.nodes:
        settings = ways.settings(node)
        if settings is None:
            continue
        for field, other in settings.nodes_mentioned():
            if other not in ways.journey:
                yield Problem(
                    "unknown-node",
                    Severity.BLOCKS,
                    (node,),
                    _("The settings name the node {other}, which does not exist. Choose another.").format(other=other),
                    field=field,
                )
