"""Whether what a message speaks of is there: a contract, a purchase, a product, an event that the passage is about."""

from __future__ import annotations

from collections.abc import Iterator

from journeys.base.i18n import N_, _
from journeys.nodes.node import Around
from journeys.nodes.problem import Problem, Severity
from journeys.nodes.trigger import Trigger
from journeys.nodes.triggers import ByEvent

_MISSING = {
    "contract": N_("“{template}” speaks of a contract, and who comes in by “{trigger}” is about none."),
    "purchase": N_("“{template}” speaks of a purchase, and who comes in by “{trigger}” is about none."),
    "product": N_("“{template}” speaks of a product, and who comes in by “{trigger}” is about none."),
    "feed": N_("“{template}” speaks of a row of a feed, and who comes in by “{trigger}” is about none."),
    "event": N_("“{template}” speaks of an event, and by “{trigger}” nobody comes in through one."),
    "subject": N_("“{template}” speaks of what the passage is about, and by “{trigger}” that is nothing."),
}


def missing_subjects(template: str, around: Around) -> Iterator[Problem]:
    """A problem for each thing that a message needs and that some trigger before it does not bring along.

    What a message asks for first (`{% if contract %}`) it does not need.
    """
    entry = around.catalogue.templates.get(template) if around.catalogue is not None else None
    if entry is None or not entry.subjects:
        return
    triggers = sorted((id_, node) for id_, node in around.upstream() if isinstance(node, Trigger))
    for thing in sorted(entry.subjects & _MISSING.keys()):
        without = next((id_ for id_, trigger in triggers if thing not in _brings(trigger)), None)
        if without is not None:
            yield Problem(
                "subject-missing",
                Severity.WARNS,
                (around.node, without),
                _(_MISSING[thing]).format(template=template, trigger=around.title_of(without)),
                field="template",
            )


def _brings(trigger: Trigger) -> set[str]:
    things: set[str] = set()
    if trigger.subject is not None:
        things |= {trigger.subject, "subject"}
    if trigger.subject == "contract":
        things.add("product")
    if isinstance(trigger.on, ByEvent):
        things.add("event")
    return things
