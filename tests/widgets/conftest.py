"""Widgets are tested without a display, in the dress of Kanwa; the platform is chosen before Qt is imported."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from widgets.theme.theme import Choice, Theme


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> Theme:
    """The one theme of the test run, in light."""
    theme = Theme(Choice.LIGHT, parent=qapp)
    theme.apply(qapp)
    return theme


@pytest.fixture(autouse=True)
def _delete_what_is_closed(qapp: QApplication) -> Iterator[None]:
    """Without a loop of events nothing that is to be deleted later ever is: a thousand widgets would follow the theme."""
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def theme(dressed: Theme) -> Iterator[Theme]:
    """The theme, light at the start and at the end of each test."""
    dressed.choose(Choice.LIGHT)
    yield dressed
    dressed.choose(Choice.LIGHT)
