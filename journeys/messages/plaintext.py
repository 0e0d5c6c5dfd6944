"""The plain text of an HTML body.

Made by the standard library's parser: of the libraries that do this, one is under the GPL and the other brings lxml and
a web client along. It keeps what a reader of plain text needs: paragraphs, lists, the targets of links, the words for
pictures. What is hidden on the screen is left out.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_PARAGRAPHS = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote"])
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_SILENT = frozenset(["head", "script", "style", "template", "title", "noscript"])
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)


#: breaks between blocks, worked out once the text is rendered: only then is it known which blocks are there
_LINE = "\ue000"
_PARAGRAPH = "\ue001"
_SPACE = rf"[ \t\n{_LINE}{_PARAGRAPH}]"
#: not the single space between two words, of which a mail has a thousand
_SPACES = re.compile(rf" {_SPACE}+|(?! ){_SPACE}+")


def plain_text(html: str, keep: str) -> str:
    """The text of `html`, with marks between its blocks that `tidy` makes line breaks of.

    `keep` is a pattern of comments that stand for something and stay.
    """
    writer = _Writer(re.compile(keep))
    writer.feed(html)
    writer.close()
    return writer.text()


def tidy(text: str, *, written: bool = False) -> str:
    """The text as it is sent: never more than one empty line, no space at ends of lines, one line break at the end.

    Marks of `plain_text` become breaks, where several meet the widest. A text `written` by a person keeps what stands
    before its lines.
    """
    if not written:
        text = _SPACES.sub(_spaces, text)
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _spaces(run: re.Match[str]) -> str:
    found = run[0]
    lines = found.count("\n")
    if _PARAGRAPH in found or lines > 1:
        return "\n\n"
    return "\n" if lines or _LINE in found else " "


class _Writer(HTMLParser):
    def __init__(self, keep: re.Pattern[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._keep = keep
        self._made: list[str] = []
        #: the break owed before the next word, and whether a space is
        self._owed = ""
        self._space = False
        #: open elements that say nothing; what is inside them is dropped
        self._silent: list[str] = []
        self._depth: list[str] = []
        self._links: list[tuple[str, int]] = []
        #: per open table, whether it only lays out
        self._layouts: list[bool] = []
        self._linked = False

    def text(self) -> str:
        return "".join(self._made)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _VOID:
            self._depth.append(tag)
            if self._silent or tag in _SILENT or _HIDDEN.search(given.get("style") or ""):
                self._silent.append(tag)
                return
        if self._silent:
            return
        self._break_around(tag)
        if tag == "br":
            self._write("\n")
        elif tag == "hr":
            self._write("---")
            self._break_around("div")
        elif tag == "li":
            self._write("- ")
        elif tag == "img":
            self._words(given.get("alt") or "")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self._made)))
        elif tag in ("td", "th"):
            self._space = True
        elif tag == "table":
            self._layouts.append(given.get("role") == "presentation")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or tag not in self._depth:
            return
        while (closed := self._depth.pop()) != tag:
            self._close(closed)
        self._close(tag)

    def _close(self, tag: str) -> None:
        if self._silent:
            if self._silent[-1] == tag:
                self._silent.pop()
            return
        if tag == "a" and self._links:
            href, start = self._links.pop()
            said = "".join(self._made[start:]).strip()
            if href and not href.startswith("#") and href not in (said, f"mailto:{said}"):
                self._space = bool(said)
                self._write(f"<{href}>")
                self._linked = True
        elif tag in ("td", "th") and self._linked:
            # cells that each lead somewhere, such as the scores of a survey, read better one a line
            self._linked = False
            self._owed = self._owed or _LINE
        elif tag == "table" and self._layouts:
            self._layouts.pop()
        self._break_around(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words(data)

    def handle_comment(self, data: str) -> None:
        # nothing is shown for it as such: it takes no part in white space
        if not self._silent and self._keep.fullmatch(f"<!--{data}-->"):
            self._write(f"<!--{data}-->")

    def _words(self, data: str) -> None:
        # a hair and non-breaking space stay; what pads preheaders goes
        data = re.sub("[\u200b\u200c\u034f\u00ad]", "", data)
        for part in re.split(r"([ \t\n\r\f]+)", data):
            if not part:
                continue
            if part.isspace() and part != "\u00a0":
                self._space = True
            else:
                self._write(part)

    def _write(self, text: str) -> None:
        if self._owed:
            self._made.append(self._owed)
        elif self._space and self._made and not self._made[-1].endswith(("\n", "- ")):
            self._made.append(" ")
        self._owed = ""
        self._space = False
        self._made.append(text)

    def _break_around(self, tag: str) -> None:
        # a row of a table that only lays out is a block of the mail, a row of figures is a line
        paragraph = tag in _PARAGRAPHS or (tag == "tr" and self._layouts[-1:] == [True])
        if paragraph:
            self._owed = _PARAGRAPH
        elif tag in _BLOCKS:
            self._owed = self._owed or _LINE
        else:
            return
        self._space = False
