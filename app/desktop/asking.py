"""A question that has to be answered before anything goes on: buttons say what happens, Cancel is the safe one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.desktop.pieces import label, push
from journeys.base.i18n import _


class Asking(QDialog):
    """Lays the question out; the choice that was made is called once the question is gone."""

    def __init__(
        self,
        question: str,
        choices: Sequence[tuple[str, str, Callable[[], object]]],
        parent: QWidget,
        *,
        more: str = "",
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Kanwa"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(440)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(8)
        column.addWidget(label(question, "title", wrap=True))
        if more:
            column.addWidget(label(more, "sentence", wrap=True))
        column.addSpacing(16)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        cancel = push(_("Cancel"))
        cancel.clicked.connect(self.reject)
        row.addWidget(cancel)
        self.buttons: list[QPushButton] = []
        # the one that is expected stands at the end
        for text, look, call in sorted(choices, key=lambda choice: choice[1] == "primary"):
            button = push(text, look)
            button.clicked.connect(lambda _checked=False, call=call: self._chosen(call))
            row.addWidget(button)
            self.buttons.append(button)
            if look == "primary":
                button.setDefault(True)
        column.addLayout(row)

    def _chosen(self, call: Callable[[], object]) -> None:
        self.accept()
        call()
