"""The colours: whole, of enough contrast, and nowhere else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from PySide6.QtGui import QColor

import widgets
from widgets.theme import tokens as tokens_module
from widgets.theme.tokens import NAMES, Tokens, dark, light

ROOT = Path(widgets.__file__).parent.parent
HEX = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b")

both = pytest.mark.parametrize("theme", [light(), dark()], ids=["light", "dark"])


def luminance(colour: QColor) -> float:
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    """Of WCAG 2.2, from 1 to 21."""
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_both_themes_give_every_colour_and_no_other(name):
    assert tuple(tomllib.loads(tokens_module.FILE.read_text("utf-8"))[name]) == NAMES


@both
def test_every_colour_is_opaque(theme):
    assert all(getattr(theme, name).isValid() and getattr(theme, name).alpha() == 255 for name in NAMES)


@both
@pytest.mark.parametrize("ground", ["surface", "canvas", "window", "sunken", "hover"])
@pytest.mark.parametrize("text", ["text", "text2", "text3"])
def test_text_can_be_read_on_every_surface(theme, text, ground):
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@both
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("note_text", "note"),
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
        ("on_accent", "accent_press"),
        ("accent_text", "accent_tint"),
        ("accent_text", "surface"),
        ("ok", "ok_tint"),
        ("ok", "surface"),
        ("warn", "warn_tint"),
        ("warn", "surface"),
        ("err", "err_tint"),
        ("err", "surface"),
        ("warn_sign", "warn_fill"),
    ],
)
def test_states_can_be_read_on_their_tints(theme, text, ground):
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@both
@pytest.mark.parametrize("ground", ["surface", "canvas"])
@pytest.mark.parametrize("line", ["edge_card", "field", "edge", "accent", "warn_line", "err", "ok"])
def test_lines_that_carry_meaning_stand_out(theme, line, ground):
    assert round(contrast(getattr(theme, line), getattr(theme, ground)), 1) >= 3.0


@both
@pytest.mark.parametrize("family", ["f_in", "f_dec", "f_wait", "f_send", "f_chg", "f_end"])
def test_a_family_stands_out_on_its_card_and_its_icon_on_it(theme: Tokens, family):
    hue = getattr(theme, family)
    assert contrast(hue, theme.surface) >= 4.5
    assert contrast(theme.on_family, hue) >= 4.5


def test_no_colour_is_written_anywhere_but_in_the_file():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in ("widgets", "app/desktop")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in {".py", ".qss", ".svg", ".toml", ".css"}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if HEX.search(line)
    ]
    assert found == []
