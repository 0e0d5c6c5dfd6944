"""Bringing files into the store: read, recognised, checked row by row, written lot by lot, undone."""

from journeys.store.importing.options import Options
from journeys.store.importing.report import Progress, Refused, Report
from journeys.store.importing.run import KINDS, Preview, import_file, preview
from journeys.store.importing.undo import Undone, undo_import

__all__ = [
    "KINDS",
    "Options",
    "Preview",
    "Progress",
    "Refused",
    "Report",
    "Undone",
    "import_file",
    "preview",
    "undo_import",
]
