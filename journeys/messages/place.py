"""Where in a template something is wrong."""

from __future__ import annotations

from typing import Any, ClassVar

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _


def place(template: str, file: str, line: int | None = None) -> str:
    """“nps-survey/email.mjml, line 12”: how every sentence about a template begins. Lines count from 1."""
    if line is None:
        return f"{template}/{file}"
    return _("{template}/{file}, line {line}").format(template=template, file=file, line=line)


class TemplateError(KanwaError):
    """Something in a template that its author can mend. The value `where` names the file and, if known, the line."""

    text: ClassVar[str] = N_("{where}: this template is broken.")

    def __init__(self, **values: Any) -> None:
        super().__init__(**{"where": "", **values})

    def at(self, where: str) -> TemplateError:
        """The same error with its place, unless it already names one."""
        return self if self.values["where"] else type(self)(**{**self.values, "where": where})
