"""What becomes of those inside when a journey is edited, as somebody chose it node by node.

A file of choices is a JSON object:

    {
      "nodes": {
        "K7QWM2PA": "finish",
        "B3XN5TLE": "exit",
        "Q2LMNA7C": {"move": "D5RTYU2W"}
      },
      "others": "finish"
    }

Keys of `nodes` are ids of nodes of the versions that contacts still stand in. *finish*: whoever stands there stays on
the old version to its end. *exit*: they leave the journey. *move*: they go to that node of the new version and arrive
there anew. Nodes that are not named and that the new version still has, with their kind, are no question: whoever
stands there moves along. `others` (finish unless given) says what happens at those not named that are gone or have
become another kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_, _
from journeys.base.validation import SettingsError, parse_model
from journeys.graph.journey import is_node_id


class ChoicesUnreadable(UsageError):
    """A file of choices that cannot be read."""

    text = N_("The choices in {file} cannot be read: {why}.")


class ChoiceWithoutSense(KanwaError):
    """A choice that names a node nobody can stand on or go to."""

    text = N_("The choices do not fit the journey.\n{problems}")


class Move(BaseModel):
    """Go to a node of the new version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    move: str = Field(title=_("Move to"))


def _known(value: Any) -> Any:
    moves = isinstance(value, Mapping) and list(value) == ["move"] and isinstance(value["move"], str)
    if not moves and not isinstance(value, Move) and value not in ("finish", "exit"):
        raise SettingsError(_('A choice is "finish", "exit" or {"move": "the id of a node"}.'))
    return value


def _ids(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not is_node_id(key):
                raise SettingsError(_("“{node}” is no id of a node.").format(node=str(key)[:60]))
    return value


Choice = Annotated[Literal["finish", "exit"] | Move, BeforeValidator(_known)]


class Choices(BaseModel):
    """What was chosen for those inside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nodes: Annotated[dict[str, Choice], BeforeValidator(_ids)] = Field(default_factory=dict, title=_("Nodes"))
    others: Literal["finish", "exit"] = Field("finish", title=_("All others"))


def read_choices(file: Path) -> Choices:
    """The choices in a file. Raises ChoicesUnreadable, and InvalidData with everything that is wrong in it."""
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ChoicesUnreadable(file=file, why=error.strerror or error) from error
    except (ValueError, RecursionError) as error:
        raise ChoicesUnreadable(file=file, why=error) from error
    return parse_model(Choices, data, where=str(file))
