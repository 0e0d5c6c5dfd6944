"""MJML and HTML become a body whose Jinja is whole, with errors that name the line of the source."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from journeys.messages.compile import compile_template
from journeys.messages.place import TemplateError
from journeys.messages.rendering import Rendered
from journeys.messages.template import File, Template

Render = Callable[..., Rendered]


def mjml(column: str, head: str = "") -> str:
    body = f"<mj-body><mj-section><mj-column>\n{column}\n</mj-column></mj-section></mj-body>"
    return f"<mjml><mj-head>{head}</mj-head>{body}</mjml>"


def wrong(body: str, **given: Any) -> str:
    with pytest.raises(TemplateError) as caught:
        compile_template(Template("news", "Hello", body, **given))
    return str(caught.value)


@pytest.fixture
def html(render: Render) -> Callable[..., str]:
    def make(column: str, head: str = "", **given: Any) -> str:
        return render(mjml(column, head), template={"markup": "mjml"}, **given).html

    return make


def test_a_loop_inside_a_text_survives(html: Callable[..., str]) -> None:
    assert "<b>1</b><b>2</b>" in html("<mj-text>{% for n in [1, 2] %}<b>{{ n }}</b>{% endfor %}</mj-text>")


def test_a_condition_with_angle_brackets_survives(html: Callable[..., str]) -> None:
    made = html('<mj-text>{% if 1 < 2 and "a" < "b" %}yes{% else %}no{% endif %}</mj-text>')
    assert ">yes</div>" in made


def test_a_loop_in_raw_repeats_whole_blocks(html: Callable[..., str]) -> None:
    made = html("<mj-raw>{% for n in 'ab' %}</mj-raw><mj-text>row {{ n }}</mj-text><mj-raw>{% endfor %}</mj-raw>")
    assert made.count('<tr><td align="left"') == 2
    assert made.index("row a") < made.index("row b")


def test_a_loop_over_table_rows_stays_inside_the_table(html: Callable[..., str]) -> None:
    made = html("<mj-table>{% for n in 'ab' %}<tr class='x'><td>{{ n }}</td></tr>{% endfor %}</mj-table>")
    rows = re.sub(r' style="[^"]*"', "", made)
    assert '<tbody><tr class="x"><td>a</td></tr><tr class="x"><td>b</td></tr></tbody>' in rows


def test_an_expression_in_an_attribute_is_escaped_for_it(html: Callable[..., str]) -> None:
    made = html("""<mj-button href="{{ links.click('https://x.test/?a=1&b=2') }}">Go</mj-button>""")
    assert 'href="https://a.shop.test/c/k1.' in made


def test_a_statement_inside_a_style_survives(html: Callable[..., str]) -> None:
    made = html('<mj-text><span style="color: {% if 1 %}#111111{% else %}#222222{% endif %};">x</span></mj-text>')
    assert 'style="color: #111111;"' in made


def test_a_statement_among_attributes_survives(render: Render) -> None:
    made = render('<p {% if true %}class="a"{% endif %}>x</p>').html
    assert 'class="a"' in made
    assert "kanwa" not in made


def test_data_is_escaped_in_html_and_not_in_the_text(render: Render, context: Any) -> None:
    contact = {"first_name": "<b>&", "email": "a@b.test"}
    mail = render("<p>Hi {{ contact.first_name }}</p>", subject="{{ contact.first_name }}", contact=contact)
    assert "Hi &lt;b&gt;&amp;" in mail.html
    assert "Hi <b>&" in mail.text
    assert mail.subject == "<b>&"


def test_entities_never_become_jinja(render: Render) -> None:
    mail = render("<p>&#123;&#123; 1 + 1 }} &#123;% if %}</p>")
    assert "{{ 1 + 1 }} {% if %}" in mail.html
    assert "{{ 1 + 1 }} {% if %}" in mail.text


def test_a_raw_block_is_text(render: Render) -> None:
    assert "{{ name }}" in render("<p>{% raw %}{{ name }}{% endraw %}</p>").html


def test_comments_of_jinja_are_gone(render: Render) -> None:
    mail = render("<p>a{# {{ nobody }} #}b</p>")
    assert "ab" in mail.text


def test_styles_are_written_into_the_elements(render: Render) -> None:
    made = render("<style>p { color: red } @media (max-width: 9px) { p { color: blue } }</style><p>x</p>").html
    assert '<p style="color: red;">' in made
    assert "@media (max-width: 9px)" in made


def test_the_preheader_is_hidden_at_the_top_and_not_in_the_text(render: Render) -> None:
    mail = render("<p>x</p>", template={"preheader": "For {{ contact.first_name }} <3"})
    assert mail.html.index("For Łucja &lt;3") < mail.html.index("<p>x</p>")
    assert "For Łucja" not in mail.text


def test_the_page_names_its_language(render: Render) -> None:
    made = render(mjml("<mj-text>x</mj-text>"), template={"markup": "mjml", "language": "pl"}).html
    assert '<html lang="pl"' in made


def test_a_preheader_in_two_places_is_said() -> None:
    body = mjml("<mj-text>x</mj-text>", head="<mj-preview>a</mj-preview>")
    expected = "news/template.toml: the preheader stands in template.toml and in <mj-preview>. Keep one of them."
    assert wrong(body, preheader="b") == expected


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("<mj-text>a</mj-text>\n<mj-txt>b</mj-txt>", "line 3: MJML has no <mj-txt>. The nearest is “mj-text”."),
        ("\n<mj-text>a <b>b</mj-text>", "line 3: </mj-text> closes nothing; <b> of line 3 is still open."),
        ("<mj-text>a</mj-text></mj-column>", "line 3: </mj-column> closes nothing; <mj-section> of line 1 is still open."),
        ("<mj-text>{{ a\n}}</mj-text>\n\n<mj-raw><p></mj-raw>", "line 5: </mj-raw> closes nothing; <p> of line 5 is still open."),
        ('<mj-include path="x.mjml" />', "line 2: <mj-include> is not supported. Put its content here."),
        ("\n<mj-text>{{ a </mj-text>", "line 3: “{{ a </mj-text>” is never closed."),
        ("<mj-text>{% if %}</mj-text>", None),
    ],
)  # fmt: skip
def test_broken_mjml_names_the_line(column: str, sentence: str | None) -> None:
    if sentence is None:
        compile_template(Template("news", "x", mjml(column)))
    else:
        assert wrong(mjml(column)) == f"news/email.mjml, {sentence}"


@pytest.mark.parametrize("body", ["", "  \n", "<mjml></mjml>"])
def test_empty_mjml_is_said(body: str) -> None:
    assert wrong(body).startswith("news/email.mjml: the body is empty.")


def test_html_given_for_mjml_is_said() -> None:
    assert wrong("<html></html>") == "news/email.mjml, line 1: MJML has no <html>."


def test_mjml_without_quotes_is_said() -> None:
    assert wrong(mjml("<mj-image src=x checked />")).startswith("news/email.mjml: this is not MJML: ")


def test_jinja_where_mjml_drops_it_is_said() -> None:
    body = mjml("<mj-text>a</mj-text>").replace("<mj-head>", "<mj-head>\n{{ today }}")
    assert wrong(body).startswith("news/email.mjml, line 2: “{{ today }}” stands where MJML leaves it out.")


def test_an_unknown_inline_image_names_line_and_nearest() -> None:
    body = '<p>\n<img src="cid:logo.pgn"></p>'
    assert wrong(body, markup="html", inline=(File("logo.png", "image/png", b"x"),)) == (
        "news/email.html, line 2: “cid:logo.pgn” names no inline file. The nearest is “logo.png”."
        ' Files are named in template.toml: inline = ["logo.pgn"]'
    )


def test_an_inline_image_shown_nowhere_is_said() -> None:
    sentence = wrong("<p>x</p>", markup="html", inline=(File("logo.png", "image/png", b"x"),))
    assert sentence.startswith("news/template.toml: the inline file “logo.png” is shown nowhere.")


def test_an_error_found_when_rendering_knows_its_line_in_mjml(render: Render) -> None:
    body = mjml("<mj-text>a</mj-text>\n\n<mj-text>b\n{{ contact.frist_name }}</mj-text>")
    with pytest.raises(TemplateError) as caught:
        render(body, template={"markup": "mjml"})
    assert str(caught.value) == ("news/email.mjml, line 5: there is no “frist_name” here. The nearest is “first_name”.")


def test_a_fragment_that_opens_with_a_loop_becomes_one_page(render: Render) -> None:
    made = render("{% for n in [1, 2] %}<p>{{ n }}</p>{% endfor %}").html
    assert made.startswith("<!DOCTYPE html><html><head></head><body><p>1</p><p>2</p>")
    assert made.count("</body>") == 1


@pytest.mark.parametrize("tag", ["b", "div", "mj-wrapper"])
def test_markup_that_would_overflow_the_tools_is_refused(tag: str) -> None:
    opened = f"<{tag}>" * 50_000
    sentence = f"line 1: <{tag}> is nested too deeply; at most 200 elements may stand inside one another."
    assert wrong(f"<mjml><mj-body>{opened}</mj-body></mjml>") == f"news/email.mjml, {sentence}"
    if not tag.startswith("mj"):
        assert wrong(f"<p>{opened}", markup="html") == f"news/email.html, {sentence}"


def test_paragraphs_without_ends_are_not_nested(render: Render) -> None:
    assert render("<p>x" * 1000).html.count("<p>") == 1000


def test_a_body_of_twenty_thousand_pieces_compiles_in_seconds() -> None:
    started = time.thread_time()
    compile_template(Template("news", "x", "<p>" + "{{why}}\n" * 20_000, markup="html"))
    assert time.thread_time() - started < 10
