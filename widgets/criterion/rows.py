"""The rules and groups of a criterion on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from journeys.base.i18n import _
from widgets.criterion.leaf_form import LeafForm
from widgets.criterion.tokens import Tokens
from widgets.criterion.tree import WORDS, Place
from widgets.form.editor import Context, Note, Weight, heaviest, label
from widgets.theme import fonts, icons
from widgets.theme.controls import IconButton, LinkButton
from widgets.theme.focus import RINGED

if TYPE_CHECKING:
    from widgets.criterion.editor import CriterionField

HEIGHT, RADIUS, PAD, GAP, BAR, INDENT = 26, 4, 8, 4, 2, 12


class TokenLine(QWidget):
    """The tokens of a rule, painted; a click or Enter opens its fields, dragging takes it elsewhere."""

    pressed_keys = Signal(object)
    opened = Signal()
    dragged = Signal(QPoint)
    dropped = Signal(QPoint)
    given_up = Signal()

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._tokens = Tokens("", "", "")
        self._wrong = False
        self._pressed: QPoint | None = None
        self._dragging = False
        self.setProperty(RINGED, True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        context.theme.changed.connect(self.update)

    def show_tokens(self, tokens: Tokens, *, wrong: bool, sentence: str) -> None:
        self._tokens, self._wrong = tokens, wrong
        said = " ".join(part for part in (tokens.subject, tokens.operator, tokens.value) if part)
        self.setToolTip(sentence or said)
        self.setAccessibleName(sentence or said)
        self.update()

    @property
    def shown(self) -> Tokens:
        return self._tokens

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(240, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        tokens = self._context.theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong, plain = fonts.font(fonts.SECOND, fonts.SEMIBOLD), fonts.font(fonts.SECOND)
        for (x, width), text, font in zip(self._spans(), self._parts(), (strong, plain, strong), strict=True):
            if not text:
                continue
            box = QRectF(x, 0, width, HEIGHT)
            lined = self.underMouse() or self._wrong
            painter.setPen((tokens.err if self._wrong else tokens.field) if lined else Qt.PenStyle.NoPen)
            painter.setBrush(tokens.sunken)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
            painter.setFont(font)
            painter.setPen(tokens.text if font is strong else tokens.text2)
            shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, round(width) - 2 * PAD + 1)
            painter.drawText(
                box.adjusted(PAD, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown
            )
        painter.end()

    def _parts(self) -> tuple[str, str, str]:
        return self._tokens.subject, self._tokens.operator, self._tokens.value

    def _spans(self) -> list[tuple[float, float]]:
        """x and width of each token: as wide as its text, the value as what is left, the subject half at the most."""
        strong = QFontMetrics(fonts.font(fonts.SECOND, fonts.SEMIBOLD))
        plain = QFontMetrics(fonts.font(fonts.SECOND))
        subject, operator, value = self._parts()
        wants = [
            metrics.horizontalAdvance(text) + 2 * PAD if text else 0
            for metrics, text in ((strong, subject), (plain, operator), (strong, value))
        ]
        gaps = GAP * (sum(1 for want in wants if want) - 1)
        room = self.width() - gaps
        if sum(wants) > room:
            third = min(wants[2], max(room - wants[0] - wants[1], round(room * 0.38)))
            first = min(wants[0], max(room - wants[1] - third, round(room * 0.3)))
            wants = [first, min(wants[1], room - first - third), third]
        elif wants[2]:
            wants[2] = room - wants[0] - wants[1]
        spans, x = [], 0.0
        for want in wants:
            spans.append((x, float(want)))
            x += want + GAP if want else 0
        return spans

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        at = event.position().toPoint()
        if self._pressed is None:
            return
        if not self._dragging and (at - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self.dragged.emit(self.mapToGlobal(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._pressed is None:
            return
        self._pressed = None
        if self._dragging:
            self._end_drag()
            self.dropped.emit(self.mapToGlobal(event.position().toPoint()))
        else:
            self.opened.emit()

    def _end_drag(self) -> None:
        self._dragging = False
        self.unsetCursor()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and self._dragging:
            self._pressed = None
            self._end_drag()
            self.given_up.emit()
            return
        event.ignore()
        self.pressed_keys.emit(event)


class RuleRow(QWidget):
    """One rule: its tokens and a cross, and under them its fields while it is open."""

    def __init__(self, field: CriterionField, place: Place, parent: QWidget) -> None:
        super().__init__(parent)
        self._field = field
        self.place_ = place
        self.form: LeafForm | None = None
        self.tokens = TokenLine(field.context, self)
        self.cross = IconButton(field.context.theme, "x", _("Remove the rule"), key=_("Del"), small=True, parent=self)
        self.cross.clicked.connect(lambda: field.remove(self.place_))
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.tokens, 1)
        top.addWidget(self.cross)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(4)
        self._lines.addLayout(top)
        self._under = label("", "error", self)
        self._under.hide()
        self._lines.addWidget(self._under)
        self.tokens.opened.connect(self.toggle)
        self.tokens.pressed_keys.connect(lambda event: field.key_on_row(self.place_, event))
        self.tokens.dragged.connect(lambda at: field.drag_over(self.place_, at))
        self.tokens.dropped.connect(lambda at: field.drop(self.place_, at))
        self.tokens.given_up.connect(field.stop_drag)

    def toggle(self) -> None:
        """Open the fields, or close them."""
        if self.form is None:
            self._field.open(self.place_)
        else:
            self._field.close_open()

    def open(self, data: dict[str, Any]) -> None:
        box = QWidget(self)
        box.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box.setProperty("role", "entry")
        inside = QVBoxLayout(box)
        inside.setContentsMargins(8, 8, 8, 8)
        self.form = LeafForm(self._field.context, box)
        self.form.set_value(data)
        self.form.edited.connect(lambda path, typing: self._field.leaf_edited(self.place_, path, typing))
        inside.addWidget(self.form)
        self._lines.addWidget(box)
        box.setVisible(True)

    def close_form(self) -> None:
        if self.form is not None:
            box = self.form.parentWidget()
            self.form = None
            if box is not None:
                box.hide()
                box.deleteLater()

    def show_notes(self, notes: list[Note]) -> None:
        left = notes if self.form is None else self.form.place(notes)
        left = heaviest(note for note in left if self.form is not None or note.weight is not Weight.HELP)
        self._under.setText("\n".join(dict.fromkeys(note.sentence for note in left)))
        self._under.setVisible(bool(left))


class GroupBox(QWidget):
    """A group: a bar at its left, its word as a menu, its parts, and what adds to it."""

    def __init__(self, field: CriterionField, place: Place, word: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._field = field
        self.place_ = place
        self.nested = bool(place)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(INDENT, 0, 0, 0)
        self._box.setSpacing(8)
        said = {"all": _("All of these"), "any": _("Any of these"), "none": _("None of these")}
        self.word = QPushButton(said[word], self)
        self.word.setProperty("look", "word")
        self.word.setProperty("nested", self.nested)
        self.word.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.word.setIconSize(QSize(12, 12))
        field.context.theme.changed.connect(self._dress)
        self.word.setAccessibleName(_("Group: {word}").format(word=said[word]))
        menu = QMenu(self.word)
        choices = QActionGroup(menu)
        for one in WORDS:
            action = menu.addAction(said[one])
            action.setCheckable(True)
            action.setChecked(one == word)
            choices.addAction(action)
            action.triggered.connect(lambda _on=False, one=one: field.reword(self.place_, one))
        if self.nested:
            menu.addSeparator()
            menu.addAction(_("Remove the group"), lambda: field.remove(self.place_))
        self.word.setMenu(menu)
        self._box.addWidget(self.word, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(8)
        self.rule = LinkButton(field.context.theme, _("Rule"), "plus", parent=self)
        self.group = LinkButton(field.context.theme, _("Group"), "plus", parent=self)
        self.rule.clicked.connect(lambda: field.add_rule(self.place_))
        self.group.clicked.connect(lambda: field.add_group(self.place_))
        self._foot.addWidget(self.rule)
        self._foot.addWidget(self.group)
        self._foot.addStretch(1)
        self._box.addLayout(self._foot)
        self.parts: list[QWidget] = []
        field.context.theme.changed.connect(self.update)
        self._dress()

    def _dress(self) -> None:
        tokens = self._field.context.theme.tokens
        self.word.setIcon(icons.icon("caret-down", tokens.f_dec if self.nested else tokens.accent_text))

    def add(self, part: QWidget) -> None:
        self._box.insertWidget(self._box.count() - 1, part)
        self.parts.append(part)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        tokens = self._field.context.theme.tokens
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 0, BAR, self.height()), tokens.f_dec if self.nested else tokens.accent)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if self.word.hasFocus() and self.nested:
            self._field.key_on_row(self.place_, event)
        else:
            super().keyPressEvent(event)


class DropLine(QWidget):
    """Shows where what is dragged would come to stand."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._context.theme.tokens.accent)
        painter.end()
