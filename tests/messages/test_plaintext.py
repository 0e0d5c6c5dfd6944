"""The plain text made of HTML."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from journeys.messages.plaintext import plain_text, tidy
from journeys.messages.rendering import Rendered


def text(html: str) -> str:
    return tidy(plain_text(html, "<!--stay-->")).removesuffix("\n")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<p>a\n   b\tc</p>", "a b c"),
        ("<p>Zażółć &amp; &lt;gęślą&gt;&nbsp;jaźń</p>", "Zażółć & <gęślą>\u00a0jaźń"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ('<a href="https://x.test/?a=1&amp;b=2">Go</a> now', "Go <https://x.test/?a=1&b=2> now"),
        ('<a href="https://x.test">https://x.test</a>', "https://x.test"),
        ('<a href="mailto:a@x.test">a@x.test</a>', "a@x.test"),
        ('<a href="https://x.test"><img src="b.png" alt="Shop"></a>', "Shop <https://x.test>"),
        ('<img src="a.png" alt="">x', "x"),
        ("<h1>T</h1>x", "T\n\nx"),
        ("a<hr>b", "a\n---\nb"),
        ("<style>p{}</style><title>t</title>x<script>y</script>", "x"),
        ('<div style="display: none">hidden <b>too</b></div>shown', "shown"),
        ("a<!-- gone -->b<!--stay-->c", "ab<!--stay-->c"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>unclosed <b>bold<p>next", "unclosed bold\n\nnext"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html: str, expected: str) -> None:
    assert text(html) == expected


def test_branches_not_taken_leave_no_gap(render: Callable[..., Rendered]) -> None:
    body = "<p>One</p>{% if false %}<p>Two</p>{% endif %}{% if false %}<p>Three</p>{% endif %}<p>Four</p>"
    assert render(body).text.startswith("One\n\nFour\n")


def test_rows_of_a_loop_are_lines(render: Callable[..., Rendered]) -> None:
    body = "<table>{% for n in [1, 2] %}<tr><td>{{ n }}</td></tr>{% endfor %}</table>"
    assert render(body).text.startswith("1\n2\n")


def test_a_text_that_was_written_keeps_its_layout(render: Callable[..., Rendered]) -> None:
    mail = render("<p>x</p>", template={"text": "One  two\n    three  \n"})
    assert mail.text.startswith("One  two\n    three\n")


def test_long_runs_of_space_take_no_longer_than_words() -> None:
    text = ("\n " * 200_000) + "x" + " " * 400_000 + "y"
    started = time.thread_time()
    assert tidy(text) == "x y\n"
    assert tidy(text, written=True).endswith("x" + " " * 400_000 + "y\n")
    assert time.thread_time() - started < 2
