"""A template back into its folder, as people edit it."""

from __future__ import annotations

from pathlib import Path

from journeys.messages.template import BODIES, SETTINGS, TEXT, Template


def write(template: Template, messages: Path) -> None:
    """Write a template into its folder among the templates, in place of what such a folder holds.

    `load` gives the same template again; other files that lie there stay. Raises OSError.
    """
    import tomlkit  # slow to import, and only needed to write

    folder = messages / template.key
    folder.mkdir(parents=True, exist_ok=True)
    document = tomlkit.document()
    for name, value in (
        ("subject", template.subject),
        ("preheader", template.preheader),
        ("class", template.message_class),
        ("purpose", template.purpose),
        ("survey", template.survey),
        ("programme", template.programme),
        ("language", template.language),
    ):
        if value:
            document.add(name, tomlkit.item(value))
    for name, files in (("attachments", template.attachments), ("inline", template.inline)):
        if files:
            document.add(name, tomlkit.item([file.name for file in files]))
    for name in (*BODIES, TEXT):
        # two bodies in one folder would be none
        (folder / name).unlink(missing_ok=True)
    (folder / SETTINGS).write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")
    (folder / template.body_file).write_text(template.body, encoding="utf-8", newline="\n")
    if template.text is not None:
        (folder / TEXT).write_text(template.text, encoding="utf-8", newline="\n")
    for file in (*template.attachments, *template.inline):
        (folder / file.name).write_bytes(file.data)
