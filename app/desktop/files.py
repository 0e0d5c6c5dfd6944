"""Journey files as a window deals with them: names, new ones, those to begin with, those that nobody may write."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import resources
from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.base.text import fold
from journeys.graph.file import SUFFIX, load
from journeys.graph.journey import Journey
from journeys.graph.settings import JourneySettings
from journeys.nodes.node import Family

#: files from this size on are read and checked beside the window: about 250 nodes
LARGE = 200_000

_TEMPLATES = Path(resources.__file__).parent / "journeys"


class ReadOnly(KanwaError):
    """A file that this person may not write."""

    text = N_("{file} cannot be written: it is read-only. Save the journey under another name.")


def is_read_only(file: Path) -> bool:
    """Whether the file is there and marked so that nobody is meant to write it.

    Its mode is asked, and not only what the system allows: an administrator may write what was locked on purpose.
    """
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError):
        return False
    return not mode & 0o222 or not os.access(file, os.W_OK)


def is_large(file: Path) -> bool:
    """Whether reading it may take over a tenth of a second."""
    try:
        return file.stat().st_size >= LARGE
    except (OSError, ValueError):
        return False


def with_suffix(file: Path) -> Path:
    """The name with the ending of journeys, where the person left it out."""
    return file if file.suffix == SUFFIX else file.with_name(file.name + SUFFIX)


def key_for(name: str) -> str:
    """The slug that a new journey stands for in the store, made once from its first name and never the same twice."""
    bare = unicodedata.normalize("NFKD", fold(name).replace("ł", "l")).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:40].strip("-") or "journey"
    return f"{slug}-{secrets.token_hex(3)}"


def new_journey(name: str = "") -> Journey:
    """An empty journey."""
    name = name or _("New journey")
    return Journey(JourneySettings(id=key_for(name), name=name))


def file_name(name: str) -> str:
    """A file name for a journey of that name, on every system."""
    bare = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", name).strip(" .")[:80] or "journey"
    return re.sub(r"\s+", " ", bare) + SUFFIX


def free_name(folder: Path, name: str) -> Path:
    """A file of that name in the folder, numbered where the name is taken."""
    wanted = file_name(name)
    stem, n = wanted.removesuffix(SUFFIX), 2
    file = folder / wanted
    while file.exists():
        file = folder / f"{stem} {n}{SUFFIX}"
        n += 1
    return file


@dataclass(frozen=True)
class Template:
    """A journey that comes with Kanwa, to begin with."""

    file: Path

    @cached_property
    def journey(self) -> Journey:
        return load(self.file)

    @property
    def name(self) -> str:
        return self.journey.settings.name

    @property
    def steps(self) -> int:
        return sum(not self.journey.is_on_canvas_only(node) for node in self.journey.node_ids())

    @property
    def first(self) -> str:
        """The node that best tells what it is: the first decision, else the first node."""
        nodes = self.journey.node_ids()
        for node in nodes:
            settings = self.journey.node(node)
            if settings is not None and settings.family is Family.DECIDES:
                return node
        return nodes[0]

    def begun(self) -> Journey:
        """A new journey like it, under a key of its own."""
        made = self.journey.copy()
        settings = made.settings
        made.settings = settings.model_copy(update={"id": key_for(settings.name), "based_on": None})
        return made


def templates() -> list[Template]:
    """The journeys that come with Kanwa, by file name."""
    return [Template(file) for file in sorted(_TEMPLATES.glob(f"*{SUFFIX}"))]
