"""How fast the canvas is at 100, 500, 2,000 and 5,000 nodes with 1.2 edges each, beside NodeGraphQt on the same work.

    uv run --no-sync python -m tests.bench.canvas [--nodes 100,500,2000,5000] [--json] [--rival]

Painting is measured on a view of 1440 × 900 without a display: a frame is the whole viewport painted at once, which is
more than a moved canvas asks for. Times are medians in ms of the time that the processor computes for the process, so
that others on the machine count less; waiting for the disk is left out. Memory is what the process holds at its peak,
each size in a process of its own.

NodeGraphQt takes part with `--rival` where it imports (`uv run --group bench …`).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SIZES = (100, 500, 2000, 5000)
WIDTH, HEIGHT = 1440, 900
TODAY = date(2026, 11, 25)
#: what the issue aims at, at 2,000 nodes
AIMS = {
    "open_ms": 250,
    "fit_ms": 10,
    "pan_ms": 6,
    "pan60_ms": 6,
    "drag_ms": 2,
    "undo100_ms": 5,
    "layout_ms": 1000,
    "rss_mb": 200,
}
FIRST_WINDOW_AIM = 1200
NAMES = (
    "open_ms",
    "save_ms",
    "fit_ms",
    "pan_ms",
    "pan60_ms",
    "drag_ms",
    "undo100_ms",
    "checks_ms",
    "layout_ms",
    "rss_mb",
)


def journey_of(nodes: int) -> Any:
    """A journey of so many nodes: chains of waits and sends with conditions between them, 1.2 edges a node."""
    from journeys.graph.journey import Journey
    from journeys.graph.settings import JourneySettings
    from journeys.nodes.registry import kinds

    made = random.Random(7)
    settings = {
        "trigger": {"on": {"type": "event", "event": "purchase.made"}},
        "wait": {"rule": {"type": "duration", "amount": 3, "unit": "days"}},
        "condition": {"criterion": {"leaf": "tag", "tag": "club"}},
        "update": {"changes": [{"do": "add tag", "tag": "club"}]},
        "exit": {"reason": "finished"},
    }
    of = {kind: kinds()[kind].model_validate(value) for kind, value in settings.items()}
    journey = Journey(JourneySettings(id="bench", name="Bench"))
    columns = max(round(nodes**0.5 / 1.6), 3)
    ids: list[str] = []
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for n in range(nodes):
        id_ = "".join(letters[(n >> (5 * place)) & 31] for place in range(8))
        row, column = divmod(n, columns)
        kind = "trigger" if row == 0 else ("condition" if n % 4 == 1 else "wait" if n % 2 else "update")
        journey.add_node(id_, of[kind], title=f"Step {n}", x=column * 240, y=row * 136)
        ids.append(id_)
    edges = 0
    for n, id_ in enumerate(ids):
        below = n + columns
        node = journey.node(id_)
        assert node is not None
        outlets = node.outlets()
        if below < nodes:
            journey.connect(id_, outlets[0].id, ids[below])
            edges += 1
        if len(outlets) > 1 and edges < 1.2 * nodes:
            column = n % columns
            aside = min(max(column + made.choice((-1, 1)), 0), columns - 1)
            target = (n // columns + 1) * columns + aside
            if target < nodes:
                journey.connect(id_, outlets[1].id, ids[target])
                edges += 1
    return journey


def median(call: Callable[[], object], *, times: int, before: Callable[[], object] = lambda: None) -> float:
    """Median ms of calls, the first left out; `before` each, what is not counted."""
    call()
    found = []
    for _ in range(times):
        before()
        start = time.process_time()
        call()
        found.append((time.process_time() - start) * 1000)
    return statistics.median(found)


def measure(nodes: int) -> dict[str, float]:
    """All figures of one size, in this process."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    from journeys.graph.checks import check
    from journeys.graph.file import load, save
    from widgets.canvas.canvas import Canvas
    from widgets.document import acts
    from widgets.document.document import Document
    from widgets.document.selection import Selection
    from widgets.theme.theme import Choice, Theme

    folder = Path(tempfile.mkdtemp(prefix="kanwa-bench-"))
    path = folder / "bench.journey"
    save(journey_of(nodes), path)
    theme = Theme(Choice.LIGHT)
    shown: list[Canvas] = []

    def close() -> None:
        """Leave nothing of the one opened before to be counted as memory."""
        for old in shown:
            old.close()
            old.canvas_scene.deleteLater()
            old.deleteLater()
        shown.clear()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()

    def open_() -> None:
        document = Document(load(path), path=path)
        canvas = Canvas(document, Selection(document), theme, today=lambda: TODAY, reduced_motion=True)
        canvas.resize(WIDTH, HEIGHT)
        canvas.show()
        canvas.fit()
        # the window comes up, and is painted
        app.processEvents()
        shown.append(canvas)

    found: dict[str, float] = {"open_ms": median(open_, times=5, before=close)}
    canvas = shown[0]
    document, scene = canvas.document, canvas.canvas_scene
    app.processEvents()
    found["save_ms"] = median(lambda: save(document.journey, folder / "saved.journey"), times=5)
    canvas.fit()
    found["fit_ms"] = median(canvas.viewport().repaint, times=15)
    middle = scene.bounds().center()

    def pan(zoom: float) -> float:
        canvas.zoom_to(zoom)
        canvas._hold(middle, QPointF(WIDTH / 2, HEIGHT / 2))
        steps = iter([QPointF(-24, -16), QPointF(24, 16)] * 20)

        def step() -> None:
            canvas.pan(next(steps))
            canvas.viewport().repaint()

        return median(step, times=30)

    found["pan_ms"] = pan(1.0)
    found["pan60_ms"] = pan(0.6)
    found["drag_ms"] = _drag(canvas, app)
    found["undo100_ms"] = _undo(canvas, acts)
    start = time.process_time()
    checks = []
    for n in range(3):
        acts.set_title(document, next(iter(document.journey.node_ids())), f"Edited {n}")
        start = time.process_time()
        check(document.journey)
        checks.append((time.process_time() - start) * 1000)
    found["checks_ms"] = statistics.median(checks)
    start = time.process_time()
    acts.lay_out(document, sizes=canvas.size_of)
    found["layout_ms"] = (time.process_time() - start) * 1000
    found["rss_mb"] = _peak_mb()
    return found


