"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, assert_never

from journeys.base.i18n import _


class Severity(StrEnum):
    """How much a problem matters: `blocks` keeps the journey from being published without a typed reason."""

    BLOCKS = "blocks"
    WARNS = "warns"
    HINTS = "hints"


def say_severity(severity: Severity) -> str:
    match severity:
        case Severity.BLOCKS:
            return _("blocks")
        case Severity.WARNS:
            return _("warns")
        case Severity.HINTS:
            return _("hints")
        case never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that would mend it, as the editor can apply it: one named act with its arguments."""

    label: str
    #: "connect", "remove-edge", "switch-off", "remove-node", "rename-outlet"; "set" (of the problem's node) and
    #: "set-journey", which write the argument `value` to the place `field` of the settings (`nodes.places.with_value`)
    act: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence about one or more nodes."""

    #: stable name of the check, such as "open-outlet"
    check: str
    severity: Severity
    #: ids of the nodes it is about; empty for the journey as a whole
    nodes: tuple[str, ...]
    sentence: str
    #: the settings field it is about, as a dotted path, or nothing
    field: str = ""
    fix: Fix | None = None
