"""What a window remembers between two starts: sizes, the theme, recent files, where each journey was looked at.

A file of this machine's state folder, never of a workspace. It is a convenience: one that cannot be read or written
costs nothing but the remembering.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from journeys.base.state import state_folder

FILE = "desktop.json"
MOST_RECENT = 12
#: journeys whose place on the canvas is remembered
_MOST_VIEWS = 200

T = TypeVar("T")


class Memory:
    """Values by name. Each write goes to the disk at once, in one move."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file if file is not None else state_folder() / FILE
        self._values: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            read = json.loads(self._file.read_text("utf-8"))
            if isinstance(read, dict):
                self._values = read

    def get(self, name: str, default: T, *, fits: Callable[[Any], bool] = lambda _value: True) -> T:
        """A value of the type of `default`; the default where there is none, or one that does not fit."""
        value = self._values.get(name)
        # True is an int to Python, and no width of a panel
        return value if type(value) is type(default) and fits(value) else default

    def put(self, name: str, value: Any) -> None:
        """Remember a value that JSON can hold."""
        if self._values.get(name) == value:
            return
        self._values[name] = value
        self._write()

    @property
    def recent(self) -> list[Path]:
        """Files opened lately, the latest first; those that are gone included."""
        nothing: list[Any] = []
        found = self.get("recent", nothing)
        return [Path(one) for one in found if isinstance(one, str)][:MOST_RECENT]

    def opened(self, file: Path) -> None:
        """Put a file at the head of the recent ones."""
        others = [one for one in self.recent if one != file]
        self.put("recent", [str(one) for one in [file, *others][:MOST_RECENT]])

    def forget(self, file: Path) -> None:
        self.put("recent", [str(one) for one in self.recent if one != file])

    def view(self, file: Path) -> tuple[float, float, float] | None:
        """Middle (x, y) and zoom with which a journey was last looked at."""
        found = self._views().get(str(file))
        if isinstance(found, list) and len(found) == 3 and all(isinstance(one, int | float) for one in found):
            x, y, zoom = found
            return float(x), float(y), float(zoom)
        return None

    def _views(self) -> dict[str, Any]:
        nothing: dict[str, Any] = {}
        return self.get("views", nothing)

    def viewed(self, file: Path, x: float, y: float, zoom: float) -> None:
        views = {name: seen for name, seen in self._views().items() if name != str(file)}
        views[str(file)] = [round(x, 1), round(y, 1), round(zoom, 4)]
        self.put("views", dict(list(views.items())[-_MOST_VIEWS:]))

    def _write(self) -> None:
        beside = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            beside.write_text(json.dumps(self._values, ensure_ascii=False, indent=1), "utf-8")
            beside.replace(self._file)
