"""Render mails: subject, HTML and plain text.

*(measured, 22 kB of HTML with 52 rounds of a loop, 2 shared and busy cores)* 830 to 980 mails a second of computing once
prepared; preparing takes 80 ms, so a `Renderer` holds a template compiled to Python and is kept per published version (by
`Renderers`). Output beyond 2 MB and rendering beyond a second of computing are refused with a sentence.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

from jinja2 import meta, nodes
from jinja2.environment import Template as JinjaTemplate

from journeys.base.errors import KanwaError, suggestion
from journeys.base.i18n import N_, words_in
from journeys.messages.compile import Compiled, Source, compile_template
from journeys.messages.context import CONTACT_COLUMNS, NAMES, PARTS, Context
from journeys.messages.filters import LANGUAGE, ZONE
from journeys.messages.limits import MAX_OUTPUT, Budget, TooMuchMemory, TooMuchOutput, spending
from journeys.messages.place import TemplateError, place
from journeys.messages.plaintext import tidy
from journeys.messages.sandbox import NoSuchPart, Sandbox, TooNested, prepare
from journeys.messages.template import Template

#: characters of a subject; mail programs show some 60
MAX_SUBJECT = 500
#: the body may show the preheader as well
NAMES_WITHIN = NAMES | {"preheader"}


class CannotWorkOut(TemplateError):
    text: ClassVar[str] = N_("{where}: this cannot be worked out: {reason}.")


class LinkInTemplate(TemplateError):
    text: ClassVar[str] = N_("{where}: {reason}")


class EmptySubject(TemplateError):
    text: ClassVar[str] = N_("{where}: the subject is empty for this contact. Give it a fallback with “default”.")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail's words."""

    subject: str
    html: str
    text: str


class Part:
    """One Jinja source, prepared."""

    def __init__(self, sandbox: Sandbox, source: Source, template: str, names: frozenset[str] = NAMES) -> None:
        self._template = template
        self._source = source
        self._prepared = prepare(
            sandbox, source.text, template=template, file=source.file, names=names, lines=source.lines
        )

    def render(self, names: Mapping[str, Any]) -> str:
        made: list[str] = []
        length = 0
        prepared = self._prepared
        try:
            # what `generate` does, without its rewriting of tracebacks: the place is looked up below
            for chunk in prepared.root_render_func(prepared.new_context(dict(names))):
                length += len(chunk)
                if length > MAX_OUTPUT:
                    raise TooMuchOutput(most=MAX_OUTPUT)
                made.append(chunk)
        except TemplateError as error:
            raise error.at(self._where(error)) from error
        except KanwaError as error:
            raise LinkInTemplate(where=self._where(error), reason=str(error)) from error
        except RecursionError as error:
            raise TooNested(where=self._where(error)) from error
        except MemoryError as error:
            made.clear()
            raise TooMuchMemory(where=self._where(error)) from error
        except Exception as error:
            # whatever else a template brings about is its own mistake, and must not stop the mails beside it: Jinja
            # writes the constant 1e400 into the code it makes as a name, “inf”
            raise CannotWorkOut(where=self._where(error), reason=str(error).rstrip(".")) from error
        return "".join(made)

    def _where(self, error: BaseException) -> str:
        line: int | None = None
        trace = error.__traceback__
        while trace is not None:
            inside = trace.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(inside, JinjaTemplate) and inside is self._prepared:
                line = inside.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        if line is not None and self._source.lines is not None:
            line = self._source.lines.get(line)
        return place(self._template, self._source.file, line)


class Renderer:
    """One compiled template, ready to render. Safe to share between threads."""

    def __init__(self, compiled: Compiled) -> None:
        """Raises a TemplateError with file and line where the Jinja of a part is wrong."""
        key = compiled.template.key
        self.compiled = compiled
        self._subject = Part(_PLAIN, compiled.subject, key)
        self._preheader = Part(_PLAIN, compiled.preheader, key)
        self._html = Part(_HTML, compiled.html, key, NAMES_WITHIN)
        self._text = Part(_PLAIN, compiled.text, key, NAMES_WITHIN)

    def render(self, context: Context) -> Rendered:
        """The mail for one contact. Raises a TemplateError that says what is wrong and where.

        Marketing mail gets the unsubscribe link and the line on why one gets it, and any mail the postal address, unless
        the template has placed them.
        """
        names = self._names(context)
        with spending(Budget()):
            subject = self._subject_line(names)
            preheader = _one_line(self._preheader.render(names))
        with spending(Budget()):
            html = self._html.render({**names, "preheader": preheader})
        with spending(Budget()):
            written = self.compiled.template.text is not None
            text = tidy(self._text.render({**names, "preheader": preheader}), written=written)
        return Rendered(subject, _html_footer(html, context, names), _text_footer(text, context, names))

    def subject(self, context: Context) -> str:
        """The subject alone, for what is fixed when the message is made."""
        with spending(Budget()):
            return self._subject_line(self._names(context))

    def _names(self, context: Context) -> dict[str, Any]:
        language = self.compiled.template.language or context.contact.get("language") or context.language
        return {**context.names(), LANGUAGE: language, ZONE: context.zone}

    def _subject_line(self, names: Mapping[str, Any]) -> str:
        subject = _one_line(self._subject.render(names))[:MAX_SUBJECT]
        if not subject:
            raise EmptySubject(where=place(self.compiled.template.key, self.compiled.subject.file))
        return subject


