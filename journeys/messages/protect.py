"""Carry Jinja through tools that know only markup.

MJML and the CSS inliner parse markup: a `{% for %}` between table rows would be moved out of the table, a `<` inside
`{{ }}` read as a tag. So each piece of Jinja is replaced by a stand-in that the tools leave where it is: a comment
between tags, a word inside attributes and texts like `<title>`. Afterwards the pieces are put back.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from jinja2 import Environment, TemplateSyntaxError

from journeys.base.errors import suggestion
from journeys.base.i18n import N_
from journeys.messages.place import TemplateError, place


class JinjaSyntax(TemplateError):
    text: ClassVar[str] = N_("{where}: {reason}.")


class JinjaNotClosed(TemplateError):
    text: ClassVar[str] = N_("{where}: “{piece}” is never closed.")


class LostPiece(TemplateError):
    text: ClassVar[str] = N_(
        "{where}: “{piece}” stands where MJML leaves it out. Move it into the text or the value of an attribute."
    )


class NotClosed(TemplateError):
    text: ClassVar[str] = N_("{where}: <{tag}> is never closed.")


class ClosedByOther(TemplateError):
    text: ClassVar[str] = N_("{where}: </{tag}> closes nothing; <{open}> of line {line} is still open.")


class ClosesNothing(TemplateError):
    text: ClassVar[str] = N_("{where}: </{tag}> closes nothing.")


class UnknownTag(TemplateError):
    text: ClassVar[str] = N_("{where}: MJML has no <{tag}>.{suggestion}")


class TagsTooDeep(TemplateError):
    text: ClassVar[str] = N_(
        "{where}: <{tag}> is nested too deeply; at most {most} elements may stand inside one another."
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """One tag of Jinja, as written, and its line."""

    source: str
    line: int


#: elements whose content is text and not markup
_TEXT_ONLY = frozenset(("style", "title", "script", "textarea", "mj-style", "mj-title", "mj-preview"))
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_MJML = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-include",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-breakpoint",
        "mj-font",
        "mj-html-attributes",
        "mj-selector",
        "mj-html-attribute",
        "mj-preview",
        "mj-style",
        "mj-title",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-title",
        "mj-accordion-text",
        "mj-button",
        "mj-carousel",
        "mj-carousel-image",
        "mj-column",
        "mj-divider",
        "mj-group",
        "mj-hero",
        "mj-image",
        "mj-navbar",
        "mj-navbar-link",
        "mj-raw",
        "mj-section",
        "mj-social",
        "mj-social-element",
        "mj-spacer",
        "mj-table",
        "mj-text",
        "mj-wrapper",
    ]
)
#: elements inside one another; the tools' own stacks overflow from some thousands on, and take the process with them
MAX_DEPTH = 200
#: elements that the next of their kind ends
_ENDED_BY_NEXT = frozenset(["p", "li", "dt", "dd", "option", "tr", "td", "th", "tbody", "thead", "tfoot"])
_MARKUP = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[!?][^>]*>"
    r"|<(?P<end>/?)(?P<tag>[a-zA-Z][^\s/>]*)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^\"'>])*)>",
    re.DOTALL,
)


class Protected:
    """A body with stand-ins for its Jinja."""

    def __init__(self, source: str, environment: Environment, *, template: str, file: str) -> None:
        """Raises JinjaSyntax with the line where a tag of Jinja is not closed."""
        self._template = template
        self._file = file
        self._prefix = "kanwa"
        while self._prefix in source:
            self._prefix += "k"
        self._pieces: list[Piece] = []
        #: (offset in `markup`, line in the source), to find lines again
        self._lines: list[tuple[int, int]] = [(0, 1)]
        text = self._replace_jinja(source, environment)
        #: tags as (offset, name, whether it closes, whether it closes itself)
        self._tags: list[tuple[int, str, bool, bool]] = []
        self.markup = self._with_comments(text)

    def line(self, offset: int) -> int:
        """The line of the source for a place in `markup`."""
        start, line = self._lines[bisect_right(self._lines, offset, key=lambda pair: pair[0]) - 1]
        return line + self.markup.count("\n", start, offset)

    def check_depth(self) -> None:
        """Raise where more elements stand inside one another than the tools can take."""
        open_tags: list[str] = []
        for offset, tag, closes, closes_itself in self._tags:
            if tag in _VOID or tag in _ENDED_BY_NEXT or (closes_itself and tag.startswith("mj")):
                continue
            if not closes:
                open_tags.append(tag)
            elif tag in open_tags:
                while open_tags.pop() != tag:
                    pass
            if len(open_tags) > MAX_DEPTH:
                where = place(self._template, self._file, self.line(offset))
                raise TagsTooDeep(where=where, tag=tag, most=MAX_DEPTH)

    def check_tags(self) -> None:
        """Raise for the first tag of MJML that is unknown or not closed; MJML's own errors name no line."""
        open_tags: list[tuple[str, int]] = []
        for offset, tag, closes, closes_itself in self._tags:
            line = self.line(offset)
            where = place(self._template, self._file, line)
            if (tag.startswith("mj-") or not open_tags) and tag not in _MJML:
                raise UnknownTag(where=where, tag=tag, suggestion=suggestion(tag, _MJML))
            if closes:
                if not open_tags:
                    raise ClosesNothing(where=where, tag=tag)
                opened, opened_line = open_tags.pop()
                if opened != tag:
                    raise ClosedByOther(where=where, tag=tag, open=opened, line=opened_line)
            elif not closes_itself and tag not in _VOID:
                open_tags.append((tag, line))
        if open_tags:
            tag, line = open_tags[-1]
            raise NotClosed(where=place(self._template, self._file, line), tag=tag)

    def restore(self, compiled: str, *, all_pieces: bool = True) -> tuple[str, dict[int, int]]:
        """The compiled markup with its Jinja put back, and {line in it: line in the source}.

        Each piece starts a line of its own, inside its delimiters where white space means nothing, so that an error
        found in the compiled text still knows its line in the source. Raises LostPiece when one is gone, if all must be
        there.
        """
        seen: set[int] = set()
        lines: dict[int, int] = {}
        made: list[str] = []
        line = 1
        for literal, number in self._split(compiled):
            # what the tools decoded from entities must not become Jinja
            literal = re.sub(r"\{(?=[{%#])", '{{ "{" }}', literal)
            made.append(literal)
            line += literal.count("\n")
            if number is None:
                continue
            seen.add(number)
            piece = self._pieces[number]
            text = piece.source if _RAW.match(piece.source) else _BEGIN.sub(r"\g<0>\n", piece.source, count=1)
            for extra in range(text.count("\n") + 1):
                lines[line + extra] = piece.line + max(0, extra - 1)
            made.append(text)
            line += text.count("\n")
        for number, piece in enumerate(self._pieces):
            if all_pieces and number not in seen:
                where = place(self._template, self._file, piece.line)
                raise LostPiece(where=where, piece=piece.source)
        return "".join(made), lines

    def rows_inside(self, compiled: str) -> str:
        """Move stand-ins that stood before a `<tr>` into the `<tbody>` that HTML put around the rows.

        Else a loop over rows would open a body each time and close it once.
        """
        comment = self._comment("[0-9]+")
        before_rows = set(re.findall(rf"({comment})\s*<tr\b", self.markup))
        made: list[str] = []
        at = 0
        #: where the stand-ins that lie side by side began, and the last of them
        run: tuple[int, str] | None = None
        for found in re.finditer(rf"({comment})|<tbody>|[^\s<]+|<", compiled):
            if found[1]:
                run = (run[0] if run else found.start(), found[1])
            elif found[0] == "<tbody>" and run and run[1] in before_rows:
                made += compiled[at : run[0]], "<tbody>", compiled[run[0] : found.start()]
                at = found.end()
                run = None
            else:
                run = None
        return "".join(made) + compiled[at:]

    def stand_in(self) -> str:
        """Pattern of any stand-in."""
        return rf"{self._comment(r'[0-9]+')}|{self._word('[0-9]+')}(?:=\"\")?"

    def _split(self, compiled: str) -> Iterator[tuple[str, int | None]]:
        at = 0
        for found in re.finditer(self.stand_in(), compiled):
            number = int(re.sub(r"\D", "", found[0].removeprefix("<!--").removeprefix(self._prefix)))
            yield compiled[at : found.start()], number
            at = found.end()
        yield compiled[at:], None

    def _word(self, number: str) -> str:
        return f"{self._prefix}{number}z"

    def _comment(self, number: str) -> str:
        return f"<!--{self._word(number)}-->"

    def _replace_jinja(self, source: str, environment: Environment) -> str:
        made: list[str] = []
        length = 0
        for text, line, is_jinja in _pieces(source, environment, self._template, self._file):
            if is_jinja:
                made.append(self._word(str(len(self._pieces))))
                self._pieces.append(Piece(text, line))
            else:
                made.append(text)
            length += len(made[-1])
            self._lines.append((length, line + text.count("\n")))
        return "".join(made)

    def _with_comments(self, text: str) -> str:
        """Words between tags become comments; `_lines` follow."""
        made: list[str] = []
        #: where words ended that have grown into comments
        grown: list[int] = []
        length = at = 0
        text_only: str | None = None
        word = re.compile(self._word("([0-9]+)"))

        def add(part: str, *, between_tags: bool, start: int) -> None:
            nonlocal length
            if between_tags:
                for found in word.finditer(part):
                    grown.append(start + found.end())
                part = word.sub(lambda found: self._comment(found[1]), part)
            made.append(part)
            length += len(part)

        for found in _MARKUP.finditer(text):
            add(text[at : found.start()], between_tags=text_only is None, start=at)
            tag = (found["tag"] or "").lower()
            if tag and (text_only is None or (found["end"] and tag == text_only)):
                itself = found["rest"].endswith("/")
                self._tags.append((length, tag, bool(found["end"]), itself))
                text_only = tag if tag in _TEXT_ONLY and not found["end"] and not itself else None
            add(found[0], between_tags=False, start=found.start())
            at = found.end()
        add(text[at:], between_tags=text_only is None, start=at)
        self._lines = [(offset + len("<!---->") * bisect_right(grown, offset), line) for offset, line in self._lines]
        return "".join(made)


_BEGIN = re.compile(r"\{[{%][-+]?")
_RAW = re.compile(r"\{%[-+]?\s*raw\b")


def _pieces(source: str, environment: Environment, template: str, file: str) -> Iterator[tuple[str, int, bool]]:
    """(text, line, whether it is Jinja); comments of Jinja are dropped, a raw block is one piece."""
    begin: tuple[list[str], int] | None = None
    end = ""
    try:
        for line, kind, value in environment.lexer.tokeniter(source, None):
            if begin is not None:
                begin[0].append(value)
                if kind == end:
                    yield "".join(begin[0]), begin[1], True
                    begin = None
            elif kind == "data":
                yield value, line, False
            elif kind in ("variable_begin", "block_begin", "raw_begin"):
                begin = ([value], line)
                end = kind.replace("begin", "end")
    except TemplateSyntaxError as error:
        raise JinjaSyntax(
            where=place(template, file, error.lineno), reason=(error.message or "").rstrip(".")
        ) from error
    if begin is not None:
        raise JinjaNotClosed(
            where=place(template, file, begin[1]), piece="".join(begin[0]).splitlines()[0][:40].strip()
        )
