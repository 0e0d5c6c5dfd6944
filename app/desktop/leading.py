"""Where the outlets of a step may lead, for whoever connects without the mouse."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.desktop.commands import Found
from app.desktop.outline import said_title
from journeys.base.i18n import _
from journeys.base.text import fold
from journeys.graph.fits import why_not
from journeys.graph.journey import Journey
from journeys.graph.outline import reading_order


def leads(journey: Journey, node: str, lead: Callable[[str, str], object]) -> list[Found]:
    """“timeout → Remind once” for each outlet and each step that it may lead to; open outlets first.

    `lead` is called with the outlet and the target that were chosen.
    """
    settings = journey.node(node)
    if settings is None:
        return []
    outlets = sorted(settings.outlets(), key=lambda outlet: journey.target(node, outlet.id) is not None)
    targets = reading_order(journey)
    made = []
    for outlet in outlets:
        now = journey.target(node, outlet.id)
        detail = _("leads to “{title}” now").format(title=said_title(journey, now)) if now is not None else ""
        for target in targets:
            if target != now and why_not(journey, node, outlet.id, target) is None:
                text = _("{outlet} → {title}").format(outlet=outlet.label, title=said_title(journey, target))
                made.append(Found(text, detail, "", partial(lead, outlet.id, target)))
    return made


def matching(found: list[Found], text: str) -> list[Found]:
    """Those that hold every word; one that is called just so comes first."""
    words = fold(text).split()
    fitting = [one for one in found if all(word in fold(one.text) for word in words)]
    return sorted(fitting, key=lambda one: fold(one.text).replace("→ ", "") != " ".join(words))
