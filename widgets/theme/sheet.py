"""The style sheet of every control, made from tokens.

Controls say what they are by a dynamic property: buttons `look` ("primary", "danger", "link", "quiet"), labels and
frames `role` (see below), fields `wrong` where what stands in them cannot be taken.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from PySide6.QtCore import QTemporaryDir

from widgets.theme import fonts
from widgets.theme.tokens import NAMES, Tokens

#: little signs that a style sheet can only take from files; drawn on 16 × 16
_SIGNS = {
    "down": '<path d="M4 6l4 4 4-4" fill="none" stroke="$text2" stroke-width="1.4" stroke-linecap="round"/>',
    "up": '<path d="M4 10l4-4 4 4" fill="none" stroke="$text2" stroke-width="1.4" stroke-linecap="round"/>',
    "right": '<path d="M6 4l4 4-4 4" fill="none" stroke="$text2" stroke-width="1.4" stroke-linecap="round"/>',
    "tick": '<path d="M3.5 8.5l3 3 6-6.5" fill="none" stroke="$on_accent" stroke-width="1.8" stroke-linecap="round"/>',
    "some": '<path d="M4 8h8" fill="none" stroke="$on_accent" stroke-width="1.8" stroke-linecap="round"/>',
    "point": '<circle cx="8" cy="8" r="3" fill="$on_accent"/>',
}


class Shapes:
    """Files of the signs, in a folder that goes with the application."""

    def __init__(self) -> None:
        self._folder = QTemporaryDir()

    def drawn(self, tokens: Tokens) -> dict[str, str]:
        """Name of each sign → path of its file in these colours."""
        values = _values(tokens)
        paths = {}
        for name, body in _SIGNS.items():
            # a name of its own a theme: Qt keeps what it read from a path
            path = Path(self._folder.filePath(f"{name}-{'dark' if tokens.dark else 'light'}.svg"))
            svg = (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{Template(body).substitute(values)}</svg>'
            )
            path.write_text(svg, "utf-8")
            paths[name] = path.as_posix()
        return paths


def style_sheet(tokens: Tokens, signs: dict[str, str]) -> str:
    """The whole sheet; `signs` are the files of `Shapes.drawn`."""
    family = fonts.family().replace('"', "")
    return Template(_SHEET).substitute(
        _values(tokens), **{f"sign_{name}": path for name, path in signs.items()}, family=family
    )


def _values(tokens: Tokens) -> dict[str, str]:
    return {name: getattr(tokens, name).name() for name in NAMES}


_SHEET = """
* { font-family: "$family"; font-size: 13px; }
QWidget { color: $text; }
QMainWindow, QDialog { background: $window; }
QToolTip { background: $surface; color: $text; border: 1px solid $field; padding: 6px 8px; }

