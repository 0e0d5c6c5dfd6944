"""Wrong words on the command line, in our sentences: typer says them in English, and in another form."""

from __future__ import annotations

import re
from typing import Any

from journeys.base.errors import suggestion
from journeys.base.i18n import _

_NO_COMMAND = re.compile(r"No such command '(?P<name>.*?)'\.")
_CHOICE = re.compile(r"is not one of (?P<choices>.*?)\.?$")
_TOO_MUCH = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<words>.*)\)", re.DOTALL)


def wrong_words(error: Any) -> str:
    """What is wrong, for an error of typer's; nothing where it has shown its help instead.

    Its classes are told by their names: typer exports one of them only.
    """
    message = str(error.format_message())
    match type(error).__name__:
        case "NoSuchOption":
            return _("There is no option {option}.{suggestion}").format(
                option=error.option_name, suggestion=suggestion(error.option_name, _options(error.ctx))
            )
        case "MissingParameter" if error.param is not None:
            return _("{name} is missing.").format(name=_name(error.param))
        case "BadOptionUsage":
            return _("The option {option} needs a value.").format(option=error.option_name)
        case "BadParameter" if error.param is not None:
            if found := _CHOICE.search(error.message):
                return _("{name} is one of: {choices}.").format(name=_name(error.param), choices=found["choices"])
            return _("{name} cannot be that: {why}").format(name=_name(error.param), why=_why(error))
    if found := _NO_COMMAND.match(message):
        known = getattr(getattr(error.ctx, "command", None), "commands", {})
        return _("There is no command “{name}”.{suggestion}").format(
            name=found["name"], suggestion=suggestion(found["name"], known)
        )
    if found := _TOO_MUCH.fullmatch(message):
        return _("This is more than the command takes: {words}").format(words=found["words"])
    return message


def _why(error: Any) -> str:
    from journeys.base.validation import problems_of  # slow to import, and only for what is wrong

    cause = error.__cause__
    if type(cause).__name__ == "ValidationError":
        return problems_of(cause)[0].sentence
    return str(error.message)


def _name(param: Any) -> str:
    return str(param.metavar or param.human_readable_name) if _is_argument(param) else str(max(param.opts, key=len))


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _options(ctx: Any) -> list[str]:
    if ctx is None:
        return []
    return [option for param in ctx.command.params if not _is_argument(param) for option in param.opts]
