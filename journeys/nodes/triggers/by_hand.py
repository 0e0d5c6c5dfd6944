"""Contacts that somebody puts in."""

from __future__ import annotations

from typing import Literal

from journeys.base.i18n import _
from journeys.nodes.node import Names
from journeys.nodes.triggers.on import On


class ListTrigger(On):
    """Contacts are put in by hand or from a list."""

    type: Literal["list"] = "list"

    def words(self, names: Names) -> str:
        return _("is put in by hand")
