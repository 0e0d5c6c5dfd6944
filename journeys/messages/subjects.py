"""What a template cannot be written without: the contract, purchase, product or event that the passage is about."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes

from journeys.messages.context import SUBJECTS

_NAMES = frozenset((*SUBJECTS, "subject"))
_PARSER = Environment(autoescape=True)


def subjects_needed(*sources: str) -> frozenset[str]:
    """Names of `SUBJECTS`, and "subject", of which the Jinja sources read a part without having asked for them.

    `{% if contract %}` asks, for all of its branches. A source that is no Jinja needs nothing: what is wrong with it is
    told where it is compiled.
    """
    needed: set[str] = set()
    for source in sources:
        try:
            needed.update(_read(_PARSER.parse(source), frozenset()))
        except TemplateSyntaxError:
            continue
    return frozenset(needed)


def _read(node: nodes.Node, asked: frozenset[str]) -> Iterator[str]:
    if isinstance(node, nodes.If | nodes.CondExpr):
        asked |= _names_in(node.test)
    elif isinstance(node, nodes.And):
        # the right side is read only where the left one holds
        asked |= _names_in(node.left)
    elif (
        isinstance(node, nodes.Getattr | nodes.Getitem)
        and isinstance(node.node, nodes.Name)
        and node.node.name in _NAMES - asked
    ):
        yield node.node.name
    for child in node.iter_child_nodes():
        yield from _read(child, asked)


def _names_in(test: nodes.Node) -> frozenset[str]:
    """Names that a test asks for as a whole."""
    if isinstance(test, nodes.Name):
        return frozenset({test.name})
    if isinstance(test, nodes.Not | nodes.And | nodes.Or):
        parts = [test.node] if isinstance(test, nodes.Not) else [test.left, test.right]
        return frozenset().union(*map(_names_in, parts))
    return frozenset()
