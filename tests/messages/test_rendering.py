"""What a template may say, and what every mail gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from journeys.base.time import Instant
from journeys.messages.compile import compile_template
from journeys.messages.context import Context, Sender
from journeys.messages.links import LinkMaker
from journeys.messages.place import TemplateError
from journeys.messages.rendering import Rendered, Renderers, names_used, renderer, undeclared, unknown_parts
from journeys.messages.template import Template

Said = Callable[..., str]
Render = Callable[..., Rendered]
Make = Callable[..., Context]

STREAM = {
    "product": {"key": "stream-x", "name": "Stream X"},
    "start_on": "2026-10-31",
    "end_on": "2026-11-29",
    "duration_days": 30,
}
SPORT = {"product": {"key": "sport", "name": "Sport"}, "start_on": "2026-01-01", "end_on": "2026-12-31"}


def plain(text: str) -> str:
    """With ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


# dates, numbers and money


@pytest.mark.parametrize(
    ("expression", "english", "polish"),
    [
        ("{{ '2026-11-29'|date }}", "29 Nov", "29 lis"),
        ("{{ '2027-01-05'|date }}", "5 Jan 2027", "5 sty 2027"),
        ("{{ '2026-11-29'|date('long') }}", "29 November 2026", "29 listopada 2026"),
        ("{{ '2026-11-29'|date('weekday') }}", "Sunday 29 November", "niedz., 29 listopada"),
        ("{{ '2027-01-05'|date('weekday') }}", "Tuesday, 5 January 2027", "wtorek, 5 stycznia 2027"),
        ("{{ '2026-11-29'|date('iso') }}", "2026-11-29", "2026-11-29"),
        ("{{ 1234567.5|number }}", "1,234,567.5", "1 234 567,5"),
        ("{{ 1234.5|number(2) }}", "1,234.50", "1 234,50"),
        ("{{ 12345|money('PLN') }}", "PLN 123.45", "123,45 zł"),
        ("{{ 12345|money('JPY') }}", "JP¥12,345", "12 345 JPY"),
        ("{{ none|date }}{{ none|money }}{{ none|number }}{{ ''|time }}", "", ""),
    ],
)
def test_values_are_written_in_the_contacts_language(said: Said, expression: str, english: str, polish: str) -> None:
    assert plain(said(expression, contact={"language": "en"})) == english
    assert plain(said(expression, contact={"language": "pl-PL"})) == polish


def test_a_template_with_a_language_keeps_to_it(render: Render) -> None:
    mail = render("<p>{{ '2026-11-29'|date }}</p>", template={"language": "en"}, contact={"language": "pl"})
    assert "29 Nov" in mail.text


def test_an_unknown_language_is_english(said: Said) -> None:
    assert said("{{ '2026-11-29'|date }}", contact={"language": "xx-nonsense"}) == "29 Nov"


def test_a_moment_is_the_day_and_time_of_the_contacts_clock(said: Said) -> None:
    # 2026-11-22 23:30 in Warsaw
    late = Instant(1795386600)
    body = "{{ event.at|date }} {{ event.at|time }} {{ today }}"
    event = {"kind": "nps.answered", "at": late, "data": {}}
    assert said(body, event=event, at=late, contact={"language": "en"}) == "22 Nov 23:30 2026-11-22"
    tokyo = ZoneInfo("Asia/Tokyo")
    assert said(body, event=event, at=late, zone=tokyo, contact={"language": "en"}) == "23 Nov 07:30 2026-11-23"


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("{{ 'soon'|date }}", "“soon” is not a day or a moment, so that it cannot be written as a date."),
        (
            "{{ '2026-11-29'|date('lang') }}",
            "a date has no form “lang”. The forms are short, long, weekday, month, iso.",
        ),
        ("{{ 12|money }}", "“12” is not an amount of money with a currency."),
        ("{{ 'x'|number }}", "“x” is not a number."),
        ("{{ 'x'|time }}", "“x” is not a day or a moment, so that it cannot be written as a date."),
    ],
)
def test_a_filter_says_what_it_cannot_write(said: Said, expression: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        said(expression)
    assert str(caught.value) == f"news/email.txt, line 1: {sentence}"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ none|default('you') }}{{ ''|default('!') }}{{ ' '|default('?') }}{{ 0|default(1) }}", "you!?0"),
        ("{{ 'anna-maria o’neil ŻAK'|title }}", "Anna-Maria O’Neil ŻAK"),
        ("{{ 'one two three'|truncate(9) }}", "one two…"),
        ("{{ 'a-b'|replace('-', ' ') }}", "a b"),
        ("{{ none }}{{ 38.0 }} {{ 1.5 }} {{ true }}", "38 1.5 true"),
        ("{{ [1, 2]|sum }} {{ 'x'|upper }} {{ ['b', 'a']|sort|join(', ') }}", "3 X a, b"),
    ],
)
def test_small_helps(said: Said, expression: str, expected: str) -> None:
    assert said(expression) == expected


