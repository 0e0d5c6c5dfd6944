"""The journey file: read whole or refused with everything that is wrong, written so that a diff reads well."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import ValidationError

from journeys.base.errors import suggestion
from journeys.base.i18n import _, ngettext
from journeys.base.validation import coerced, problems_of
from journeys.graph.content import content
from journeys.graph.decode import MOST_CHARACTERS, MOST_PROBLEMS, NotDecoded, decode, located
from journeys.graph.journey import ID_LENGTH, Journey, is_node_id
from journeys.graph.problems import FileProblem, UnreadableJourney, UnwritableJourney
from journeys.graph.settings import LONGEST_NAME, JourneySettings, one_line
from journeys.graph.upgrade import FORMAT, STEPS, Step, upgraded
from journeys.nodes.node import Kinds, Node
from journeys.nodes.registry import kinds as registered_kinds

SUFFIX = ".journey"

_TOP = ("kanwa", "directed", "multigraph", "graph", "nodes", "edges")
_NODE = ("id", "kind", "title", "settings", "x", "y", "off", "comment")
_EDGE = ("source", "target", "key")

#: no canvas is larger; beyond it fractions of a pixel are lost
FARTHEST = 10_000_000
#: a character of JSON text takes up to four bytes
_MOST_BYTES = 4 * MOST_CHARACTERS


def load(path: str | Path, *, kinds: Kinds | None = None) -> Journey:
    """The journey in a file. Raises UnreadableJourney, also where there is no file or it cannot be opened."""
    path = Path(path)
    return read_bytes(bytes_of(path), kinds=kinds, name=path.name)


def bytes_of(path: Path) -> bytes:
    """What stands in a file. Raises UnreadableJourney where it cannot be opened, or is too large for a journey."""
    try:
        if path.exists() and not path.is_dir() and not path.is_file():
            raise _unreadable(path.name, FileProblem(_("It is a device, not a file.")))
        if path.is_file() and path.stat().st_size > _MOST_BYTES:
            raise _unreadable(path.name, FileProblem(_("It is larger than {n} MB.").format(n=_MOST_BYTES // 10**6)))
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(path.name, FileProblem(_says(error))) from None


def read_bytes(data: bytes, *, kinds: Kinds | None = None, name: str = "") -> Journey:
    """The journey that a file's bytes hold; otherwise as `read_journey`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(
            name or _("The journey"),
            FileProblem(_("It is not UTF-8 text: byte {n} does not fit.").format(n=error.start + 1)),
        ) from None
    return read_journey(text, kinds=kinds, name=name)


def save(journey: Journey, path: str | Path) -> None:
    """Write a journey file in one move: whoever looks sees the old file or the new one, also after a power cut.

    Raises UnwritableJourney; then the file is as it was.
    """
    save_text(write_journey(journey), path)


def save_text(text: str, path: str | Path) -> None:
    """`save`, for a text that `write_journey` made."""
    # a link stays a link: what it leads to is written
    path = Path(os.path.realpath(path))
    if len(text) > MOST_CHARACTERS:
        reason = _("it would have more than {n} characters, which nobody could open again").format(n=MOST_CHARACTERS)
        raise UnwritableJourney(path=path, reason=reason)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        if mode is not None and not mode & 0o222:
            # replacing it would work all the same, and is not what somebody wanted who made it so
            raise UnwritableJourney(path=path, reason=_("it is read-only. Save it under another name"))
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                beside.chmod(mode)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _keep_name(path.parent)
    except OSError as error:
        raise UnwritableJourney(path=path, reason=error.strerror or str(error)) from error


