"""Jump: on to a node far away, or to another journey."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from sqlalchemy import literal

from journeys.base.i18n import _
from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.keys import Key
from journeys.nodes.node import Family, Names, Node, Outlet

TO = "to"
#: how an enrollment ends here; kept as "finished", with a hop of kind "jump"
JUMPED = "jumped"


class Jump(Node):
    """Lead on to a node, by an edge; or end here and come into another journey, about the same subject.

    The other journey's rule of re-entry decides, and the audience of the trigger it takes people by: the one that takes
    lists where it has one, else its first. Whoever may not come in there has ended all the same.
    """

    kind: ClassVar[str] = "jump"
    family: ClassVar[Family] = Family.ENDS
    label: ClassVar[str] = _("Jump")
    icon: ClassVar[str] = "arrow-bend-up-right"
    can_be_off: ClassVar[bool] = False

    journey: Key | None = Field(None, title=_("Journey"), description=_("Empty: to a node, by its edge."))

    @property
    def ends(self) -> str | None:
        return None if self.journey is None else JUMPED

    def outlets(self) -> tuple[Outlet, ...]:
        return (Outlet(TO, _("to")),) if self.journey is None else ()

    def words(self, names: Names) -> str:
        if self.journey is None:
            return _("goes on elsewhere in this journey")
        return _("ends here and comes into the journey “{journey}”").format(
            journey=names.label("journey", self.journey)
        )

    def outcome(self, cohort: Cohort) -> Outcome:
        return Outcome(outlet=literal(TO))