QLabel, QCheckBox, QRadioButton { background: transparent; }
QLabel[role="label"] { color: $text2; font-size: 12px; font-weight: 500; }
QLabel[role="help"] { color: $text3; font-size: 12px; }
QLabel[role="error"] { color: $err; font-size: 12px; }
QLabel[role="warning"] { color: $warn; font-size: 12px; }
QLabel[role="small"] { color: $text3; font-size: 11px; font-weight: 500; }
QLabel[role="hint"] { color: $text3; font-weight: 600; }
QLabel[role="sentence"] { color: $text2; }
QLabel[role="name"] { font-weight: 600; }
QLabel[role="panel"] { font-size: 14px; font-weight: 600; }
QLabel[role="section"] { font-size: 14px; font-weight: 600; }
QLabel[role="title"] { font-size: 16px; font-weight: 600; }
QLabel[role="page"] { font-size: 20px; font-weight: 600; }
QFrame[role="panel"], QWidget[role="panel"] { background: $surface; }
QFrame[role="window"], QWidget[role="window"] { background: $window; }
QFrame[role="box"], QLabel[role="box"] { background: $sunken; border-radius: 6px; color: $text2; }
QLabel[role="box"] { padding: 8px 12px; }
QWidget[role="entry"] { background: $sunken; border-radius: 6px; }
QFrame[role="floating"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
QFrame[role="popup"] { background: $surface; border: 1px solid $edge_card; border-radius: 8px; }
QFrame[role="popup"] QListWidget { background: transparent; border: none; }
QFrame[role="line"] { background: $border; border: none; min-height: 1px; max-height: 1px; }
QFrame[role="upright"] { background: $border; border: none; min-width: 1px; max-width: 1px; }
QLabel[chip="ok"] { background: $ok_tint; color: $ok; }
QLabel[chip="warn"] { background: $warn_tint; color: $warn; }
QLabel[chip="err"] { background: $err_tint; color: $err; }
QLabel[chip="quiet"] { background: $sunken; color: $text2; }
QLabel[chip] { border-radius: 10px; padding: 0 8px; font-size: 11px; font-weight: 600; min-height: 20px; max-height: 20px; }

QPushButton { background: $surface; color: $text; border: 1px solid $field; border-radius: 6px; padding: 0 12px;
  min-height: 30px; font-weight: 500; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $sunken; }
QPushButton:disabled { color: $text3; border-color: $border; background: $sunken; }
QPushButton[bar="true"] { min-height: 26px; }
QPushButton[look="primary"] { background: $accent; border-color: $accent; color: $on_accent; }
QPushButton[look="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[look="primary"]:pressed { background: $accent_press; border-color: $accent_press; }
QPushButton[look="primary"]:disabled { background: $sunken; border-color: $border; color: $text3; }
QPushButton[look="danger"] { color: $err; border-color: $err; }
QPushButton[look="danger"]:hover { background: $err_tint; }
QPushButton[look="link"] { background: transparent; border: none; color: $accent_text; padding: 0 2px; min-height: 24px; }
QPushButton[look="link"]:hover { background: $accent_tint; border-radius: 4px; }
QPushButton[look="link"]:disabled { background: transparent; color: $text3; }
QPushButton[look="quiet"] { background: transparent; border: none; padding: 0 8px; min-height: 28px; }
QPushButton[look="quiet"]:hover { background: $hover; }
QPushButton[look="word"] { background: transparent; border: none; color: $accent_text; padding: 0 4px; min-height: 24px;
  font-weight: 600; text-align: left; }
QPushButton[look="word"][nested="true"] { color: $f_dec; }
QPushButton[look="word"]:hover { background: $hover; border-radius: 4px; }
QPushButton::menu-indicator { image: url($sign_down); width: 12px; subcontrol-position: right center; right: 6px; }
QPushButton[look="link"]::menu-indicator, QPushButton[look="word"]::menu-indicator { width: 0; image: none; }

QToolButton { background: transparent; border: none; border-radius: 6px; min-width: 28px; min-height: 28px; padding: 0; }
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $sunken; }
QToolButton:checked { background: $accent_tint; color: $accent_text; }
QToolButton[small="true"] { min-width: 24px; min-height: 24px; border-radius: 4px; }
QToolButton[day="true"] { border: 1px solid $field; min-width: 24px; min-height: 30px; font-size: 12px; }
QToolButton[day="true"]:checked { background: $accent_tint; border-color: $accent; color: $accent_text; font-weight: 600; }
QToolButton[sort="true"] { border: 1px solid $border; color: $text2; min-width: 34px; min-height: 30px; font-size: 12px; }
QToolButton::menu-indicator { image: none; }
QLineEdit QToolButton { min-width: 0; min-height: 0; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox { background: $surface; color: $text;
  border: 1px solid $field; border-radius: 6px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit { min-height: 30px; padding: 0 7px; }
QComboBox { min-height: 30px; padding: 0 9px; }
QAbstractSpinBox { min-height: 30px; padding: 0 2px 0 9px; }
QPlainTextEdit, QTextEdit { padding: 5px 6px; }
QLineEdit:hover, QPlainTextEdit:hover, QTextEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $text2; }
QLineEdit:focus { border: 2px solid $accent; min-height: 28px; padding: 0 6px; }
QComboBox:focus { border: 2px solid $accent; min-height: 28px; padding: 0 8px; }
QAbstractSpinBox:focus { border: 2px solid $accent; min-height: 28px; padding: 0 1px 0 8px; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid $accent; padding: 4px 5px; }
QLineEdit[wrong="true"], QPlainTextEdit[wrong="true"], QAbstractSpinBox[wrong="true"], QComboBox[wrong="true"] {
  border-color: $err; }
QLineEdit:disabled, QPlainTextEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { background: $sunken;
  color: $text3; border-color: $border; }
QLineEdit[look="bare"] { background: transparent; border: 1px solid transparent; padding: 0 3px; }
QLineEdit[look="bare"]:hover { border-color: $field; }
QLineEdit[look="bare"]:focus { background: $surface; border: 2px solid $accent; padding: 0 2px; }
QLineEdit[look="title"] { background: transparent; border: 1px solid transparent; padding: 0 1px; min-height: 24px;
  font-size: 16px; font-weight: 600; }
QLineEdit[look="title"]:hover { border-color: $field; }
QLineEdit[look="title"]:focus { background: $surface; border: 2px solid $accent; padding: 0 0px; min-height: 22px; }

QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 18px; border: none; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; margin-top: 2px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin-bottom: 2px; }
QAbstractSpinBox::up-arrow { image: url($sign_up); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url($sign_down); width: 10px; height: 10px; }
QDateTimeEdit::drop-down { width: 22px; border: none; background: transparent; }
QDateTimeEdit::down-arrow { image: url($sign_down); width: 12px; height: 12px; }
QComboBox { padding-right: 26px; }
QComboBox::drop-down { width: 24px; border: none; background: transparent; }
QComboBox::down-arrow { image: url($sign_down); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $field; outline: none; padding: 4px; }

QCheckBox, QRadioButton { spacing: 8px; min-height: 24px; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid $field; background: $surface; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $text2; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($sign_tick); }
QCheckBox::indicator:indeterminate { background: $accent; border-color: $accent; image: url($sign_some); }
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url($sign_point); }
QCheckBox:disabled, QRadioButton:disabled { color: $text3; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { background: $sunken; border-color: $border; }

QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $text2; padding: 0 2px; margin: 0 12px 0 0; height: 36px;
  border: none; border-bottom: 2px solid transparent; font-weight: 500; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; font-weight: 600; }