def _drag(canvas: Any, app: Any) -> float:
    """One step of dragging a card with four edges, with what is painted for it, in the middle at 100 %."""
    scene = canvas.canvas_scene
    canvas.zoom_to(1.0)
    busiest = max(scene.plan.spots, key=lambda node: (min(len(list(scene.plan.edges_of(node))), 4), node))
    canvas.centre_on(busiest)
    app.processEvents()
    x, y = canvas.document.journey.place(busiest)
    steps = iter(range(1, 100))

    def step() -> None:
        n = next(steps)
        scene.preview({busiest: (x + 3 * n % 90, y + 2 * n % 60)})
        app.processEvents()

    found = median(step, times=40)
    scene.preview({})
    return found


def _undo(canvas: Any, acts: Any) -> float:
    """Undo of deleting 100 nodes with their edges; what is asked for is the undo until the scene is right again."""
    document = canvas.document
    chosen = (
        list(document.journey.node_ids())[10:110]
        if len(document.journey) > 110
        else list(document.journey.node_ids())[:50]
    )
    found = []
    for _ in range(5):
        acts.remove(document, chosen, heal=False)
        start = time.process_time()
        document.history.undo()
        found.append((time.process_time() - start) * 1000)
    return statistics.median(found)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first_window() -> tuple[float, float]:
    """Ms of the processor from the start of the interpreter to the first painted frame of the application, and to the
    empty journey in it, which waits for what nodes are made of."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from app.cli.main import run\n"
        "from app.desktop.start import make_application, make_desktop\n"
        "from app.desktop.memory import Memory\n"
        "app = make_application()\n"
        "window = make_desktop(app, None, memory=Memory(Path(sys.argv[1]))).new_window()\n"
        "app.processEvents()\n"
        "framed = time.process_time()\n"
        "window.filing.new(); app.processEvents()\n"
        "print(framed * 1000, time.process_time() * 1000, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(4):
            command = [sys.executable, "-c", program, str(Path(folder) / "desktop.json")]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(tuple(map(float, done.stdout.split())))
    # the first start reads the libraries from the disk
    frames, journeys = zip(*found[1:], strict=True)
    return statistics.median(frames), statistics.median(journeys)


def rival(nodes: int) -> dict[str, float] | None:
    """NodeGraphQt on the same work; None where it does not import."""
    try:
        from NodeGraphQt import BaseNode, NodeGraph  # type: ignore[import-not-found]
    except Exception:
        return None
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])

    class Step(BaseNode):  # type: ignore[misc]
        __identifier__ = "bench"
        NODE_NAME = "Step"

        def __init__(self) -> None:
            super().__init__()
            self.add_input("in", multi_input=True)
            self.add_output("a")
            self.add_output("b")

    journey = journey_of(nodes)
    start = time.process_time()
    graph = NodeGraph()
    graph.register_node(Step)
    made = {}
    for id_ in journey.node_ids():
        node = graph.create_node("bench.Step", name=journey.title(id_), pos=journey.place(id_), push_undo=False)
        made[id_] = node
    for edge in journey.edges():
        source = journey.node(edge.source)
        assert source is not None
        n = [outlet.id for outlet in source.outlets()].index(edge.outlet)
        made[edge.source].output(n).connect_to(made[edge.target].input(0), push_undo=False)
    viewer = graph.viewer()
    viewer.resize(WIDTH, HEIGHT)
    viewer.show()
    graph.fit_to_selection()
    app.processEvents()
    found = {"open_ms": (time.process_time() - start) * 1000}
    found["fit_ms"] = median(viewer.viewport().repaint, times=5)
    # as it is opened, a unit of the scene is a pixel
    viewer.reset_zoom()
    middle = made[list(made)[len(made) // 2]]
    viewer.centerOn(middle.view)
    app.processEvents()

    def pan() -> None:
        bar = viewer.horizontalScrollBar()
        bar.setValue(bar.value() + 24)
        viewer.viewport().repaint()

    found["pan_ms"] = median(pan, times=10)
    viewer.centerOn(middle.view)
    app.processEvents()
    node = middle
    steps = iter(range(1000))

    def drag() -> None:
        n = next(steps)
        node.view.setPos(node.view.pos().x() + (3 if n % 2 else -3), node.view.pos().y())
        app.processEvents()

    found["drag_ms"] = median(drag, times=10)
    chosen = [made[id_] for id_ in list(made)[10:110]] if len(made) > 110 else list(made.values())[:50]
    graph.delete_nodes(chosen)
    start = time.process_time()
    graph.undo_stack().undo()
    found["undo100_ms"] = (time.process_time() - start) * 1000
    found["rss_mb"] = _peak_mb()
    return found


def _in_own_process(nodes: int, *, of: str, timeout: float = 900) -> dict[str, float] | None:
    command = [sys.executable, "-m", "tests.bench.canvas", "--one", str(nodes), "--of", of]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(f"{of} at {nodes} nodes did not finish: {error}", file=sys.stderr)
        return None
    found: dict[str, float] | None = json.loads(done.stdout.splitlines()[-1])
    return found


def _table(results: dict[str, dict[str, float]]) -> str:
    head = f"{'nodes':>22}" + "".join(f"{name:>12}" for name in NAMES)
    rows = [head]
    for label, found in results.items():
        rows.append(
            f"{label:>22}" + "".join(f"{found[name]:>12.1f}" if name in found else f"{'–':>12}" for name in NAMES)
        )
    rows.append(
        f"{'aim at 2000':>22}" + "".join(f"{AIMS[name]:>12}" if name in AIMS else f"{'':>12}" for name in NAMES)
    )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default=",".join(map(str, SIZES)))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rival", action="store_true", help="NodeGraphQt too, where it imports")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--of", default="kanwa", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(measure(given.one) if given.of == "kanwa" else rival(given.one)))
        return
    results: dict[str, dict[str, float]] = {}
    rivals: dict[str, dict[str, float]] = {}
    for nodes in map(int, given.nodes.split(",")):
        if (found := _in_own_process(nodes, of="kanwa")) is not None:
            results[str(nodes)] = found
        if given.rival and (other := _in_own_process(nodes, of="NodeGraphQt")) is not None:
            rivals[str(nodes)] = other
    framed, drawn = first_window()
    if given.json:
        rounded = {size: {name: round(value, 2) for name, value in found.items()} for size, found in results.items()}
        print(json.dumps({**rounded, "first_window_ms": round(framed, 1), "first_journey_ms": round(drawn, 1)}))
        return
    print(_table({**results, **{f"NodeGraphQt {size}": found for size, found in rivals.items()}}))
    print(f"first window: {framed:.0f} ms (aim {FIRST_WINDOW_AIM}); the empty journey in it: {drawn:.0f} ms")


if __name__ == "__main__":
    main()
