"""What the frame of the window adds to the style of the theme."""

from __future__ import annotations

from string import Template

from widgets.theme.tokens import NAMES, Tokens


def frame_style(tokens: Tokens) -> str:
    """The style sheet of a window."""
    return Template(_SHEET).substitute({name: getattr(tokens, name).name() for name in NAMES})


_SHEET = """
#top { background: $window; border-bottom: 1px solid $border; }
#workspace { padding: 0 8px; min-height: 32px; text-align: left; font-size: 13px; font-weight: 600; border-radius: 6px;
  border: none; background: transparent; }
#workspace:hover { background: $hover; }
#workspace::menu-indicator { width: 16px; height: 16px; }
#mark { background: $accent; color: $on_accent; border-radius: 5px; font-size: 12px; font-weight: 600; }
#tabs { background: transparent; }
#tabs::tab { background: transparent; color: $text2; height: 30px; margin: 0 2px 0 0; padding: 0 6px 0 12px;
  border: 1px solid transparent; border-radius: 6px; font-weight: 500; min-width: 48px; max-width: 220px; }
#tabs::tab:hover { background: $hover; }
#tabs::tab:selected { background: $surface; color: $text; border: 1px solid $border; font-weight: 600; }
#search { text-align: left; color: $text3; min-height: 30px; max-height: 30px; padding: 0 10px; font-weight: 400; }
#keycap { background: $sunken; color: $text3; border: 1px solid $border; border-radius: 4px; padding: 0 5px; font-size: 11px;
  min-height: 18px; max-height: 18px; }
#navigation { background: $window; border-right: 1px solid $border; }
#page { border-radius: 6px; padding: 7px 0 5px 0; min-width: 64px; max-width: 64px; min-height: 40px; max-height: 40px; color: $text2;
  font-size: 11px; font-weight: 500; }
#page:checked { background: $accent_tint; color: $accent_text; }
#toolbar { background: $surface; border-bottom: 1px solid $border; }
#palette { background: $surface; border-right: 1px solid $border; }
#palette QListView, #palette QTreeView { background: $surface; }
#lower { background: $surface; border-top: 1px solid $border; }
#lower QTabBar::tab { height: 34px; }
#inspector { background: $surface; border-left: 1px solid $border; }
#notice { background: $warn_tint; border-bottom: 1px solid $border; }
#notice QLabel { color: $warn; }
#notice[severity="error"] { background: $err_tint; }
#notice[severity="error"] QLabel { color: $err; }
#notice[severity="quiet"] { background: $accent_tint; }
#notice[severity="quiet"] QLabel { color: $accent_text; }
#card { background: $surface; border: 1px solid $border; border-radius: 8px; }
#card:hover { border-color: $field; }
#card:focus { border: 2px solid $accent; }
#home { background: $window; }
#commands { background: $surface; border: 1px solid $field; border-radius: 12px; }
#commands QListView { background: $surface; }
#find { background: $surface; border: 1px solid $field; border-radius: 8px; }
#foot { background: $window; border-top: 1px solid $border; }
#divider { background: $border; min-width: 1px; max-width: 1px; min-height: 20px; max-height: 20px; }
QDialog { background: $surface; }
"""
