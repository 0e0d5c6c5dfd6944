"""Where members come, and where they get no further."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.base.errors import suggestion
from journeys.base.i18n import _
from journeys.graph.ways import Ways
from journeys.nodes.node import Family, Node, Outlet
from journeys.nodes.problem import Fix, Problem, Severity


def no_trigger(ways: Ways) -> Iterator[Problem]:
    """Nothing brings contacts in. A node of unknown kind may do so; it blocks by itself."""
    if not any(ways.settings(node) is None or ways.comes_in(node) for node in ways.nodes):
        yield Problem("no-trigger", Severity.BLOCKS, (), _("Nothing brings contacts into this journey. Add a trigger."))


def unreachable(ways: Ways) -> Iterator[Problem]:
    """Nodes that nobody can come to. Without any trigger that is true of all and said once, by `no_trigger`."""
    if not any(ways.comes_in(node) for node in ways.nodes):
        return
    for node in ways.nodes:
        if node not in ways.reached:
            yield Problem(
                "unreachable",
                Severity.WARNS,
                (node,),
                _("Nobody can come here: no way leads here from a trigger."),
                fix=Fix(_("Remove it"), "remove-node", {"node": node}),
            )


def open_outlets(ways: Ways) -> Iterator[Problem]:
    """Splits that leave somebody without a way on, and nodes after which nothing comes."""
    for node in ways.nodes:
        settings = ways.settings(node)
        if settings is None or settings.ends is not None:
            continue
        missing = [outlet for outlet in ways.outlets[node] if outlet.id not in ways.led[node]]
        needed = [outlet for outlet in missing if outlet.must_be_connected]
        if len(ways.outlets[node]) > 1 and needed:
            yield from (_open(ways, node, outlet) for outlet in needed)
        elif len(missing) == len(ways.outlets[node]):
            yield _dead_end(ways, node, missing)


def _open(ways: Ways, node: str, outlet: Outlet) -> Problem:
    return Problem(
        "open-outlet",
        Severity.BLOCKS,
        (node,),
        _("The outlet “{outlet}” leads nowhere: whoever takes it stops there.").format(outlet=outlet.label),
        field=outlet.id,
        fix=_to_an_exit(ways, node, outlet),
    )


def _dead_end(ways: Ways, node: str, missing: list[Outlet]) -> Problem:
    return Problem(
        "dead-end",
        Severity.WARNS,
        (node,),
        _("Nothing comes after this, and it is no end. Lead on, or end with an exit or a goal."),
        fix=_to_an_exit(ways, node, missing[0]) if missing else None,
    )


def _to_an_exit(ways: Ways, node: str, outlet: Outlet) -> Fix | None:
    """Offered where the journey has an exit: the first people read."""
    if ways.first_exit is None:
        return None
    label = _("Lead “{outlet}” to “{title}”").format(outlet=outlet.label, title=ways.journey.title(ways.first_exit))
    return Fix(label, "connect", {"node": node, "outlet": outlet.id, "target": ways.first_exit})


def orphaned_edges(ways: Ways) -> Iterator[Problem]:
    """Edges whose outlet the settings no longer have; they stay until somebody says where they belong."""
    for node in ways.nodes:
        settings = ways.settings(node)
        if settings is None:
            continue
        outlets = {outlet.id: outlet for outlet in settings.outlets()}
        free = [outlet for key, outlet in outlets.items() if key not in ways.led[node]]
        for gone, target in sorted(ways.led[node].items()):
            if gone not in outlets:
                yield Problem(
                    "orphaned-edge",
                    Severity.BLOCKS,
                    (node,),
                    _("The edge to “{target}” leaves from “{outlet}”, an outlet that is gone.{suggestion}").format(
                        target=ways.journey.title(target),
                        outlet=gone,
                        suggestion=suggestion(gone, outlets),
                    ),
                    field=gone,
                    fix=_reattach(node, gone, free),
                )


def _reattach(node: str, gone: str, free: list[Outlet]) -> Fix:
    where = {"node": node, "outlet": gone}
    if len(free) == 1:
        return Fix(
            _("Let it leave from “{outlet}”").format(outlet=free[0].label), "rename-outlet", {**where, "to": free[0].id}
        )
    return Fix(_("Remove the edge"), "remove-edge", where)


def wrong_targets(ways: Ways) -> Iterator[Problem]:
    """Edges that lead to where no member can stand, or leave from there."""
    for edge in sorted(ways.journey.edges(), key=lambda edge: (ways.position[edge.source], edge.outlet)):
        source, target = ways.settings(edge.source), ways.settings(edge.target)
        if _is_canvas(source) or _is_canvas(target):
            sentence = _("An edge connects a note or a frame, which members never see.")
        elif target is not None and target.family is Family.COMES_IN:
            sentence = _(
                "An edge leads into the trigger “{title}”; contacts come in there, nobody is led there."
            ).format(title=ways.journey.title(edge.target))
        else:
            continue
        yield Problem(
            "wrong-target",
            Severity.BLOCKS,
            (edge.source, edge.target),
            sentence,
            fix=Fix(_("Remove the edge"), "remove-edge", {"node": edge.source, "outlet": edge.outlet}),
        )


def _is_canvas(settings: Node | None) -> bool:
    return settings is not None and settings.family is Family.CANVAS


def goal_out_of_reach(ways: Ways) -> Iterator[Problem]:
    """There are goal nodes, and nobody can come to any of them."""
    goals = [node for node in ways.nodes if (settings := ways.settings(node)) is not None and settings.ends == "goal"]
    if goals and not ways.reached & set(goals):
        yield Problem(
            "goal-out-of-reach",
            Severity.HINTS,
            tuple(goals),
            _("Nobody can reach a goal node, so that this journey counts no success there."),
        )
