"""How settings name what lies outside the node: keys, kinds of events, other nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from journeys.base.i18n import N_, _
from journeys.base.validation import SettingsError
from journeys.criteria.part import stored_text


def _matching(pattern: str, text: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise SettingsError(_(text).format(value=value[:60]))
        return value

    return check


def _some(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise PydanticCustomError("too_short", "at least {min_length} item is needed", {"min_length": 1})
    return values


#: for a list that is never empty; pydantic's own rule also complains of a list whose entries are all wrong
NotEmpty = AfterValidator(_some)

#: of a template, segment, attribute, tag, purpose, sender, programme, survey, funnel or stage; never changes
Key = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z0-9][a-z0-9_-]{0,99}",
            N_("“{value}” is not a key. A key is made of lower-case letters a to z, digits, _ and -."),
        )
    ),
]

#: products are named by whoever imported them
ProductKey = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(stored_text)
]

EventKind = Annotated[
    str,
    AfterValidator(
        _matching(
            r"(?=.{1,100}$)[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+",
            N_("“{value}” is not a kind of event. A kind is lower-case words joined by dots, such as page.visited."),
        )
    ),
]

NodeId = Annotated[
    str,
    AfterValidator(
        _matching(r"[A-Z2-7]{8}", N_("“{value}” is not the id of a node. An id is 8 letters A to Z and digits 2 to 7."))
    ),
]

#: the subject of the passage, or a node whose message is meant
About = Annotated[
    str,
    AfterValidator(
        _matching(
            r"subject|[A-Z2-7]{8}",
            N_("“{value}” is neither “subject” nor the id of a node, which is 8 letters A to Z and digits 2 to 7."),
        )
    ),
]

#: stable name of an outlet that a person gave
OutletId = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z0-9][a-z0-9_-]{0,99}",
            N_("“{value}” cannot name an outlet. A name is made of lower-case letters a to z, digits, _ and -."),
        )
    ),
]

#: a short text of a person's own: a name, a reason, a label
Label = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(stored_text)
]