QAbstractItemView { background: $surface; border: none; outline: none; selection-background-color: $accent_tint;
  selection-color: $accent_text; alternate-background-color: $surface; }
QListView::item, QTreeView::item { min-height: 26px; padding: 0 6px; border-radius: 4px; }
QListView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected, QTreeView::item:selected { background: $accent_tint; color: $accent_text; }
QListView:focus, QTreeView:focus, QTableView:focus { border: 2px solid $accent; border-radius: 6px; }
QListView[look="quiet"], QListView[look="quiet"]:focus { border: none; }
QListView[look="quiet"]::item { padding: 6px 10px; margin: 1px 0; border: 2px solid transparent; border-radius: 6px; }
QListView[look="quiet"]::item:selected:active { border-color: $accent; }
QListView[look="quiet"]::item:selected:!active { border-color: transparent; }
QTreeView::branch { background: transparent; }
QTreeView::branch:has-children:closed { image: url($sign_right); }
QTreeView::branch:has-children:open { image: url($sign_down); }
QTableView { gridline-color: $border; }
QTableView::item { padding: 0 8px; border: none; }
QTableView::item:hover { background: $hover; }
QTableView::item:selected { background: $accent_tint; color: $accent_text; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section { background: $surface; color: $text2; border: none; border-bottom: 1px solid $border; padding: 0 8px;
  min-height: 32px; font-size: 12px; font-weight: 500; }

QMenuBar { background: $window; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $surface; border: 1px solid $field; border-radius: 6px; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 10px; border-radius: 4px; min-height: 18px; }
QMenu::item:selected { background: $accent_tint; color: $accent_text; }
QMenu::item:disabled { color: $text3; }
QMenu::separator { height: 1px; background: $border; margin: 4px 6px; }
QMenu::icon { padding-left: 8px; }
QMenu::right-arrow { image: url($sign_right); width: 12px; height: 12px; }
QMenu::section { color: $text3; }

QScrollArea { background: transparent; border: none; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $edge_dim; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $field; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { width: 0; height: 0;
  background: transparent; border: none; }

QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }
QProgressBar { background: $sunken; border: none; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QStatusBar { background: $window; color: $text2; }
QCalendarWidget QWidget { alternate-background-color: $sunken; }
QCalendarWidget QAbstractItemView { selection-background-color: $accent; selection-color: $on_accent; }
"""
