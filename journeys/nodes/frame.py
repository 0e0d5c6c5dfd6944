"""Frame: an area of the canvas with a title. The engine does not see it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from journeys.base.i18n import _
from journeys.nodes.node import Family, Names, Node, Outlet
from journeys.nodes.note import Side


class Frame(Node):
    """A box behind nodes that belong together."""

    kind: ClassVar[str] = "frame"
    family: ClassVar[Family] = Family.CANVAS
    label: ClassVar[str] = _("Frame")
    icon: ClassVar[str] = "bounding-box"
    can_be_off: ClassVar[bool] = False

    title: Annotated[str, StringConstraints(max_length=200)] = Field(title=_("Title"))
    width: Side = Field(480, title=_("Width"))
    height: Side = Field(320, title=_("Height"))

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def words(self, names: Names) -> str:
        return self.title.strip() or _("a frame without a title")
