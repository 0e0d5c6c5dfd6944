"""The state folder: what this machine keeps for itself and no workspace carries."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def state_folder() -> Path:
    """Where this machine keeps logs, view state and what it knows of stores; made if missing."""
    folder = platformdirs.user_state_path("kanwa", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