class Renderers:
    """The renderers of the versions in use, made once each; the least recently used are dropped. Thread-safe."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._made: OrderedDict[tuple[int, str], Renderer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: int, key: str, load: Callable[[], Template]) -> Renderer:
        """The renderer of template `key` in published version `version`; `load` is asked the first time only."""
        with self._lock:
            if (found := self._made.get((version, key))) is not None:
                self._made.move_to_end((version, key))
                return found
        made = renderer(load())
        with self._lock:
            self._made[version, key] = made
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made


def renderer(template: Template) -> Renderer:
    """Compile a template and prepare it. Raises a TemplateError with file and line."""
    return Renderer(compile_template(template))


def undeclared(template: Template) -> tuple[str, ...]:
    """Names that the template uses and no context gives, sorted; preparing it refuses the first of them.

    Raises a TemplateError for what cannot be compiled at all.
    """
    compiled = compile_template(template)
    found: set[str] = set()
    for source in compiled.sources():
        found |= meta.find_undeclared_variables(_PLAIN.parse(source.text))
    return tuple(sorted(found - NAMES_WITHIN - set(_PLAIN.globals)))


def unknown_parts(compiled: Compiled, attribute_keys: frozenset[str]) -> list[TemplateError]:
    """What the template reads of contact, links, sender and event that is not there, whatever branch it stands in.

    `attribute_keys` are the attributes of the workspace. Rendering finds the same where it comes by; this is for checks.
    """
    known = {
        **PARTS,
        "contact": frozenset((*CONTACT_COLUMNS, "attr", *attribute_keys)),
        "contact.attr": attribute_keys,
    }
    found: list[TemplateError] = []
    for source in compiled.sources():
        for node in _PLAIN.parse(source.text).find_all((nodes.Getattr, nodes.Getitem)):
            *before, name = (_path(node) or "").split(".")
            parts = known.get(".".join(before))
            if parts is not None and name not in parts:
                line = node.lineno if source.lines is None else source.lines.get(node.lineno)
                where = place(compiled.template.key, source.file, line)
                found.append(NoSuchPart(where=where, name=name, suggestion=suggestion(name, parts)))
    return list({str(error): error for error in found}.values())


def names_used(compiled: Compiled) -> frozenset[str]:
    """Dotted names that the template reads, such as "contact.first_name" and "contact.attr.shoe_size"."""
    found: set[str] = set()
    for source in compiled.sources():
        for node in _PLAIN.parse(source.text).find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
            if (path := _path(node)) is not None and path.split(".")[0] in NAMES:
                found.add(path)
    return frozenset(path for path in found if not any(other.startswith(f"{path}.") for other in found))


def _path(node: nodes.Node) -> str | None:
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            before = _path(node.node)
            return before and f"{before}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=str() as name)):
            before = _path(node.node)
            return before and f"{before}.{name}"
        case _:
            return None


_HTML = Sandbox(autoescape=True)
_PLAIN = Sandbox(autoescape=False)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _footer_words(context: Context, names: Mapping[str, Any]) -> tuple[str, str, str]:
    """The link to unsubscribe, the reason why and the address, as far as this mail must have them."""
    link = names["links"]["unsubscribe"] if context.marketing else ""
    return link, context.why if context.marketing else "", context.sender.address


def _html_footer(html: str, context: Context, names: Mapping[str, Any]) -> str:
    link, why, address = _footer_words(context, names)
    lines = [escape(words) for words in (why, address) if words and escape(words) not in html]
    # looked for in the mail itself: a link inside a branch that was not taken does not count
    if link and escape(link) not in html:
        lines.append(
            f'<a href="{escape(link)}" style="color:#6b6b6b;">{escape(words_in(names[LANGUAGE])(N_("Unsubscribe")))}</a>'
        )
    if not lines:
        return html
    footer = (
        '<div style="padding:16px 24px;text-align:center;font-family:Helvetica,Arial,sans-serif;font-size:12px;'
        f'line-height:18px;color:#6b6b6b;">{"<br>".join(lines)}</div>'
    )
    end = html.rfind("</body>")
    return f"{html[:end]}{footer}{html[end:]}" if end >= 0 else html + footer


def _text_footer(text: str, context: Context, names: Mapping[str, Any]) -> str:
    link, why, address = _footer_words(context, names)
    lines = [words for words in (why, address) if words and words not in text]
    if link and link not in text:
        lines.append(words_in(names[LANGUAGE])(N_("Unsubscribe: {link}")).format(link=link))
    return text + ("\n-- \n" + "\n".join(lines) + "\n" if lines else "")