def write_journey(journey: Journey) -> str:
    """The text of the file: one value a line, keys in a fixed order, a line end at the end."""
    return json.dumps({"kanwa": FORMAT, **content(journey)}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_journey(
    text: str, *, kinds: Kinds | None = None, name: str = "", steps: Mapping[int, Step] = STEPS
) -> Journey:
    """The journey that a file's text holds. `kinds` are those registered unless given; `name` is for messages.

    Raises UnreadableJourney with all problems.
    """
    name = name or _("The journey")
    try:
        return _Reader(upgraded(decode(text), steps=steps), registered_kinds() if kinds is None else kinds).journey()
    except NotDecoded as error:
        raise _unreadable(name, *error.problems) from None


class _Reader:
    """One reading of one file's object."""

    def __init__(self, data: dict[str, Any], kinds: Kinds) -> None:
        self._data = data
        self._kinds = kinds
        self._problems: list[FileProblem] = []
        #: titles of the nodes seen so far, for sentences about edges
        self._titles: dict[str, str] = {}
        #: (node, outlet) → where the edge leads
        self._led: dict[tuple[str, str], str] = {}

    def journey(self) -> Journey:
        """Raises NotDecoded with everything that was found."""
        self._unknown_keys(self._data, _TOP)
        for key in ("directed", "multigraph"):
            if self._data.get(key) is not True:
                self._report(_("A journey is a directed multigraph; this must be true."), field=key)
        settings = self._settings(self._data.get("graph"))
        # a stand-in, so that nodes and edges are read although the journey's own settings are wrong
        journey = Journey(settings or JourneySettings(id="x", name="x"))
        for n, item in enumerate(self._list("nodes")):
            self._node(journey, n, item)
        for n, item in enumerate(self._list("edges")):
            self._edge(journey, n, item)
        if self._problems:
            raise NotDecoded(*self._problems)
        return journey

    def _settings(self, data: Any) -> JourneySettings | None:
        if not isinstance(data, dict):
            self._report(_("The settings of the journey are missing."), field="graph")
            return None
        try:
            settings = JourneySettings.model_validate(data)
        except ValidationError as error:
            wrong = problems_of(error, data)
        else:
            wrong = coerced(settings, data)
        for problem in wrong:
            self._report(problem.sentence, field=f"graph.{problem.path}" if problem.path else "graph")
        return settings if not wrong else None

    def _node(self, journey: Journey, n: int, item: Any) -> None:
        if not isinstance(item, dict):
            self._report(_("This is not an object."), field=f"nodes[{n}]")
            return
        node = item.get("id")
        if not is_node_id(node):
            self._report(_("A node id has {n} characters of A–Z and 2–7.").format(n=ID_LENGTH), field=f"nodes[{n}].id")
            return
        if node in self._titles:
            self._report(_("Another node has this id too; ids are never used twice."), node=node, field="id")
            return
        found = len(self._problems)
        self._titles[node] = ""
        title = self._name(item, node)
        self._titles[node] = title
        self._unknown_keys(item, _NODE, node=node)
        x, y = self._number(item, "x", node), self._number(item, "y", node)
        off = self._typed(item, "off", bool, False, node)
        comment = self._typed(item, "comment", str, "", node)
        kind = item.get("kind")
        settings = self._node_settings(item, node)
        if settings is None or len(self._problems) > found:
            return
        journey.add_node(node, settings, kind=str(kind), title=title, x=x, y=y, off=off, comment=comment)

    def _node_settings(self, item: dict[str, Any], node: str) -> Node | dict[str, Any] | None:
        kind, data = item.get("kind"), item.get("settings", {})
        if not isinstance(kind, str) or not kind:
            self._report(_("The kind of the node is missing."), node=node, field="kind")
            return None
        if not isinstance(data, dict):
            self._report(_("The settings are not an object."), node=node, field="settings")
            return None
        if kind not in self._kinds:
            return data
        try:
            settings = self._kinds[kind].model_validate(data)
        except ValidationError as error:
            wrong = problems_of(error, data)
        else:
            wrong = coerced(settings, data)
        for problem in wrong:
            field = f"settings.{problem.path}" if problem.path else "settings"
            self._report(problem.sentence, node=node, field=field)
        return settings if not wrong else None

    def _edge(self, journey: Journey, n: int, item: Any) -> None:
        field = f"edges[{n}]"
        if not isinstance(item, dict):
            self._report(_("This is not an object."), field=field)
            return
        self._unknown_keys(item, _EDGE, field=field)
        source, target, outlet = item.get("source"), item.get("target"), item.get("key")
        if not isinstance(outlet, str) or not outlet:
            self._report(_("The edge names no outlet as its key."), field=field)
            return
        if not self._known(source, f"{field}.source") or not self._known(target, f"{field}.target"):
            return
        there = self._led.get((source, outlet))
        if there is not None:
            self._report(
                _("Two edges leave from the outlet “{outlet}”: to {first} and to {second}. Remove one.").format(
                    outlet=outlet[:60], first=self._called(there), second=self._called(target)
                ),
                node=source,
                field=field,
            )
            return
        self._led[source, outlet] = target
        if source in journey and target in journey:
            # not by `connect`, which looks for an edge to replace: a node with very many edges would take for ever
            journey.graph.add_edge(source, target, key=outlet)

    def _known(self, node: object, field: str) -> TypeGuard[str]:
        if isinstance(node, str) and node in self._titles:
            return True
        self._report(_("The edge names node “{node}”, which does not exist.").format(node=str(node)[:60]), field=field)
        return False

    def _called(self, node: str) -> str:
        title = self._titles[node]
        return _("“{title}” ({node})").format(title=title, node=node) if title else node

    def _name(self, item: dict[str, Any], node: str) -> str:
        title = self._typed(item, "title", str, "", node)
        if (n := len(title)) > LONGEST_NAME:
            sentence = ngettext(
                "The title has {n} character; {most} is the most.",
                "The title has {n} characters; {most} is the most.",
                n,
            )
            self._report(sentence.format(n=n, most=LONGEST_NAME), node=node, field="title")
            return ""
        try:
            return one_line(title)
        except ValueError as error:
            self._report(str(error), node=node, field="title")
            return ""

    def _number(self, item: dict[str, Any], key: str, node: str) -> float:
        value = item.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._report(_("This is not a number."), node=node, field=key)
            return 0
        if abs(value) > FARTHEST:
            self._report(_("This place is off every canvas."), node=node, field=key)
            return 0
        return value

    def _typed(self, item: dict[str, Any], key: str, kind: type[Any], default: Any, node: str) -> Any:
        value = item.get(key, default)
        if not isinstance(value, kind):
            sentence = _("This is neither true nor false.") if kind is bool else _("This is not a text.")
            self._report(sentence, node=node, field=key)
            return default
        return value

    def _list(self, key: str) -> Iterator[Any]:
        value = self._data.get(key)
        if not isinstance(value, list):
            self._report(_("The list is missing."), field=key)
            return
        yield from value

    def _unknown_keys(self, item: dict[str, Any], known: tuple[str, ...], *, node: str = "", field: str = "") -> None:
        for key in item:
            if key not in known:
                here = key[:60]
                self._report(
                    _("A journey file has no such key.{suggestion}").format(suggestion=suggestion(here, known)),
                    node=node,
                    field=f"{field}.{here}" if field else here,
                )

    def _report(self, sentence: str, *, node: str = "", field: str = "") -> None:
        self._problems.append(located(sentence, node=node, title=self._titles.get(node, ""), field=field))
        if len(self._problems) >= MOST_PROBLEMS:
            raise NotDecoded(*self._problems)


def _unreadable(name: str, *problems: FileProblem) -> UnreadableJourney:
    return UnreadableJourney(name=name, problems=problems)


def _says(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return _("There is no such file.")
        case IsADirectoryError():
            return _("It is a folder.")
        case PermissionError():
            return _("This user may not read it.")
        case OSError(strerror=str(reason)):
            return _("The system says: {reason}.").format(reason=reason)
        case _:
            return _("The system says: {reason}.").format(reason=error)


def _keep_name(folder: Path) -> None:
    """Have the system write the folder down too, where it can: else a power cut may bring the old name back."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
