"""A message template: the folder `messages/KEY/` and the value it loads into.

The folder is named by the template's key (lower-case letters, digits, hyphens) and holds

- `template.toml`:

  - `subject` (required): the subject line, Jinja
  - `preheader`: the line that mail programs show beside the subject, Jinja
  - `class`: `"marketing"` (default) or `"service"`; what a send node proposes
  - `purpose`: key of the purpose whose consent it needs, as a proposal to the send node
  - `survey`: key of the survey that its links answer
  - `programme`: key of the loyalty programme that it invites to
  - `language`: the language it is written in, such as `"en"`, which dates and numbers then follow; without it they follow
    the contact's
  - `attachments`, `inline`: names of files in the folder; an inline file is shown by `<… src="cid:NAME">`
  - `text`: the plain text body, Jinja, where the one made from the HTML will not do

- `email.mjml` or `email.html`: the body, Jinja
- `email.txt`: another place for the plain text body
- the attached and inline files

What Jinja may use is told in `journeys.messages.context`. All files are UTF-8.
"""

from __future__ import annotations

import base64
import mimetypes
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import resources
from journeys.base.catalogue import TemplateEntry
from journeys.base.errors import suggestion
from journeys.base.i18n import N_, _
from journeys.messages.place import TemplateError, place
from journeys.messages.subjects import subjects_needed

SETTINGS = "template.toml"
BODIES: Mapping[str, Markup] = {"email.mjml": "mjml", "email.html": "html"}
TEXT = "email.txt"

#: bytes of one body; ten times what Gmail shows before it clips
MAX_BODY = 1_000_000
#: bytes of a whole template as it is stored: servers refuse mails from 10 MB on, and attachments grow by a third
MAX_WHOLE = 7_000_000

Markup = Literal["mjml", "html"]
MessageClass = Literal["marketing", "service"]

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_TEXTS = ("subject", "preheader", "class", "purpose", "survey", "programme", "language", "text")
_LISTS = ("attachments", "inline")

# the system's tables differ from machine to machine, a mail must not
_TYPES = mimetypes.MimeTypes(filenames=())
_TYPES.add_type("text/calendar", ".ics")
_TYPES.add_type("image/webp", ".webp")


class NoTemplate(TemplateError):
    text: ClassVar[str] = N_("There is no template “{template}” in {folder}.{suggestion}")


class BadKey(TemplateError):
    text: ClassVar[str] = N_(
        "“{template}” cannot be the key of a template. Name the folder with lower-case letters, digits and hyphens."
    )


class MissingFile(TemplateError):
    text: ClassVar[str] = N_("{where}: the file is missing.{suggestion}")


class UnreadableFile(TemplateError):
    text: ClassVar[str] = N_("{where}: the file cannot be read: {reason}.")


class NotText(TemplateError):
    text: ClassVar[str] = N_("{where}: byte {byte} is not UTF-8. Save the file as UTF-8.")


class NotToml(TemplateError):
    text: ClassVar[str] = N_("{where}: this is not TOML: {reason}.")


class UnknownSetting(TemplateError):
    text: ClassVar[str] = N_("{where}: a template has no setting “{name}”.{suggestion}")


class WrongSetting(TemplateError):
    text: ClassVar[str] = N_("{where}: “{name}” must be {expected}.")


class NoSubject(TemplateError):
    text: ClassVar[str] = N_('{where}: the subject is missing. Add a line: subject = "…"')


class NoBody(TemplateError):
    text: ClassVar[str] = N_("{where}: the body is missing. Add email.mjml or email.html to the folder.")


class TwoBodies(TemplateError):
    text: ClassVar[str] = N_("{where}: the folder has email.mjml and email.html. Keep one of them.")


class TwoTexts(TemplateError):
    text: ClassVar[str] = N_("{where}: the plain text stands in template.toml and in email.txt. Keep one of them.")


class OutsideFolder(TemplateError):
    text: ClassVar[str] = N_("{where}: “{name}” must be the plain name of a file in the template's folder.")


class TooBig(TemplateError):
    text: ClassVar[str] = N_("{where}: {size} bytes are too many; at most {most} go into one template.")


