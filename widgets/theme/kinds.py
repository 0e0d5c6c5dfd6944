"""How a node shows what it is: the icon of its settings, and the shape of its family's tile."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from journeys.nodes.family import Family
from widgets.theme import icons
from widgets.theme.tokens import Tokens

if TYPE_CHECKING:
    from journeys.nodes.node import Node

#: icon of a node whose kind names one that the font has not
UNKNOWN = "puzzle-piece"

#: (kind, field that tells the variant) → type or channel → icon; else the kind's own icon
_ICONS: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("trigger", "on"): {
            "event": "lightning",
            "change": "lightning",
            "segment": "users-three",
            "date": "calendar-blank",
            "inactivity": "moon",
            "schedule": "clock-clockwise",
            "product": "tag",
            "stage": "columns",
            "list": "hand-pointing",
            "feed": "rss",
        },
        ("split", "by"): {
            "nps": "gauge",
            "loyalty": "heart",
            "segments": "list-numbers",
            "reachable": "broadcast",
            "random": "shuffle",
        },
        ("wait", "rule"): {
            "at once": "clock",
            "duration": "hourglass-medium",
            "calendar days": "hourglass-medium",
            "date": "calendar-blank",
            "events": "bell-ringing",
            "criterion": "bell-ringing",
            "purchase rhythm": "arrows-clockwise",
        },
        ("send", "channel"): {
            "email": "envelope-simple",
            "sms": "chat-text",
            "push": "bell",
            "phone": "phone",
            "post": "envelope-open",
        },
    }
)


def icon_of(node: Node) -> str:
    """Name of the icon that tells these settings: a bell for a wait for an answer, a clock for one for a window."""
    if getattr(node, "ladder", None) is not None:
        return "stack"
    for (kind, field), by_type in _ICONS.items():
        if node.kind == kind:
            value = getattr(node, field, None)
            found = by_type.get(value if isinstance(value, str) else getattr(value, "type", ""))
            if found is not None:
                return found
    return node.icon if node.icon in icons.known() else UNKNOWN


def tile_path(family: Family, rect: QRectF) -> QPainterPath:
    """The silhouette of a family's tile within `rect`: arch, diamond, ring, rounded square, hexagon, shield."""
    path = QPainterPath()
    left, top, width, height = rect.x(), rect.y(), rect.width(), rect.height()
    right, bottom, middle = rect.right(), rect.bottom(), rect.center()
    small = width * 7 / 32
    match family:
        case Family.COMES_IN:
            big = width / 2
            path.moveTo(left, bottom - small)
            path.lineTo(left, top + big)
            path.arcTo(QRectF(left, top, 2 * big, 2 * big), 180, -180)
            path.lineTo(right, bottom - small)
            path.arcTo(QRectF(right - 2 * small, bottom - 2 * small, 2 * small, 2 * small), 0, -90)
            path.lineTo(left + small, bottom)
            path.arcTo(QRectF(left, bottom - 2 * small, 2 * small, 2 * small), 270, -90)
            path.closeSubpath()
        case Family.DECIDES:
            _rounded(path, [(middle.x(), top), (right, middle.y()), (middle.x(), bottom), (left, middle.y())], 3)
        case Family.WAITS:
            path.addEllipse(rect.adjusted(1, 1, -1, -1))
        case Family.CHANGES:
            inset = height * 0.25
            _rounded(
                path,
                [
                    (middle.x(), top),
                    (right - width * 0.05, top + inset),
                    (right - width * 0.05, bottom - inset),
                    (middle.x(), bottom),
                    (left + width * 0.05, bottom - inset),
                    (left + width * 0.05, top + inset),
                ],
                3,
            )
        case Family.ENDS:
            foot = width / 2
            path.moveTo(left, top + small)
            path.arcTo(QRectF(left, top, 2 * small, 2 * small), 180, -90)
            path.lineTo(right - small, top)
            path.arcTo(QRectF(right - 2 * small, top, 2 * small, 2 * small), 90, -90)
            path.lineTo(right, bottom - foot)
            path.arcTo(QRectF(left, bottom - 2 * foot, 2 * foot, 2 * foot), 0, -180)
            path.closeSubpath()
        case Family.SENDS | Family.CANVAS:
            path.addRoundedRect(rect, small, small)
    return path


def paint_tile(painter: QPainter, node: Node, rect: QRectF, tokens: Tokens, *, off: bool = False) -> None:
    """The tile of a node: its family's silhouette filled, and its icon in it; a wait's is a hollow ring."""
    paint_shape(painter, node.family, icon_of(node), rect, tokens, colour=tokens.text3 if off else None)


def paint_shape(
    painter: QPainter, family: Family, icon: str, rect: QRectF, tokens: Tokens, *, colour: QColor | None = None
) -> None:
    """The tile of a family with that icon; `colour` in place of the family's hue."""
    hue = colour or tokens.family(family)
    hollow = family is Family.WAITS
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(hue, 2) if hollow else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else hue)
    painter.drawPath(tile_path(family, rect))
    # within a diamond and a ring less room is left
    share = 17 / 32 if family in (Family.DECIDES, Family.WAITS) else icons.TILE / 32
    bold = f"{icon}-bold"
    painter.setFont(icons.font(round(rect.width() * share)))
    painter.setPen(hue if hollow else tokens.on_family)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, icons.glyph(bold if bold in icons.known() else icon))
    painter.restore()


def _rounded(path: QPainterPath, corners: list[tuple[float, float]], radius: float) -> None:
    """Add a polygon whose corners are rounded."""
    points = [QPointF(x, y) for x, y in corners]
    for n, corner in enumerate(points):
        before, after = points[n - 1], points[(n + 1) % len(points)]
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        if n == 0:
            path.moveTo(start)
        else:
            path.lineTo(start)
        path.quadTo(corner, end)
    path.closeSubpath()


def _towards(point: QPointF, other: QPointF, distance: float) -> QPointF:
    dx, dy = other.x() - point.x(), other.y() - point.y()
    part = distance / (dx**2 + dy**2) ** 0.5
    return QPointF(point.x() + dx * part, point.y() + dy * part)
