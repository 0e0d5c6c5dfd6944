"""The starter templates: they load, compile, and read well with and without what one would like to know."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journeys.base.time import Instant
from journeys.messages.context import Context, Sender
from journeys.messages.mime import MailHeaders, Skeleton
from journeys.messages.rendering import Rendered, renderer, undeclared, unknown_parts
from journeys.messages.template import Template, keys, load, starters

Make = Callable[..., Context]

KEYS = [
    "bonus",
    "club-invitation",
    "come-back",
    "contract-ends",
    "nps-survey",
    "renewal-reminder",
    "thank-you",
    "welcome-1",
    "welcome-2a",
    "welcome-2b",
    "welcome-3",
    "welcome-4",
    "what-went-wrong",
    "win-back",
]
NOBODY: dict[str, Any] = {
    "contact": {"email": "a@b.test"},
    "sender": Sender("s@shop.test"),
    "why": "",
    "attribute_keys": frozenset(),
}
PURCHASE = {
    "order_id": "A-17",
    "at": Instant(1_794_700_000),
    "total": 12345,
    "currency": "PLN",
    "lines": [{"product": {"name": "Mug"}, "quantity": 2, "amount": 12345}],
}
STREAM = {
    "product": {"name": "Stream X"},
    "offer": {"price": 2999, "currency": "PLN"},
    "start_on": "2026-10-31",
    "end_on": "2026-11-29",
    "duration_days": 30,
    "recurring_now": False,
}


@pytest.fixture
def mail(context: Make, maker: Callable[..., Any]) -> Callable[..., Rendered]:
    def make(key: str, **given: Any) -> Rendered:
        template = load(starters() / key)
        links = maker(survey=template.survey, programme=template.programme)
        return renderer(template).render(
            context(**{"links": links, "marketing": template.message_class == "marketing", **given})
        )

    return make


def test_all_of_them_are_there() -> None:
    assert keys(starters()) == KEYS


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("given", [{}, NOBODY, {"purchase": PURCHASE}, {"contract": STREAM}], ids=["contact", "nobody", "purchase", "contract"])  # fmt: skip
def test_it_reads_without_holes(mail: Callable[..., Rendered], key: str, given: dict[str, Any]) -> None:
    made = mail(key, **given)
    for part in (made.subject, made.text):
        assert not re.search(r"\bNone\b|\{\{|\{%|kanwa|  |,,| ,| \.(?!\w)|\ue000|\ue001", part), part
        assert "!" not in part
    assert "{{" not in made.html
    assert "kanwa" not in made.html
    assert made.text.count("\n\n\n") == 0


@pytest.mark.parametrize("key", KEYS)
def test_it_uses_only_what_every_workspace_has(key: str) -> None:
    template = load(starters() / key)
    assert undeclared(template) == ()
    assert unknown_parts(renderer(template).compiled, frozenset()) == []


@pytest.mark.parametrize("key", KEYS)
def test_it_is_small_enough_for_gmail_to_show_whole(mail: Callable[..., Rendered], key: str) -> None:
    assert len(mail(key, purchase=PURCHASE, contract=STREAM).html.encode()) < 102_000


@pytest.mark.parametrize("key", KEYS)
def test_marketing_mail_leaves_one_way_out_and_service_mail_none(mail: Callable[..., Rendered], key: str) -> None:
    made = mail(key)
    marketing = load(starters() / key).message_class == "marketing"
    assert made.html.count("Unsubscribe</a>") == made.text.count("Unsubscribe") == (1 if marketing else 0)


def test_the_survey_has_a_link_for_each_score(mail: Callable[..., Rendered], maker: Callable[..., Any]) -> None:
    made = mail("nps-survey")
    for score in range(11):
        assert f'href="{maker().nps(score)}"' in made.html
        assert f"\n{score} <{maker().nps(score)}>" in made.text


def test_the_reasons_are_links_of_their_survey(mail: Callable[..., Rendered], maker: Callable[..., Any]) -> None:
    made = mail("what-went-wrong")
    assert maker(survey="what-went-wrong").reason("late") in made.html


def test_the_club_invitation_joins_declines_and_carries_the_terms(
    mail: Callable[..., Rendered], maker: Callable[..., Any]
) -> None:
    made = mail("club-invitation")
    assert maker().join() in made.html
    assert maker().decline() in made.html
    assert [file.name for file in load(starters() / "club-invitation").attachments] == ["club-terms.txt"]


def test_row_a11_the_notice_speaks_of_the_contract_that_matched(mail: Callable[..., Rendered]) -> None:
    made = mail("contract-ends", contract=STREAM)
    assert made.subject == "Your Stream X ends on 29 Nov"
    assert "Sunday 29 November is the last day" in made.text


def test_an_order_with_a_line_of_no_product_is_written(mail: Callable[..., Rendered]) -> None:
    unnamed = {"product": None, "quantity": 1, "amount": None, "n": 9}
    for key in KEYS:
        made = mail(key, purchase=PURCHASE | {"lines": [*PURCHASE["lines"], unnamed]})
        assert "1 × \n" not in made.text


def test_the_welcome_shows_its_logo(mail: Callable[..., Rendered], context: Make) -> None:
    template = load(starters() / "welcome-1")
    made = mail("welcome-1")
    assert 'src="cid:logo.png"' in made.html
    assert len(template.inline[0].data) < 10_000
    raw = Skeleton.make(template).mail(MailHeaders.of(context(), made.subject, store="s"), made.html, made.text)
    assert b"Content-ID: <logo.png>" in raw


def test_classes_surveys_and_programmes_are_those_of_the_sample_journeys() -> None:
    templates: dict[str, Template] = {key: load(starters() / key) for key in KEYS}
    assert {key for key, made in templates.items() if made.message_class == "service"} == {
        "contract-ends",
        "what-went-wrong",
    }
    surveys = {key: made.survey for key, made in templates.items() if made.survey}
    assert surveys == {"nps-survey": "nps", "what-went-wrong": "what-went-wrong"}
    assert {key: made.programme for key, made in templates.items() if made.programme} == {"club-invitation": "club"}


def test_the_folder_of_starters_is_in_the_package() -> None:
    assert starters().parent.joinpath("__init__.py").is_file()
    assert isinstance(starters(), Path)
