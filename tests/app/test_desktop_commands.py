"""`kanwa`, `kanwa demo` and `kanwa draw` where there is no display, and without what a window needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import resources
from tests.app.conftest import Run

NPS = Path(resources.__file__).parent / "journeys" / "nps-after-purchase.journey"


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there always is a display")
def test_without_a_display_the_window_is_refused_with_a_sentence(kanwa: Run, no_display: None):
    ran = kanwa()
    assert ran.code == 2
    assert ran.err.startswith("There is no display to open a window on")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_journey_is_drawn_without_a_display(ending: str, tmp_path: Path):
    to = tmp_path / f"picture.{ending}"
    code = f"from app.cli.main import run; raise SystemExit(run(['draw', {str(NPS)!r}, '--to', {str(to)!r}]))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin"},
        cwd=Path.cwd(),
    )
    assert ran.returncode == 0, ran.stderr
    assert to.stat().st_size > 5_000
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert to.read_bytes().startswith(starts)
    if ending == "svg":
        # text stays text
        assert "Let it arrive" in to.read_text("utf-8")


def test_a_picture_of_no_known_kind_is_refused(kanwa: Run):
    ran = kanwa("draw", NPS, "--to", "picture.gif")
    assert ran.code == 2
    assert ran.err == "picture.gif is no picture that can be drawn. Name a file that ends in .png, .svg or .pdf.\n"