class NotATemplate(TemplateError):
    text: ClassVar[str] = N_("{where}: what is stored is not a template that this version of Kanwa can read.")


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes along with every mail."""

    name: str
    #: MIME type, such as "image/png"
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Template:
    """One message template, with everything it is made from."""

    key: str
    subject: str
    body: str
    markup: Markup = "mjml"
    preheader: str = ""
    message_class: MessageClass = "marketing"
    purpose: str = ""
    survey: str = ""
    programme: str = ""
    language: str = ""
    #: plain text body as written; None: it is made from the HTML
    text: str | None = None
    attachments: tuple[File, ...] = ()
    inline: tuple[File, ...] = ()

    @property
    def body_file(self) -> str:
        """Name of the file the body stands in."""
        return f"email.{self.markup}"


def load(folder: Path) -> Template:
    """Read one template from its folder. Raises a `TemplateError` that names file and line."""
    key = checked_key(folder.name)
    if not folder.is_dir():
        raise NoTemplate(template=key, folder=folder.parent, suggestion=suggestion(key, keys(folder.parent)))
    source = _text(folder, SETTINGS)
    if source is None:
        raise MissingFile(where=place(key, SETTINGS), suggestion="")
    settings = _settings(key, source)
    bodies = {name: text for name in BODIES if (text := _text(folder, name)) is not None}
    if not bodies:
        raise NoBody(where=key)
    if len(bodies) > 1:
        raise TwoBodies(where=key)
    ((body_file, body),) = bodies.items()
    text = _text(folder, TEXT)
    if text is not None and "text" in settings:
        raise TwoTexts(where=key)
    template = Template(
        key=key,
        subject=settings["subject"],
        body=body,
        markup=BODIES[body_file],
        preheader=settings.get("preheader", ""),
        message_class=settings.get("class", "marketing"),
        purpose=settings.get("purpose", ""),
        survey=settings.get("survey", ""),
        programme=settings.get("programme", ""),
        language=settings.get("language", ""),
        text=settings.get("text", text),
        attachments=_files(folder, "attachments", settings, source),
        inline=_files(folder, "inline", settings, source),
    )
    _measure(template)
    return template


def checked_key(key: str) -> str:
    """The key, if a template can have it. Raises BadKey."""
    if not _KEY.fullmatch(key):
        raise BadKey(template=key)
    return key


def keys(folder: Path) -> list[str]:
    """Keys of the templates in a folder of templates, sorted; empty when there is no such folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{SETTINGS}"))


def load_all(folder: Path) -> dict[str, Template]:
    """Every template of a folder of templates, by key. Raises at the first that is broken."""
    return {key: load(folder / key) for key in keys(folder)}


def starters() -> Path:
    """The folder of starter templates that come with Kanwa."""
    return Path(resources.__file__).parent / "templates"


def catalogue_entry(template: Template) -> TemplateEntry:
    """What checks of a journey need to know of it."""
    return TemplateEntry(
        message_class=template.message_class,
        survey=template.survey,
        programme=template.programme,
        channels=channels_of({"body": template.body}),
        subjects=subjects_needed(template.subject, template.preheader, template.body, template.text or ""),
    )


def channels_of(stored: Mapping[str, Any]) -> frozenset[str]:
    """Channels that a template, as `to_json` stores it, has a text for."""
    return frozenset({"email"}) if stored.get("body") else frozenset()


def to_json(template: Template) -> dict[str, Any]:
    """The template as JSON, as it is stored with a published version; files in base64."""
    _measure(template)
    return {
        "key": template.key,
        "subject": template.subject,
        "preheader": template.preheader,
        "class": template.message_class,
        "purpose": template.purpose,
        "survey": template.survey,
        "programme": template.programme,
        "language": template.language,
        "markup": template.markup,
        "body": template.body,
        "text": template.text,
        "attachments": [_file_to_json(file) for file in template.attachments],
        "inline": [_file_to_json(file) for file in template.inline],
    }


