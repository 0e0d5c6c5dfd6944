"""Pictures of journeys: PNG, SVG, PDF."""

from __future__ import annotations

import re
import zlib

import pytest
from PySide6.QtGui import QImage

from journeys.graph.file import load
from tests.widgets.canvas.conftest import journey_of
from widgets.canvas.export import Choices, NothingToDraw, Picture, PictureNotWritten, draw, to_pdf, to_png
from widgets.canvas.look import Numbers
from widgets.theme.tokens import light

REFERENCE = "resources/journeys/nps-after-purchase.journey"
SMALL = {"TRIGGERA": ("trigger", 0, 0), "WAITAAAA": ("wait", 0, 160), "NOTEAAAA": ("note", 400, 0)}


@pytest.fixture
def small(qapp):
    return journey_of(SMALL, [("TRIGGERA", "in", "WAITAAAA")])


def test_a_png_is_twice_as_large_and_light(small, tmp_path):
    picture = Picture(small)
    draw(picture, tmp_path / "x.png")
    image = QImage(str(tmp_path / "x.png"))
    assert image.width() == round(picture.area.width() * 2)
    assert image.pixelColor(0, 0) == light().canvas


def test_text_stays_text_in_an_svg(qapp, tmp_path):
    draw(Picture(load(REFERENCE)), tmp_path / "x.svg", title="NPS")
    text = (tmp_path / "x.svg").read_text("utf-8")
    for title in ("Bought something", "Let it arrive", "Which answer"):
        assert title in text
    assert "<title>NPS</title>" in text


def test_text_stays_text_in_a_pdf(qapp, tmp_path):
    draw(Picture(load(REFERENCE)), tmp_path / "x.pdf")
    content = (tmp_path / "x.pdf").read_bytes()
    assert b"/ToUnicode" in content
    streams = [
        zlib.decompress(found)
        for found in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)
        if found[:1] == b"\x78"
    ]
    assert any(b" Tj" in stream or b"TJ" in stream for stream in streams)


def test_a_pdf_is_fitted_to_one_page(qapp, tmp_path):
    assert to_pdf(Picture(load(REFERENCE)), tmp_path / "x.pdf") == 1


def test_a_tiled_pdf_has_as_many_pages_as_its_size_needs(qapp, small, tmp_path):
    assert to_pdf(Picture(load(REFERENCE)), tmp_path / "x.pdf", tiled=True) == 4
    assert to_pdf(Picture(small), tmp_path / "y.pdf", tiled=True) == 1


def test_notes_can_be_left_out(small):
    with_notes, without = Picture(small), Picture(small, Choices(notes=False))
    assert without.area.width() < with_notes.area.width()


def test_a_selection_is_drawn_alone(small, tmp_path):
    picture = Picture(small, Choices(nodes=["WAITAAAA"]))
    draw(picture, tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text("utf-8")
    assert "Waitaaaa" in text
    assert "Triggera" not in text


def test_numbers_are_drawn_where_they_are_wanted(small, tmp_path):
    numbers = Numbers(here={"WAITAAAA": 212}, walked={("TRIGGERA", "in"): 977})
    draw(Picture(small, Choices(numbers=numbers)), tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text("utf-8")
    assert "212 here" in text
    assert "977" in text


def test_an_empty_journey_cannot_be_drawn(qapp):
    with pytest.raises(NothingToDraw):
        Picture(journey_of({}))


@pytest.mark.parametrize("name", ["x.png", "x.svg", "x.pdf"])
def test_a_picture_that_cannot_be_written_says_so(small, tmp_path, name):
    with pytest.raises(PictureNotWritten, match="Choose a folder"):
        draw(Picture(small), tmp_path / "missing" / name)


def test_a_picture_too_large_for_memory_is_refused_with_what_to_do(small, tmp_path):
    from widgets.canvas.export import PictureTooLarge

    with pytest.raises(PictureTooLarge, match="SVG or PDF"):
        to_png(Picture(small), tmp_path / "x.png", scale=100)
