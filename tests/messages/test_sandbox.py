"""What a template must not do gives one sentence, at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from journeys.messages.place import TemplateError
from journeys.messages.rendering import Rendered

Render = Callable[..., Rendered]

DOUBLING = "{% set ns = namespace(a='xxxxxxxx') %}{% for i in range(60) %}{% set ns.a = ns.a OP ns.a %}{% endfor %}"


def sentence(render: Render, body: str) -> str:
    started = time.thread_time()
    with pytest.raises(TemplateError) as caught:
        render(body)
    assert time.thread_time() - started < 3
    return str(caught.value).removeprefix("news/email.html, ").removeprefix("news/")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ ''.__class__ }}", "line 1: a template may not use “__class__”."),
        ("{{ ''['__class__'] }}", "line 1: a template may not use “__class__”."),
        ("{{ ['x']|map(attribute='__class__')|first }}", "line 1: a template may not use “__class__”."),
        ("{{ cycler.__init__.__globals__ }}", "line 1: “cycler” is not known."),
        ("{{ lipsum(1000) }}", "line 1: “lipsum” is not known."),
        ("{{ range.__globals__ }}", "line 1: a template may not use “__globals__”."),
        ("{{ links.nps.__self__.keys }}", "line 1: there is no “__self__” here."),
        ("{{ links.keys }}", "line 1: there is no “keys” here."),
        ("{{ contact._values }}", "line 1: a template may not use “_values”."),
        ("{{ self._TemplateReference__context }}", "line 1: a template may not use “_TemplateReference__context”."),
        ("{{ '{0.__class__}'.format(1) }}", "line 1: a template may not use “format”."),
        ("{{ '{a.__class__}'.format_map({'a': 1}) }}", "line 1: a template may not use “format_map”."),
        ("{{ '{:99999999}'.format(1) }}", "line 1: a template may not use “format”."),
        ("{{ 'a'.ljust(10**9) }}", "line 1: a template may not use “ljust”."),
        ("{{ (5).to_bytes(99999999) }}", "line 1: a template may not use “to_bytes”."),
        ("{{ [].append(1) }}", "line 1: a template may not use “append”."),
        ("{{ 'x'|attr('__class__') }}", "line 1: there is no filter “attr”."),
        ("{{ 'x'|center(10**9) }}", "line 1: there is no filter “center”."),
        ("{{ contact.first_name|safe }}", "line 1: there is no filter “safe”."),
        ("{{ [1]|_concat }}", "line 1: there is no filter “_concat”. The nearest is “count”."),
        ("{% include '/etc/passwd' %}", "line 1: a template may not use “include”."),
        ("{% import 'x' as x %}", "line 1: a template may not use “import”."),
        ("{% extends 'x' %}", "line 1: a template may not use “extends”."),
        ("{% autoescape false %}{{ contact.first_name }}{% endautoescape %}", "line 1: a template may not use “autoescape”."),
    ],
)  # fmt: skip
def test_what_reaches_outside_is_refused(render: Render, body: str, expected: str) -> None:
    assert sentence(render, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ 'a' * 10**8 }}", "line 1: “*” makes a value that is too big."),
        ("{{ 10**8 * [1] }}", "line 1: “*” makes a value that is too big."),
        ("{{ 10 ** (10**8) }}", "line 1: “**” makes a value that is too big."),
        ("{{ '%999999999d' % 1 }}", "line 1: “%” makes a value that is too big."),
        ("{{ '%*d' % (10**8, 1) }}", "line 1: “%” makes a value that is too big."),
        (DOUBLING.replace("OP", "+"), "line 1: “+” makes a value that is too big."),
        (DOUBLING.replace("OP", "~"), "line 1: “~” makes a value that is too big."),
        (
            "{% for a in range(10**8) %}x{% endfor %}",
            "line 1: a range of 100000000 items is too long; at most 10000 are allowed.",
        ),
        (
            "{% for a in range(10**100) %}x{% endfor %}",
            "line 1: a range of 10001 items is too long; at most 10000 are allowed.",
        ),
        ("{{ ('ab' * 9999)|replace('a', 'a' * 9999)|length }}", "line 1: “replace” makes a value that is too big."),
        ("{{ range(9000)|join('x' * 9999)|length }}", "line 1: “join” makes a value that is too big."),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            "line 1: the mail takes longer than 1 s to make. A loop may have no end.",
        ),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}lots{% endfor %}{% endfor %}",
            "email.html: the mail grows beyond 2000000 characters. A loop may run too often.",
        ),
        (
            "{% set x %}{% for a in range(9999) %}{% for b in range(9999) %}a line of words{% endfor %}{% endfor %}{% endset %}",
            "line 1: the mail grows beyond 2000000 characters. A loop may run too often.",
        ),
        (
            DOUBLING.replace("{% set ns.a = ns.a OP ns.a %}", "{% set ns.a %}{{ ns.a }}{{ ns.a }}{% endset %}"),
            "line 1: the mail grows beyond 2000000 characters. A loop may run too often.",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "line 1: the template is nested too deeply."),
        (
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}",
            "line 1: the mail takes longer than 1 s to make. A loop may have no end.",
        ),
        # a list in itself twice, and so on: 2⁶⁰ comparisons within one call
        (
            "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}"
            "{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}",
            "line 1: “[ ]” makes a value that is too big.",
        ),
        ("{{ [[range(9999)|list] * 99] * 99 == 1 }}", "line 1: “*” makes a value that is too big."),
        ("{{ [1]|batch(10**8, 'x')|list|length }}", "line 1: “batch” makes a value that is too big."),
        ("{{ [1]|slice(10**8)|list|length }}", "line 1: “slice” makes a value that is too big."),
        ("{{ ('%' * 99999)|urlencode|length }}", "line 1: “urlencode” makes a value that is too big."),
        ("{{ [[1]]|sum(start=[]) }}", "line 1: “[…]” is not a number."),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "email.html: the template is nested too deeply."),
        ("{% for a in [1] %}" * 40 + "{% endfor %}" * 40, "email.html: the template is nested too deeply."),
    ],
)
def test_what_eats_the_machine_is_stopped(render: Render, body: str, expected: str) -> None:
    assert sentence(render, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ contct.first_name }}", "line 1: “contct” is not known. The nearest is “contact”."),
        ("{% if false %}{{ contct }}{% endif %}", "line 1: “contct” is not known. The nearest is “contact”."),
        ("\n\n{{ contact.frist_name }}", "line 3: there is no “frist_name” here. The nearest is “first_name”."),
        ("{{ contact.attr.sho_size }}", "line 1: there is no “sho_size” here. The nearest is “shoe_size”."),
        ("{{ contact.frist_name|default('x') }}", "line 1: there is no “frist_name” here. The nearest is “first_name”."),
        (
            "{{ contract.end_on }}",
            "line 1: “end_on” is asked of something that this passage does not have. Ask first whether it is there:"
            " {% if contract %} … {% endif %}",
        ),
        ("{{ contact.email|datte }}", "line 1: there is no filter “datte”. The nearest is “date”."),
        ("{% if %}{% endif %}", "line 1: Expected an expression, got 'end of statement block'."),
        ("a\n{% for x in y %}", "line 2: “y” is not known."),
        ("{{ 1 / 0 }}", "line 1: this cannot be worked out: division by zero."),
        ("{{ 1e400 > contact.last_name|length }}", "line 1: this cannot be worked out: name 'inf' is not defined."),
        ("{{ contact.last_name + 1 }}", "line 1: this cannot be worked out: can only concatenate str (not \"int\") to str."),
        ("{{ [1, 2] }}", "line 1: this is not one text or number but […]. Write which part of it to show."),
        ("{{ sender }}", "line 1: this is not one text or number but {address, email, name, reply_to}. Write which part of it to show."),
    ],
)  # fmt: skip
def test_mistakes_name_line_and_nearest(render: Render, body: str, expected: str) -> None:
    if "for x in y" in body:
        body += "{% endfor %}"
    assert sentence(render, body) == expected


def test_one_rendering_does_not_spend_from_the_next(render: Render) -> None:
    body = "{% for a in range(1000) %}{% for b in range(100) %}x{% endfor %}{% endfor %}"
    for _ in range(3):
        assert "x" * 1000 in render(body).html


def test_ordinary_use_of_the_watched_operators_works(said: Callable[..., str]) -> None:
    expression = (
        "{{ 2 * 3 }} {{ 2 ** 8 }} {{ 7 % 4 }} {{ '%.2f' % 1.5 }} {{ 'a' + 'b' }} {{ 'a' ~ 1 ~ none }} {{ '-' * 5 }}"
    )
    assert said(expression) == "6 256 3 1.50 ab a1 -----"


def test_lists_are_counted_and_still_lists(said: Callable[..., str]) -> None:
    expression = (
        "{% for name, n in [('a', 1), ('b', 2)] %}{{ name }}{{ n }} {% endfor %}{{ {'k': 'v'}.k }} {{ [1, 2]|sum }} "
        "{{ [{'n': 1}, {'n': 2}]|sum(attribute='n') }} {% for row in 'abc'|batch(2, '-') %}{{ row|join }} {% endfor %}"
        "{% for row in 'abc'|slice(2) %}{{ row|join }} {% endfor %}{{ 'a b'|urlencode }} {{ '%s%s' % (1, 2) }} {{ 1 in (1, 2) }}"
    )
    assert said(expression) == "a1 b2 v 3 3 ab c- ab c a%20b 12 true"


def test_loops_know_where_they_are(said: Callable[..., str]) -> None:
    expression = "{% for x in 'abc' if x != 'b' %}{{ loop.index }}/{{ loop.length }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}"
    assert said(expression) == "1/2a,2/2c"


def test_joining_escapes_in_html(render: Render) -> None:
    html = render("<p>{{ '<b>' ~ contact.first_name }} {{ ['<i>', 'x']|join('&') }}</p>").html
    assert "<p>&lt;b&gt;Łucja &lt;i&gt;&amp;x</p>" in html
