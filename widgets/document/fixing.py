"""Quick fixes: the act that a problem offers, as one step that can be undone."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from journeys.base.i18n import _
from journeys.base.validation import problems_of
from journeys.graph.fits import why_not
from journeys.nodes.places import with_value
from journeys.nodes.problem import Fix, Problem
from widgets.document.document import Document
from widgets.document.draft import Draft
from widgets.document.keepable import refuse_unkeepable
from widgets.document.refused import Refused

Settings = TypeVar("Settings", bound=BaseModel)


def fix(document: Document, problem: Problem) -> None:
    """Do what the problem offers. Raises Refused where that cannot be done any more, and where it offers nothing."""
    offered = problem.fix
    if offered is None:
        raise Refused(sentence=_("For this there is no fix at the press of a button."))
    draft = document.draft()
    _do(document, draft, problem, offered)
    document.do_draft(draft, _("fix “{label}”").format(label=offered.label))


def _do(document: Document, draft: Draft, problem: Problem, offered: Fix) -> None:
    given = offered.arguments
    node = given.get("node") or (problem.nodes[0] if problem.nodes else "")
    if offered.act != "set-journey" and node not in draft:
        raise Refused(sentence=_("The step that this is about is gone."))
    match offered.act:
        case "connect":
            if given["target"] not in draft:
                raise Refused(sentence=_("The step that this is about is gone."))
            _allow(why_not(document.journey, node, given["outlet"], given["target"]))
            draft.connect(node, given["outlet"], given["target"])
        case "remove-edge":
            draft.disconnect(node, given["outlet"])
        case "rename-outlet":
            target = draft.target(node, given["outlet"])
            if target is None:
                raise Refused(sentence=_("There is no such edge any more."))
            _allow(why_not(document.journey, node, given["to"], target))
            draft.disconnect(node, given["outlet"])
            draft.connect(node, given["to"], target)
        case "remove-node":
            draft.remove(node)
        case "switch-off":
            draft.set_off(node, given["off"])
        case "set":
            settings = draft.state(node).node
            if settings is None:
                raise Refused(sentence=_("No installed package knows what can be set here."))
            changed = _with(settings, given["field"], given["value"])
            refuse_unkeepable(changed)
            draft.set_settings(node, changed)
        case "set-journey":
            draft.set_journey(_with(draft.settings, given["field"], given["value"]))
        case _:
            raise Refused(sentence=_("This version does not know how to do that: {act}.").format(act=offered.act))


def _with(settings: Settings, field: str, value: Any) -> Settings:
    """The settings with another value at a place."""
    data = settings.model_dump(mode="json", by_alias=True)
    try:
        data = with_value(data, field, value)
        return type(settings).model_validate(data)
    except (LookupError, TypeError, AttributeError):
        raise Refused(sentence=_("There is no setting “{field}” here any more.").format(field=field)) from None
    except ValidationError as error:
        sentences = " ".join(problem.sentence for problem in problems_of(error, data))
        raise Refused(sentence=sentences) from None


def _allow(reason: str | None) -> None:
    if reason is not None:
        raise Refused(sentence=reason)
