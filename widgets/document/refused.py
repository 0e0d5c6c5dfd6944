"""Acts that are not done, with the reason."""

from __future__ import annotations

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_


class Refused(KanwaError):
    """An act that a journey does not allow; `sentence` says why."""

    text = N_("{sentence}")
