"""Make the body of a template ready for rendering, once per published version: MJML to HTML, styles into the elements, and
the plain text out of the HTML. Jinja survives all of it and is rendered per message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import ClassVar

import css_inline
import mrml

from journeys.base.errors import suggestion
from journeys.base.i18n import N_
from journeys.messages.place import TemplateError, place
from journeys.messages.plaintext import plain_text
from journeys.messages.protect import Protected
from journeys.messages.sandbox import Sandbox
from journeys.messages.template import SETTINGS, TEXT, Template


class BrokenMjml(TemplateError):
    text: ClassVar[str] = N_("{where}: this is not MJML: {reason}.")


class NoMjmlBody(TemplateError):
    text: ClassVar[str] = N_("{where}: the body is empty. MJML needs <mjml><mj-body> … </mj-body></mjml>.")


class MjInclude(TemplateError):
    text: ClassVar[str] = N_("{where}: <mj-include> is not supported. Put its content here.")


class PreheaderTwice(TemplateError):
    text: ClassVar[str] = N_("{where}: the preheader stands in template.toml and in <mj-preview>. Keep one of them.")


class UnknownImage(TemplateError):
    text: ClassVar[str] = N_(
        '{where}: “cid:{name}” names no inline file.{suggestion} Files are named in template.toml: inline = ["{name}"]'
    )


class UnusedImage(TemplateError):
    text: ClassVar[str] = N_(
        '{where}: the inline file “{name}” is shown nowhere. Show it with src="cid:{name}" or take it out of “inline”.'
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Jinja source of one part of a mail."""

    #: the file its author wrote it in
    file: str
    text: str
    #: {line of `text`: line of the file}; None: they are the same
    lines: Mapping[int, int] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to be rendered: Jinja sources of all its parts."""

    template: Template
    subject: Source
    preheader: Source
    html: Source
    text: Source

    def sources(self) -> tuple[Source, ...]:
        """All parts, in the order in which people read them."""
        return (self.subject, self.preheader, self.html, self.text)


def compile_template(template: Template) -> Compiled:
    """Compile the body. Raises a TemplateError with file and line; Jinja itself is read when it is rendered."""
    protected = Protected(template.body, Sandbox(autoescape=True), template=template.key, file=template.body_file)
    protected.check_depth()
    html = _mjml(template, protected) if template.markup == "mjml" else _whole(protected.markup)
    html = protected.rows_inside(_INLINER.inline(html))
    _check_images(template, html)
    lines: Mapping[int, int] | None
    if template.text is None:
        # what stands only in styles and pictures is not in the text
        text, lines = protected.restore(plain_text(html, protected.stand_in()), all_pieces=False)
        text_file = template.body_file
    else:
        text, lines, text_file = template.text, None, TEXT
    body, body_lines = protected.restore(html)
    return Compiled(
        template=template,
        subject=Source(SETTINGS, template.subject),
        preheader=Source(SETTINGS, template.preheader),
        html=Source(template.body_file, _with_preheader(template, body), body_lines),
        text=Source(text_file, text, lines),
    )


# styles stay as well: what is asked of the width of the screen cannot stand in an element
_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
_POSITION = re.compile(r" at position (\d+):(\d+)$")


def _mjml(template: Template, protected: Protected) -> str:
    if not protected.markup.strip():
        raise NoMjmlBody(where=place(template.key, template.body_file))
    protected.check_tags()
    if (include := re.search(r"<mj-include\b", protected.markup)) is not None:
        raise MjInclude(where=place(template.key, template.body_file, protected.line(include.start())))
    if not re.search(r"<mj-body\b", protected.markup):
        raise NoMjmlBody(where=place(template.key, template.body_file))
    try:
        made = mrml.to_html(protected.markup)
    except OSError as error:
        # the library raises OSError for every error of the source
        found = _POSITION.search(str(error))
        line = protected.line(int(found[1])) if found else None
        reason = _POSITION.sub("", str(error))
        raise BrokenMjml(where=place(template.key, template.body_file, line), reason=reason) from error
    if made.preview and template.preheader:
        raise PreheaderTwice(where=place(template.key, SETTINGS))
    html = str(made.content)
    # readers of screens choose their voice by it; “und” is what MJML writes where <mjml> does not say
    return html.replace('lang="und"', f'lang="{escape(template.language)}"', 1) if template.language else html


def _whole(html: str) -> str:
    """A page of its own: a parser would put what opens a fragment, such as a loop, before the page that it adds."""
    if re.search(r"<(?:html|body)\b", html, re.IGNORECASE):
        return html
    return f"<!doctype html><html><head></head><body>{html}</body></html>"


def _with_preheader(template: Template, html: str) -> str:
    """The line beside the subject, hidden at the top of the body, and padded so that no other text runs into it.

    The line itself is rendered by itself, so that an error in it is found in template.toml.
    """
    if not template.preheader:
        return html
    hidden = (
        '<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;">'
        f"{{{{ preheader }}}}{'&#847;&zwnj;&nbsp;' * 40}</div>"
    )
    body = re.search(r"<body\b[^>]*>", html)
    return f"{html[: body.end()]}{hidden}{html[body.end() :]}" if body else hidden + html


def _check_images(template: Template, html: str) -> None:
    names = {file.name for file in template.inline}
    shown = set(re.findall(r"cid:([^\"'\s)>]+)", html))
    for name in sorted(shown - names):
        line = template.body[: template.body.find(f"cid:{name}")].count("\n") + 1
        where = place(template.key, template.body_file, line)
        raise UnknownImage(where=where, name=name, suggestion=suggestion(name, names))
    for name in sorted(names - shown):
        raise UnusedImage(where=place(template.key, SETTINGS), name=name)
