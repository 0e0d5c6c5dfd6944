"""Exit: the passage ends here, without having reached the goal."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from journeys.base.i18n import _
from journeys.nodes.keys import Label
from journeys.nodes.node import Family, Names, Node, Outlet


class Exit(Node):
    """An end like any other; its reason is kept and counted."""

    kind: ClassVar[str] = "exit"
    family: ClassVar[Family] = Family.ENDS
    label: ClassVar[str] = _("Exit")
    icon: ClassVar[str] = "sign-out"
    can_be_off: ClassVar[bool] = False

    reason: Label = Field(title=_("Reason"), description=_("Why contacts leave here, as it is counted."))

    @property
    def ends(self) -> str | None:
        return "finished"

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def words(self, names: Names) -> str:
        return _("leaves: {reason}").format(reason=self.reason)
