"""Whether what a message speaks of is there: a contract, a purchase, a product, an event that the passage is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
_MISSING_AFTER_A_JUMP = {
    "contract": N_("“{template}” speaks of a contract, and who jumps here from “{journey}” is about none."),
    "purchase": N_("“{template}” speaks of a purchase, and who jumps here from “{journey}” is about none."),
    "product": N_("“{template}” speaks of a product, and who jumps here from “{journey}” is about none."),
    "feed": N_("“{template}” speaks of a row of a feed, and who jumps here from “{journey}” is about none."),
    "subject": N_(
        "“{template}” speaks of what the passage is about, and for who jumps here from “{journey}” that is nothing."
    ),
}


def missing_subjects(template: str, around: Around) -> Iterator[Problem]:
    """A problem for each thing that a message needs and that some trigger before it does not bring along.

    Who jumps here from another journey brings what that passage was about. What a message asks for first
    (`{% if contract %}`) it does not need.
    """
    entry = around.catalogue.templates.get(template) if around.catalogue is not None else None
    if entry is None or not entry.subjects:
        return
    triggers = sorted((id_, node) for id_, node in around.upstream() if isinstance(node, Trigger))
    for thing in sorted(entry.subjects & _MISSING.keys()):
        found = next(_without(thing, triggers, around), None)
        if found is not None:
            trigger, journey = found
            sentence = _(_MISSING[thing]) if journey is None else _(_MISSING_AFTER_A_JUMP[thing])
            yield Problem(
                "subject-missing",
                Severity.WARNS,
                (around.node, trigger),
                sentence.format(template=template, trigger=around.title_of(trigger), journey=journey),
                field="template",
            )


def _without(thing: str, triggers: Iterable[tuple[str, Trigger]], around: Around) -> Iterator[tuple[str, str | None]]:
    """(trigger, name of the journey they jump from, if they do) by which members come in who bring no such thing."""
    for id_, trigger in triggers:
        jumps = around.jumps_into(id_)
        # a list that other journeys jump to is there for them
        if thing not in brings(trigger) and not (jumps and trigger.on.type == "list"):
            yield id_, None
        yield from ((id_, journey) for journey, things in jumps if thing not in things)


def brings(trigger: Trigger) -> set[str]:
    """What is known of who comes in by a trigger: the things that messages may speak of."""
    things: set[str] = set()
    if trigger.subject is not None:
        things |= {trigger.subject, "subject"}
    if trigger.subject == "contract":
        things.add("product")
    if isinstance(trigger.on, ByEvent):
        things.add("event")
    return things
