"""A document to edit."""

from __future__ import annotations

import pytest

from tests.widgets.document.drawing import HandClock, small
from widgets.document.document import Document


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def editing(qapp: object, clock: HandClock) -> Document:
    """The small journey, clean."""
    return Document(small(), clock=clock)
