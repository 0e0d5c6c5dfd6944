"""Quick fixes: what a check proposes, made one undoable step of the document."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.validation import problems_of
from journeys.graph.journey import NoSuchNode
from journeys.graph.settings import JourneySettings
from journeys.nodes.problem import Fix, Problem
from widgets.document.document import Document
from widgets.document.draft import Draft


class CannotFix(KanwaError):
    """The journey has changed since the problem was found, or the fix does not fit it."""

    text = N_("“{label}” does not fit the journey any more. {why}")


def fixes(problem: Problem) -> list[Fix]:
    """What a problem offers."""
    return [problem.fix] if problem.fix is not None else []


def fix(document: Document, problem: Problem) -> None:
    """Do what the problem's fix says. Raises CannotFix, with nothing changed."""
    proposed = problem.fix
    if proposed is None:
        return
    try:
        draft = _fixed(document, problem, proposed)
    except NoSuchNode as error:
        raise CannotFix(label=proposed.label, why=_("The node is gone.")) from error
    except ValidationError as error:
        raise CannotFix(label=proposed.label, why=problems_of(error)[0].sentence) from error
    document.do_draft(draft, _("fix “{label}”").format(label=proposed.label))


def _fixed(document: Document, problem: Problem, proposed: Fix) -> Draft:
    draft = document.draft()
    given = proposed.arguments
    # what a node proposes for itself need not name it
    node = given.get("node") or (problem.nodes[0] if problem.nodes else "")
    match proposed.act:
        case "connect":
            draft.connect(node, given["outlet"], given["target"])
        case "remove-edge":
            draft.disconnect(node, given["outlet"])
        case "rename-outlet":
            target = draft.target(node, given["outlet"])
            draft.disconnect(node, given["outlet"])
            if target is not None:
                draft.connect(node, given["to"], target)
        case "remove-node":
            draft.remove(node)
        case "switch-off":
            draft.set_off(node, given.get("off", True))
        case "set":
            settings = draft.state(node).node
            if settings is None:
                raise CannotFix(label=proposed.label, why=_("The kind of the node is unknown here."))
            data = settings.model_dump(mode="json", by_alias=True)
            _put(data, given["field"], given["value"])
            draft.set_settings(node, type(settings).model_validate(data))
        case "set-journey":
            data = draft.settings.model_dump(mode="json", by_alias=True)
            _put(data, given["field"], given["value"])
            draft.set_journey(JourneySettings.model_validate(data))
        case _:
            raise CannotFix(label=proposed.label, why=_("This window does not know how to do it."))
    return draft


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    """Set a field by its dotted path."""
    *way, last = path.split(".")
    for name in way:
        inner = data.get(name)
        if not isinstance(inner, dict):
            inner = data[name] = {}
        data = inner
    data[last] = value