def from_json(stored: Mapping[str, Any]) -> Template:
    """The template that `to_json` stored. Raises NotATemplate."""
    try:
        if stored["markup"] not in BODIES.values() or stored["class"] not in ("marketing", "service"):
            raise ValueError(stored["markup"])
        return Template(
            key=stored["key"],
            subject=stored["subject"],
            preheader=stored["preheader"],
            message_class=stored["class"],
            purpose=stored["purpose"],
            survey=stored["survey"],
            programme=stored["programme"],
            language=stored["language"],
            markup=stored["markup"],
            body=stored["body"],
            text=stored["text"],
            attachments=tuple(map(_file_from_json, stored["attachments"])),
            inline=tuple(map(_file_from_json, stored["inline"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotATemplate(where=str(stored.get("key", "?"))) from error


def _settings(key: str, source: str) -> dict[str, Any]:
    try:
        settings = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"\(at line (\d+), column \d+\)", str(error))
        number = int(line[1]) if line else source.count("\n") + 1
        raise NotToml(where=place(key, SETTINGS, number), reason=str(error).split(" (at ")[0]) from error
    for name, value in settings.items():
        where = place(key, SETTINGS, _line_of(source, name))
        if name in _TEXTS:
            if not isinstance(value, str):
                raise WrongSetting(where=where, name=name, expected=_("text in quotation marks"))
        elif name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise WrongSetting(where=where, name=name, expected=_('a list of file names, such as ["terms.pdf"]'))
        else:
            raise UnknownSetting(where=where, name=name, suggestion=suggestion(name, _TEXTS + _LISTS))
    if settings.get("class", "marketing") not in ("marketing", "service"):
        where = place(key, SETTINGS, _line_of(source, "class"))
        raise WrongSetting(where=where, name="class", expected=_('"marketing" or "service"'))
    for name in settings.get("inline", ()):
        # it becomes a Content-ID and stands in an address
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
            where = place(key, SETTINGS, _line_of(source, "inline"))
            raise WrongSetting(where=where, name=name, expected=_("named with letters, digits, “.”, “-” and “_”"))
    if not settings.get("subject", "").strip():
        raise NoSubject(where=place(key, SETTINGS))
    return settings


def _line_of(source: str, name: str) -> int | None:
    found = re.search(rf"^\s*[\"']?{re.escape(name)}[\"']?\s*[=\]]|^\s*\[+\s*{re.escape(name)}", source, re.MULTILINE)
    return source.count("\n", 0, found.end()) + 1 if found else None


def _text(folder: Path, name: str) -> str | None:
    data = _bytes(folder, name, most=MAX_BODY)
    if data is None:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotText(where=place(folder.name, name, line), byte=error.start + 1) from error
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _bytes(folder: Path, name: str, *, most: int, where: str = "") -> bytes | None:
    path = folder / name
    try:
        if not path.is_file():
            return None
        # a link in the folder could otherwise mail any file of this machine to everybody
        if path.resolve().parent != folder.resolve():
            raise OutsideFolder(where=where or place(folder.name, name), name=name)
        size = path.stat().st_size
        if size > most:
            raise TooBig(where=place(folder.name, name), size=size, most=most)
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(where=place(folder.name, name), reason=error.strerror or str(error)) from error


def _files(folder: Path, setting: str, settings: Mapping[str, Any], source: str) -> tuple[File, ...]:
    where = place(folder.name, SETTINGS, _line_of(source, setting))
    return tuple(_file(folder, name, where) for name in settings.get(setting, ()))


def _file(folder: Path, name: str, where: str) -> File:
    plain = name and name not in (".", "..") and not re.search(r"[/\\:\x00-\x1f\"<>]", name)
    if not plain:
        raise OutsideFolder(where=where, name=name)
    data = _bytes(folder, name, most=MAX_WHOLE, where=where)
    if data is None:
        others = (path.name for path in folder.iterdir() if path.is_file())
        raise MissingFile(where=place(folder.name, name), suggestion=suggestion(name, others))
    return File(name, content_type(name), data)


def content_type(name: str) -> str:
    """The MIME type of a file by its name; the same on every machine."""
    return _TYPES.guess_type(name)[0] or "application/octet-stream"


def _measure(template: Template) -> None:
    texts = (template.subject, template.preheader, template.body, template.text or "")
    size = sum(len(text.encode()) for text in texts) + sum(_encoded(file) for file in _all_files(template))
    if size > MAX_WHOLE:
        raise TooBig(where=template.key, size=size, most=MAX_WHOLE)


def _all_files(template: Template) -> Iterable[File]:
    return (*template.attachments, *template.inline)


def _encoded(file: File) -> int:
    return (len(file.data) + 2) // 3 * 4


def _file_to_json(file: File) -> dict[str, str]:
    return {"name": file.name, "type": file.content_type, "data": base64.b64encode(file.data).decode()}


def _file_from_json(stored: Mapping[str, str]) -> File:
    return File(stored["name"], stored["type"], base64.b64decode(stored["data"], validate=True))
