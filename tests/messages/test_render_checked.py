"""Rendering in a child process: whatever the template does, the answer is a mail or one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from journeys.messages import checked
from journeys.messages.checked import Failed, render_checked
from journeys.messages.context import Context
from journeys.messages.rendering import Rendered
from journeys.messages.template import Template, keys, load, starters

Make = Callable[..., Context]


def html(body: str) -> Template:
    return Template("news", "Hi {{ contact.first_name }}", body, markup="html")


def test_every_contact_gets_a_mail_or_a_sentence_in_order(context: Make) -> None:
    people = [context(contact={"first_name": name, "email": "a@b.test"}) for name in ("Anna", "", "Ewa")]
    template = Template("news", "{{ contact.first_name }}", "<p>Zażółć {{ contact.first_name }}</p>", markup="html")
    first, second, third = render_checked(template, people)
    assert isinstance(first, Rendered)
    assert isinstance(third, Rendered)
    assert (first.subject, third.subject) == ("Anna", "Ewa")
    assert "Zażółć Ewa" in third.html
    assert second == Failed(
        "news/template.toml: the subject is empty for this contact. Give it a fallback with “default”."
    )


def test_a_template_that_does_not_compile_fails_for_all(context: Make) -> None:
    template = Template("news", "x", "<mjml><mj-body>\n<mj-txt>x</mj-txt></mj-body></mjml>")
    assert (
        render_checked(template, [context(), context()])
        == [Failed("news/email.mjml, line 2: MJML has no <mj-txt>. The nearest is “mj-text”.")] * 2
    )


def test_nobody_asked_nothing_started(context: Make) -> None:
    assert render_checked(html("{{"), []) == []


def test_what_no_check_inside_can_stop_is_ended_from_outside(
    context: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checked, "COMPILE_SECONDS", 1)
    monkeypatch.setattr(checked, "CONTACT_SECONDS", 0)
    # the child gets a filter that is one call without end
    endless = "from journeys.messages.filters import FILTERS_FOR_PEOPLE as f\ndef endless(v):\n  while True: pass\nf['endless'] = endless\n"
    (tmp_path / "sitecustomize.py").write_text(endless)
    monkeypatch.syspath_prepend(tmp_path)
    body = "{% if contact.first_name == 'Ewa' %}{{ contact.first_name|endless }}{% endif %}"
    people = [context(contact={"first_name": name, "email": "a@b.test"}) for name in ("Anna", "Ewa", "Ola")]
    first, second, third = render_checked(html(body), people)
    assert isinstance(first, Rendered)
    assert second == third == Failed("news: the mail takes longer than 1 s to make. A loop may have no end.")


def test_memory_has_an_end(context: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # less than it has else: on a busy machine a loop may run into the limit of time before it fills the whole
    (tmp_path / "sitecustomize.py").write_text("from journeys.messages import checked\nchecked.MEMORY = 2**26\n")
    monkeypatch.syspath_prepend(tmp_path)
    # a list of texts, each under the limit of one value
    body = (
        "{% set ns = namespace(a=[]) %}"
        "{% for i in range(5000) %}{% set ns.a = ns.a + ['x' * 199000 ~ i] %}{% endfor %}<p>x</p>"
    )
    assert render_checked(html(body), [context()]) == [
        Failed("news/email.html, line 1: making the mail takes too much memory. A loop may run too often.")
    ]


@pytest.mark.parametrize(
    "key",
    [
        key if key in ("nps-survey", "welcome-1") else pytest.param(key, marks=pytest.mark.long)
        for key in keys(starters())
    ],
)
def test_a_starter_passes_for_a_contact_of_whom_nothing_is_known(
    context: Make, maker: Callable[..., object], key: str
) -> None:
    template = load(starters() / key)
    nobody = context(
        contact={"email": "a@b.test"},
        attribute_keys=frozenset(),
        links=maker(survey=template.survey, programme=template.programme, endpoint=None),
        marketing=template.message_class == "marketing",
    )
    (made,) = render_checked(template, [nobody])
    assert isinstance(made, Rendered), made