# what a template may speak of


def test_attributes_are_read_by_their_key(said: Said) -> None:
    assert said("{{ contact.attr.shoe_size }} {{ contact.shoe_size }} [{{ contact.city }}]") == "38 38 []"


def test_a_column_wins_over_an_attribute_of_its_name(said: Said) -> None:
    contact = {"first_name": "Anna", "attributes": {"first_name": "Other"}}
    assert said("{{ contact.first_name }} {{ contact.attr.first_name }}", contact=contact) == "Anna Other"


def test_row_a11_the_contract_is_the_one_that_matched(said: Said) -> None:
    body = "Your {{ contract.product.name }} ends on {{ contract.end_on|date }}"
    english = {"language": "en"}
    assert said(body, contract=STREAM, subject_kind="contract", contact=english) == "Your Stream X ends on 29 Nov"
    assert said(body, contract=SPORT, subject_kind="contract", contact=english) == "Your Sport ends on 31 Dec"


def test_the_subject_is_what_the_passage_is_about(said: Said) -> None:
    event = {"kind": "cart.abandoned", "at": 0, "data": {"items": [{"name": "Mug"}], "total": 3}}
    body = "{{ subject.data.total }} {{ event.data['items'][0].name }} [{{ event.data.nothing }}]"
    assert said(body, event=event, subject_kind="event") == "3 Mug []"


def test_what_the_row_does_not_say_is_empty(said: Said) -> None:
    assert said("[{{ contract.offer }}{{ contract.product.price }}]", contract=STREAM) == "[]"


def test_amounts_are_money_in_the_currency_of_their_row(said: Said) -> None:
    purchase = {
        "total": 12345,
        "currency": "EUR",
        "lines": [{"product": {"name": "Mug", "price": 500, "currency": "PLN"}, "amount": 4000}],
    }
    body = "{{ purchase.total }} {{ purchase.lines[0].amount|money }} {{ purchase.lines[0].product.price|money }}"
    assert plain(said(body, purchase=purchase, contact={"language": "en"})) == "€123.45 €40.00 PLN 5.00"


def test_names_that_no_context_gives_are_listed() -> None:
    template = Template("news", "{{ a }}", "<p>{{ contact.x }}{% set b = 1 %}{{ b }}{{ c }}</p>", markup="html")
    assert undeclared(template) == ("a", "c")


def test_names_in_use_are_listed_as_dotted_paths() -> None:
    body = "<p>{{ contact.attr['city'] }}{{ contract.product.name|title }}{% if why %}{{ links.nps(1) }}{% endif %}</p>"
    compiled = compile_template(Template("news", "{{ journey }}", body, markup="html"))
    assert names_used(compiled) == {"contact.attr.city", "contract.product.name", "why", "links.nps", "journey"}


def test_parts_that_are_not_there_are_found_in_every_branch() -> None:
    body = "<p>x</p>\n{% if false %}{{ contact.ctiy }} {{ links.npss(1) }} {{ contact.city }}{% endif %}"
    compiled = compile_template(Template("news", "x", body, markup="html"))
    assert sorted(map(str, unknown_parts(compiled, frozenset({"city"})))) == [
        "news/email.html, line 2: there is no “ctiy” here. The nearest is “city”.",
        "news/email.html, line 2: there is no “npss” here. The nearest is “nps”.",
    ]


