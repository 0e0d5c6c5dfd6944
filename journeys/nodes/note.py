"""Note: paper on the canvas. The engine does not see it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from journeys.base.i18n import _
from journeys.nodes.node import Family, Names, Node, Outlet

#: side of something on the canvas, in pixels at 100 %
Side = Annotated[int, Field(ge=24, le=20_000)]


class Note(Node):
    """A text for colleagues."""

    kind: ClassVar[str] = "note"
    family: ClassVar[Family] = Family.CANVAS
    label: ClassVar[str] = _("Note")
    icon: ClassVar[str] = "note"
    can_be_off: ClassVar[bool] = False

    text: Annotated[str, StringConstraints(max_length=10_000)] = Field(title=_("Text"))
    width: Side = Field(192, title=_("Width"))
    height: Side = Field(96, title=_("Height"))

    def outlets(self) -> tuple[Outlet, ...]:
        return ()

    def words(self, names: Names) -> str:
        return self.text.strip() or _("an empty note")
