"""Loading `messages/KEY/`: what it may hold, and the sentence for what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from journeys.base.catalogue import TemplateEntry
from journeys.messages.place import TemplateError
from journeys.messages.template import File, Template, catalogue_entry, from_json, keys, load, load_all, to_json

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    def make(toml: str = 'subject = "Hello"\n', key: str = "news", **files: str | bytes) -> Path:
        made = tmp_path / "messages" / key
        made.mkdir(parents=True)
        (made / "template.toml").write_text(toml)
        for name, content in ({"email__html": "<p>Hi</p>"} | files).items():
            data = content if isinstance(content, bytes) else content.encode()
            if data:
                (made / name.replace("__", ".")).write_bytes(data)
        return made

    return make


def wrong(path: Path) -> str:
    with pytest.raises(TemplateError) as caught:
        load(path)
    return str(caught.value)


def test_a_folder_loads_with_all_its_settings(folder: Folder) -> None:
    toml = """
subject = "Hello {{ contact.first_name }}"
preheader = "Look inside"
class = "service"
purpose = "newsletter"
survey = "nps"
programme = "club"
language = "en"
attachments = ["terms.txt"]
inline = ["logo.png"]
"""
    path = folder(toml, email__html='<img src="cid:logo.png">', email__txt="Hi", terms__txt="T", logo__png=b"\x89PNG")
    assert load(path) == Template(
        key="news",
        subject="Hello {{ contact.first_name }}",
        body='<img src="cid:logo.png">',
        markup="html",
        preheader="Look inside",
        message_class="service",
        purpose="newsletter",
        survey="nps",
        programme="club",
        language="en",
        text="Hi",
        attachments=(File("terms.txt", "text/plain", b"T"),),
        inline=(File("logo.png", "image/png", b"\x89PNG"),),
    )


def test_what_is_stored_reads_back_equal(folder: Folder) -> None:
    template = load(folder('subject = "Ł"\nattachments = ["a.bin"]\n', a__bin=bytes(range(256))))
    assert from_json(to_json(template)) == template


def test_what_is_stored_and_is_no_template_is_said() -> None:
    with pytest.raises(TemplateError, match=r"news: what is stored is not a template that this version of Kanwa"):
        from_json({"key": "news", "subject": 3})


def test_the_catalogue_learns_class_survey_and_programme(folder: Folder) -> None:
    template = load(folder('subject = "x"\nclass = "service"\nsurvey = "nps"\nprogramme = "club"\n'))
    assert catalogue_entry(template) == TemplateEntry("service", "nps", "club", frozenset({"email"}))


def test_all_templates_of_a_folder_load_by_key(folder: Folder) -> None:
    folder(key="b")
    path = folder(key="a").parent
    (path / "notes").mkdir()
    assert keys(path) == ["a", "b"]
    assert sorted(load_all(path)) == ["a", "b"]


def test_a_mistyped_setting_names_line_and_nearest(folder: Folder) -> None:
    path = folder('subject = "x"\n\nsurvy = "nps"\n')
    assert wrong(path) == "news/template.toml, line 3: a template has no setting “survy”. The nearest is “survey”."


def test_broken_toml_names_the_line(folder: Folder) -> None:
    assert wrong(folder('subject = "x"\nclass = \n')) == "news/template.toml, line 2: this is not TOML: Invalid value."


def test_an_unknown_class_is_said(folder: Folder) -> None:
    path = folder('subject = "x"\nclass = "spam"\n')
    assert wrong(path) == 'news/template.toml, line 2: “class” must be "marketing" or "service".'


def test_a_setting_of_another_type_is_said(folder: Folder) -> None:
    assert wrong(folder("subject = 3\n")) == "news/template.toml, line 1: “subject” must be text in quotation marks."


def test_a_subject_is_needed(folder: Folder) -> None:
    expected = 'news/template.toml: the subject is missing. Add a line: subject = "…"'
    assert wrong(folder('class = "service"\n')) == expected


def test_a_body_is_needed(folder: Folder) -> None:
    path = folder(email__html=b"")
    assert wrong(path) == "news: the body is missing. Add email.mjml or email.html to the folder."


def test_two_bodies_are_one_too_many(folder: Folder) -> None:
    path = folder(email__mjml="<mjml></mjml>")
    assert wrong(path) == "news: the folder has email.mjml and email.html. Keep one of them."


def test_two_texts_are_one_too_many(folder: Folder) -> None:
    path = folder('subject = "x"\ntext = "a"\n', email__txt="b")
    assert wrong(path) == "news: the plain text stands in template.toml and in email.txt. Keep one of them."


def test_a_missing_attachment_names_the_nearest_file(folder: Folder) -> None:
    path = folder('subject = "x"\nattachments = ["term.txt"]\n', terms__txt="T")
    assert wrong(path) == "news/term.txt: the file is missing. The nearest is “terms.txt”."


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", ""])
def test_a_file_outside_the_folder_is_refused(folder: Folder, name: str) -> None:
    path = folder(f'subject = "x"\nattachments = ["{name}"]\n')
    assert wrong(path) == (
        f"news/template.toml, line 2: “{name}” must be the plain name of a file in the template's folder."
    )


def test_a_link_out_of_the_folder_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    path = folder('subject = "x"\nattachments = ["terms"]\n')
    (path / "terms").symlink_to(tmp_path / "secret")
    assert "“terms” must be the plain name" in wrong(path)


@pytest.mark.parametrize("name", ["email.html", "email.txt", "template.toml"])
def test_no_text_of_a_template_is_a_link_out_of_the_folder(folder: Folder, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text('subject = "secret"')
    path = folder()
    (path / name).unlink(missing_ok=True)
    (path / name).symlink_to(tmp_path / "secret")
    assert wrong(path) == f"news/{name}: “{name}” must be the plain name of a file in the template's folder."


def test_bytes_that_are_not_utf_8_name_the_line(folder: Folder) -> None:
    path = folder(email__html=b"<p>\nZa\xbf\xf3\xb3\xe6</p>")
    assert wrong(path) == "news/email.html, line 2: byte 7 is not UTF-8. Save the file as UTF-8."


def test_a_body_too_big_is_refused(folder: Folder) -> None:
    path = folder(email__html="x" * 1_000_001)
    assert wrong(path) == "news/email.html: 1000001 bytes are too many; at most 1000000 go into one template."


def test_attachments_too_big_together_are_refused(folder: Folder) -> None:
    path = folder('subject = "x"\nattachments = ["a", "b"]\n', a=b"x" * 3_000_000, b=b"x" * 3_000_000)
    assert wrong(path) == "news: 8000010 bytes are too many; at most 7000000 go into one template."


def test_an_unknown_key_names_the_nearest(folder: Folder, tmp_path: Path) -> None:
    folder(key="nps-survey")
    where = tmp_path / "messages"
    assert wrong(where / "nps-surve") == (f"There is no template “nps-surve” in {where}. The nearest is “nps-survey”.")


def test_a_folder_name_that_is_no_key_is_refused(folder: Folder) -> None:
    assert wrong(folder(key="My News")).startswith("“My News” cannot be the key of a template.")


def test_an_empty_settings_file_is_said(folder: Folder) -> None:
    assert wrong(folder("")).startswith("news/template.toml: the subject is missing.")