# subject


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\x0b"])
def test_a_subject_is_one_line(render: Render, break_: str) -> None:
    contact = {"first_name": f"Anna{break_}Bcc: x@y.test", "email": "a@b.test"}
    assert render("<p>x</p>", subject="Hi {{ contact.first_name }}", contact=contact).subject == "Hi Anna Bcc: x@y.test"


def test_an_empty_subject_is_said(render: Render) -> None:
    with pytest.raises(TemplateError) as caught:
        render("<p>x</p>", subject="{{ contact.city }}")
    assert str(caught.value) == (
        "news/template.toml: the subject is empty for this contact. Give it a fallback with “default”."
    )


def test_the_subject_alone_is_the_same(context: Make) -> None:
    made = renderer(Template("news", "Hi {{ contact.first_name }}", "<p>x</p>", markup="html"))
    assert made.subject(context()) == made.render(context()).subject == "Hi Łucja"


# the footer (row E21)


def test_row_e21_marketing_mail_says_why_and_how_to_leave(render: Render, maker: Callable[..., LinkMaker]) -> None:
    mail = render("<html><body><p>x</p></body></html>")
    link = maker().unsubscribe()
    assert mail.html.index("You get this because you bought something on 19 November.") < mail.html.index("</body>")
    assert f'<a href="{link}"' in mail.html
    assert mail.text.endswith(
        "\n-- \nYou get this because you bought something on 19 November.\nMain Street 1, Warsaw\n"
        f"Unsubscribe: {link}\n"
    )


def test_what_the_template_places_itself_is_not_repeated(render: Render, maker: Callable[..., LinkMaker]) -> None:
    mail = render('<p>{{ why }} {{ sender.address }} <a href="{{ links.unsubscribe }}">Leave</a></p>')
    assert mail.html.count("You get this because") == mail.text.count("You get this because") == 1
    assert mail.html.count(maker().unsubscribe()) == mail.text.count(maker().unsubscribe()) == 1
    assert mail.html.count("Main Street 1") == 1


def test_a_link_in_a_branch_that_is_not_taken_does_not_count(render: Render, maker: Callable[..., LinkMaker]) -> None:
    mail = render('<p>x{% if false %}<a href="{{ links.unsubscribe }}">Leave</a>{% endif %}</p>')
    assert maker().unsubscribe() in mail.html
    assert maker().unsubscribe() in mail.text


def test_service_mail_has_the_address_and_no_way_to_unsubscribe(render: Render) -> None:
    mail = render("<p>x</p>", marketing=False)
    assert "Unsubscribe" not in mail.html + mail.text
    assert "You get this because" not in mail.html
    assert mail.text.endswith("\n-- \nMain Street 1, Warsaw\n")


def test_a_sender_without_an_address_leaves_no_empty_footer(render: Render) -> None:
    mail = render("<p>x</p>", marketing=False, sender=Sender("shop@shop.test"))
    assert mail.text == "x\n"


def test_a_link_that_cannot_be_is_said_with_its_place(render: Render) -> None:
    with pytest.raises(TemplateError) as caught:
        render("<p>\n{{ links.click('javascript:alert(1)') }}</p>")
    assert str(caught.value) == (
        "news/email.html, line 2: “javascript:alert(1)” cannot be the target of a link."
        " Write a whole address that starts with https://."
    )


# once per version


def test_a_version_is_prepared_once() -> None:
    asked: list[int] = []

    def load() -> Template:
        asked.append(1)
        return Template("news", "x", "<p>x</p>", markup="html")

    made = Renderers()
    assert made.get(1, "news", load) is made.get(1, "news", load)
    assert made.get(2, "news", load) is not made.get(1, "news", load)
    assert len(asked) == 2


def test_the_version_used_longest_ago_is_dropped() -> None:
    asked: list[Any] = []
    made = Renderers(most=2)
    for version in (1, 2, 1, 3, 1, 2):
        made.get(version, "x", lambda: asked.append(1) or Template("x", "x", "<p>x</p>", markup="html"))  # type: ignore[func-returns-value]
    assert len(asked) == 4
