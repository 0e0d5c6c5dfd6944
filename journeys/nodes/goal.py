"""Goal: the passage ends here and counts as a success."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from journeys.base.i18n import _
from journeys.nodes.keys import Label
from journeys.nodes.node import Family, Names, Node, Outlet


class Goal(Node):
    """The end that the journey is for; whoever comes here has reached it."""

    kind: ClassVar[str] = "goal"
    family: ClassVar[Family] = Family.ENDS
    label: ClassVar[str] = _("Goal")
    icon: ClassVar[str] = "flag"
    can_be_off: ClassVar[bool] = False

    name: Label = Field(title=_("Name"), description=_("What was reached, as it is counted."))

    @property
    def ends(self) -> str | None:
        return "goal"

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def words(self, names: Names) -> str:
        return _("reached: {name}").format(name=self.name)
