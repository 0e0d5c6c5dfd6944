"""Journey text to plain JSON values, refusing what no journey holds and saying where it stands."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from journeys.base.i18n import _, ngettext
from journeys.graph.problems import FileProblem

#: a journey of 2,000 nodes takes about 1 MB
MOST_CHARACTERS = 32_000_000
LONGEST_TEXT = 100_000
#: criteria in groups in groups: people get lost long before
DEEPEST = 64
#: whole numbers of both databases have 64 bits; 18 digits always fit
_MOST_DIGITS = 18
#: after so many problems the file is something else, and telling more helps nobody
MOST_PROBLEMS = 1000
#: longest name from a file that a sentence repeats
_SHOWN = 60

Path = tuple[str | int, ...]


class NotDecoded(Exception):
    """Carries the problems found; the reader turns them into its own error."""

    def __init__(self, *problems: FileProblem) -> None:
        super().__init__()
        self.problems = problems


def decode(text: str) -> dict[str, Any]:
    """The object the text stands for. Raises NotDecoded with every problem found, or the one that ends reading."""
    if len(text) > MOST_CHARACTERS:
        raise NotDecoded(FileProblem(_("It has more than {n} characters.").format(n=MOST_CHARACTERS)))
    if not text.strip("\ufeff \t\r\n"):
        raise NotDecoded(FileProblem(_("It is empty.")))
    twice: dict[int, tuple[dict[str, Any], str]] = {}

    def made_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in pairs:
            if key in made:
                # the object itself is kept so that its id stays its own
                twice[id(made)] = (made, key)
            made[key] = value
        return made

    try:
        value = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=made_object, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise NotDecoded(FileProblem(_broken(error))) from None
    except RecursionError:
        raise NotDecoded(FileProblem(_too_deep())) from None
    if not isinstance(value, dict):
        raise NotDecoded(FileProblem(_("It is no journey: the outermost value is not an object.")))
    if not twice and _is_plain(value):
        return value
    found = _refused(value, {key: name for key, (_made, name) in twice.items()}, value)
    problems = list(islice(found, MOST_PROBLEMS))
    if problems:
        raise NotDecoded(*problems)
    return value


def _is_plain(value: dict[str, Any]) -> bool:
    """Whether nothing is refused in it, seen level by level and without a place to tell: 35 → 8 ms at 2,000 nodes."""
    level: list[Any] = [value]
    keys: set[str] = set()
    for _depth in range(DEEPEST):
        below: list[Any] = []
        for here in level:
            if type(here) is dict:
                keys.update(here)
                items: Iterable[Any] = here.values()
            else:
                items = here
            for item in items:
                kind = type(item)
                if kind is str:
                    if (len(item) > LONGEST_TEXT or "\x00" in item or not item.isascii()) and _wrong_text(
                        item
                    ) is not None:
                        return False
                elif kind is dict or kind is list:
                    below.append(item)
                elif kind is float and not math.isfinite(item):
                    return False
        if not below:
            return all(_wrong_text(key) is None for key in keys)
        level = below
    return False


def problems_of_value(value: Any) -> Iterator[FileProblem]:
    """What keeps a plain JSON value from standing in a journey file: texts too long or broken, nesting, numbers."""
    yield from _refused({}, {}, value)


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= _MOST_DIGITS else math.inf


def _broken(error: json.JSONDecodeError) -> str:
    return _(
        "It is not valid JSON: line {line}, column {column}: {reason}. Undo the last change made by hand, or open an earlier copy."
    ).format(line=error.lineno, column=error.colno, reason=error.msg[:1].lower() + error.msg[1:])


def _too_deep() -> str:
    return _("It is nested more than {n} levels deep.").format(n=DEEPEST)


def _refused(root: Any, twice: dict[int, str], here: Any, path: Path = ()) -> Iterator[FileProblem]:
    """What JSON allows and a journey does not; goes no deeper than a journey may."""
    match here:
        case dict() | list() if len(path) > DEEPEST:
            yield _problem(root, path, _("This is nested more than {n} levels deep.").format(n=DEEPEST))
        case dict():
            if id(here) in twice:
                key = twice[id(here)]
                yield _problem(root, (*path, key), _("The key “{key}” stands there twice.").format(key=key[:_SHOWN]))
            for key, item in here.items():
                if (wrong := _wrong_text(key)) is not None:
                    yield _problem(root, (*path, "?"), wrong)
                yield from _refused(root, twice, item, (*path, key))
        case list():
            for n, item in enumerate(here):
                # a list may hold millions of whole numbers, and nothing can be wrong with one
                if type(item) is not int:
                    yield from _refused(root, twice, item, (*path, n))
        case str():
            if (wrong := _wrong_text(here)) is not None:
                yield _problem(root, path, wrong)
        case float() if not math.isfinite(here):
            yield _problem(root, path, _("This is no number that can be kept."))
        case _:
            pass


def _wrong_text(text: str) -> str | None:
    if (n := len(text)) > LONGEST_TEXT:
        return ngettext(
            "The text has {n} character; {most} is the most.", "The text has {n} characters; {most} is the most.", n
        ).format(n=n, most=LONGEST_TEXT)
    if "\x00" in text:
        return _("The text holds a NUL character.")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        return _("The text holds half of a surrogate pair, which is no character.")
    return None


def _problem(root: Any, path: Path, sentence: str) -> FileProblem:
    node, field = place_of(root, path)
    return located(sentence, node=node, field=field)


def located(sentence: str, *, node: str = "", title: str = "", field: str = "") -> FileProblem:
    """A problem whose sentence says where it is."""
    match bool(node), bool(title), bool(field):
        case True, True, True:
            template = _("Node “{title}” ({node}), {field}: {sentence}")
        case True, True, False:
            template = _("Node “{title}” ({node}): {sentence}")
        case True, False, True:
            template = _("Node {node}, {field}: {sentence}")
        case True, False, False:
            template = _("Node {node}: {sentence}")
        case _, _, True:
            template = _("{field}: {sentence}")
        case _:
            template = "{sentence}"
    return FileProblem(template.format(node=node, title=title, field=field, sentence=sentence), node, field)


def place_of(root: Any, path: Path) -> tuple[str, str]:
    """(node id, field) of a path into the whole file; no id where it leads into no node that has one."""
    match path:
        case ("nodes", int(n), *rest) if isinstance(root["nodes"][n], dict):
            node = root["nodes"][n].get("id")
            if isinstance(node, str) and node and len(node) <= _SHOWN:
                return node, dotted(rest)
    return "", dotted(path)


def dotted(path: Sequence[str | int]) -> str:
    """“settings.rule.amount”, “nodes[3]”."""
    said = ""
    for part in path:
        said += f"[{part}]" if isinstance(part, int) else f".{part[:_SHOWN]}" if said else part[:_SHOWN]
    return said
