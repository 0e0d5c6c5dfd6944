"""The small box at the cursor that says why something may not be."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from widgets.canvas.inks import Inks, pen
from widgets.canvas.texts import font, metrics
from widgets.theme.fonts import MEDIUM, SMALL

_MOST = 400
_BESIDE = 14


def paint_reason(painter: QPainter, reason: str, at: QPointF, inks: Inks, *, zoom: float) -> None:
    """Paint the box beside a point of the scene; it keeps its size on the screen."""
    tokens = inks.tokens
    painter.save()
    painter.translate(at)
    painter.scale(1 / zoom, 1 / zoom)
    measured = metrics(SMALL, MEDIUM).boundingRect(QRectF(0, 0, _MOST, 1000), Qt.TextFlag.TextWordWrap, reason)
    area = QRectF(_BESIDE, _BESIDE, measured.width() + 18, measured.height() + 8)
    painter.setPen(pen(tokens.err))
    painter.setBrush(tokens.err_tint)
    painter.drawRoundedRect(area, 4, 4)
    painter.setPen(tokens.err)
    painter.setFont(font(SMALL, MEDIUM))
    painter.drawText(area.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, reason)
    painter.restore()
