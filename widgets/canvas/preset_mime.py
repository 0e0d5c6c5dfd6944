"""Steps dragged from the palette: what the drag carries, and what of it is known here."""

from __future__ import annotations

from PySide6.QtCore import QMimeData

from journeys.nodes.preset import Preset
from journeys.nodes.presets import presets

PRESET_MIME = "application/x-kanwa-preset"


def mime_of(preset: Preset) -> QMimeData:
    """What a drag of a palette's entry carries; the receiver of a drag owns it."""
    made = QMimeData()
    made.setData(PRESET_MIME, preset.id.encode())
    return made


def preset_in(carried: QMimeData) -> Preset | None:
    """The entry that is dragged; None for something else, or an entry unknown here."""
    if not carried.hasFormat(PRESET_MIME):
        return None
    wanted = bytes(carried.data(PRESET_MIME).data()).decode("utf-8", "replace")
    return next((preset for preset in presets() if preset.id == wanted), None)
