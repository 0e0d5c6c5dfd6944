"""Takes the pictures that are looked at: python -m tests.e2e.screens FOLDER [--small].

Empty canvas, a journey light and dark, 500 nodes zoomed out, criterion editor, the inspector of each kind, problems with
a quick fix, versions compared, 200 % scale, a window of 1280 × 720. Needs no display. `--small` makes half-size ones.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_KINDS = (
    "trigger",
    "condition",
    "split",
    "wait",
    "send",
    "repeat",
    "update",
    "code",
    "webhook",
    "jump",
    "goal",
    "exit",
)


class Camera:
    """A window and a folder for its pictures."""

    def __init__(self, folder: Path, *, small: bool) -> None:
        import resources
        from app.desktop.memory import Memory
        from app.desktop.start import make_application, make_desktop

        self.folder, self.small = folder, small
        self.samples = Path(resources.__file__).parent / "journeys"
        self.app = make_application()
        self.state = Path(tempfile.mkdtemp(prefix="kanwa-screens-"))
        self.desktop = make_desktop(self.app, None, memory=Memory(self.state / "desktop.json"))
        self.window = self.desktop.new_window()
        self.window.resize(1440, 900)

    def rest(self, ms: int = 400) -> None:
        from PySide6.QtTest import QTest

        QTest.qWait(ms)

    def take(self, name: str, of: QWidget | None = None) -> None:
        from PySide6.QtCore import Qt

        self.rest()
        picture = (of or self.window).grab()
        if self.small:
            picture = picture.scaledToWidth(picture.width() // 2, Qt.TransformationMode.SmoothTransformation)
        picture.save(str(self.folder / f"{name}.png"))
        print(name)

    @property
    def page(self) -> Any:
        return self.window.page

    def open(self, name: str) -> None:
        self.window.filing.open(self.samples / f"{name}.journey")
        self.rest()

    def select(self, title: str) -> None:
        journey = self.page.opened.journey
        self.page.show_node(next(node for node in journey.node_ids() if journey.title(node) == title))


def _all(camera: Camera) -> None:
    from widgets.theme.theme import Choice

    window = camera.window
    # its templates are read after the first frame, in one go
    camera.rest()
    camera.take("home")
    window.filing.new()
    camera.take("empty")
    camera.open("nps-after-purchase")
    camera.take("editor-light")
    camera.desktop.choose_theme(Choice.DARK)
    camera.take("editor-dark")
    camera.desktop.choose_theme(Choice.LIGHT)
    camera.select("Bought something")
    camera.take("criterion")
    _problems(camera)
    _compared(camera)
    _kinds(camera)
    _many(camera)
    window.resize(1280, 720)
    camera.open("nps-after-purchase")
    camera.take("editor-720")


def _problems(camera: Camera) -> None:
    from widgets.document import acts

    camera.open("welcome")
    document = camera.page.opened.document
    journey = document.journey
    split = next(node for node in journey.node_ids() if journey.kind(node) == "split")
    acts.disconnect(document, [(edge.source, edge.outlet) for edge in list(journey.edges_from(split))[:1]])
    camera.rest()
    camera.page.panel.problems.step(1)
    camera.take("problems")
    document.history.undo()


def _compared(camera: Camera) -> None:
    from widgets.document import acts

    camera.open("contract-renewal")
    document = camera.page.opened.document
    before = document.journey.copy()
    nodes = before.node_ids()
    acts.set_title(document, nodes[1], "Called otherwise")
    acts.remove(document, [nodes[-1]])
    x, y = before.place(nodes[3])
    acts.move(document, {nodes[3]: (x + 240, y)})
    camera.page.compare(before, "version 1")
    camera.take("compared")
    camera.page.close_comparison()
    document.history.setIndex(0)


def _kinds(camera: Camera) -> None:
    for name in ("nps-after-purchase", "contract-renewal", "welcome"):
        camera.open(name)
        journey = camera.page.opened.journey
        for kind in _KINDS:
            node = next((one for one in journey.node_ids() if journey.kind(one) == kind), None)
            target = camera.folder / f"inspector-{kind}.png"
            if node is not None and not target.exists():
                camera.page.show_node(node)
                camera.take(f"inspector-{kind}", camera.page.side)


def _many(camera: Camera) -> None:
    """A journey of more than 500 nodes, zoomed out."""
    from app.desktop.open_journey import OpenJourney
    from journeys.graph.file import load
    from widgets.document.document import Document

    one = load(camera.samples / "nps-after-purchase.journey")
    many = one.copy()
    for n in range(1, 24):
        ids = {node: many.new_id() for node in one.node_ids()}
        for node, made in ids.items():
            settings = one.node(node)
            assert settings is not None
            x, y = one.place(node)
            many.add_node(made, settings, title=one.title(node), x=x + 1500 * (n % 6), y=y + 1500 * (n // 6))
            ids[node] = made
        for edge in one.edges():
            many.connect(ids[edge.source], edge.outlet, ids[edge.target])
    camera.window.filing.take_in(OpenJourney(Document(many)))
    camera.rest(2000)
    camera.page.canvas.view.fit()
    camera.take("many")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--small", action="store_true")
    asked.add_argument("--only-editor", action="store_true", help="one picture of the editor, as it is at this scale")
    given = asked.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    camera = Camera(given.folder, small=given.small)
    if given.only_editor:
        camera.open("nps-after-purchase")
        camera.take("editor-200")
    else:
        _all(camera)
    camera.desktop.workers.wait()
    sys.stdout.flush()
    if not given.only_editor:
        # the scale is that of a process
        words = [sys.executable, "-m", "tests.e2e.screens", str(given.folder), "--only-editor"]
        subprocess.run(words, env=os.environ | {"QT_SCALE_FACTOR": "2"}, check=True)
    os._exit(0)


if __name__ == "__main__":
    main()
