"""Signed links say what they say, and nothing else can be made of them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.base.time import Instant
from journeys.messages.links import (
    LIFE,
    BadLinkKeys,
    BadScore,
    BadTarget,
    BrokenLink,
    ExpiredLink,
    Link,
    LinkKeyGone,
    LinkKeys,
    LinkMaker,
    LinkPurpose,
    NoKeyFor,
    read,
    sign,
    token_in,
)

NOW = Instant(1_795_000_000)
KEYS = LinkKeys("k1", {"k1": b"0123456789abcdef"})
Maker = Callable[..., LinkMaker]

links = st.builds(
    Link,
    message=st.integers(1, 2**63),
    purpose=st.sampled_from([purpose for purpose in LinkPurpose if purpose.value not in "nc"]),
    key=st.text(max_size=40),
    value=st.text(max_size=40),
) | st.builds(
    Link, message=st.integers(1, 2**63), purpose=st.just(LinkPurpose.NPS), key=st.text(), value=st.integers(0, 10)
)


@given(link=links)
@settings(max_examples=80)
def test_a_token_says_what_was_signed(link: Link) -> None:
    assert read(sign(link, KEYS, at=NOW), KEYS, now=NOW) == link


@given(link=links, at=st.integers(0, 400), other=st.characters(codec="ascii"))
@settings(max_examples=80)
def test_a_token_with_a_changed_character_is_broken(link: Link, at: int, other: str) -> None:
    token = sign(link, KEYS, at=NOW)
    at %= len(token) - 1  # the last character holds bits that the encoding does not use
    changed = token[:at] + other + token[at + 1 :]
    if changed != token:
        with pytest.raises((BrokenLink, LinkKeyGone)):
            read(changed, KEYS, now=NOW)


@pytest.mark.parametrize(
    "token", ["", ".", "k1", "k1.", "k1.x.y", "k1.x", "K1.x.y", "\x00", "k1.😀.x", "k1." + "a" * 9999]
)
def test_what_is_no_token_is_broken(token: str) -> None:
    with pytest.raises(BrokenLink, match=r"This link is not one of ours, or it was cut on the way"):
        read(token, KEYS, now=NOW)


def test_the_same_link_gives_the_same_token() -> None:
    link = Link(7, LinkPurpose.JOIN, "club")
    assert sign(link, KEYS, at=NOW) == sign(link, KEYS, at=NOW)


def test_a_link_ends_with_its_life() -> None:
    token = sign(Link(7, LinkPurpose.UNSUBSCRIBE), KEYS, at=NOW, life=100)
    assert read(token, KEYS, now=Instant(NOW + 99)).message == 7
    with pytest.raises(ExpiredLink, match=r"^This link is too old to be used\.$"):
        read(token, KEYS, now=Instant(NOW + 100))
    assert LIFE > 30 * 86400


def test_old_keys_read_until_they_are_taken_away() -> None:
    token = sign(Link(7, LinkPurpose.JOIN, "club"), KEYS, at=NOW)
    rotated = KEYS.rotated("k2", b"fedcba9876543210")
    assert read(token, rotated, now=NOW).key == "club"
    assert sign(Link(7, LinkPurpose.JOIN, "club"), rotated, at=NOW).startswith("k2.")
    with pytest.raises(LinkKeyGone, match=r"signed with key “k1”, which is no longer kept"):
        read(token, LinkKeys("k2", {"k2": b"fedcba9876543210"}), now=NOW)


def test_a_key_id_cannot_be_swapped() -> None:
    two = KEYS.rotated("k2", b"fedcba9876543210")
    token = sign(Link(7, LinkPurpose.JOIN, "club"), KEYS, at=NOW)
    with pytest.raises(BrokenLink):
        read("k2" + token[2:], two, now=NOW)


def test_secrets_do_not_show_in_prints() -> None:
    assert "0123456789abcdef" not in repr(KEYS)


@pytest.mark.parametrize(
    ("current", "secrets", "reason"),
    [
        ("k2", {"k1": b"x" * 16}, "the current key “k2” is missing"),
        ("k1", {"k1": b"short"}, "key “k1” is shorter than 16 bytes"),
        ("K.", {"K.": b"x" * 16}, "“K.” is no id: at most 8 lower-case letters and digits"),
    ],
)
def test_keys_that_cannot_sign_are_refused(current: str, secrets: dict[str, bytes], reason: str) -> None:
    with pytest.raises(BadLinkKeys) as caught:
        LinkKeys(current, secrets)
    assert str(caught.value) == f"The keys for links cannot be used: {reason}."


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.test/x",
        "/relative",
        "https:///nohost",
        "https://user@evil.test",
        "https://shop.test\\@evil.test",
        "https://shop.test/\r\nSet-Cookie: a=b",
        "https://shop.test/ x",
        " https://shop.test",
        "https://[::1",
        "ftp://shop.test",
        "https://shop.test/" + "x" * 2000,
        "",
    ],
)
def test_a_click_leads_only_to_whole_web_addresses(maker: Maker, url: str) -> None:
    with pytest.raises(BadTarget):
        maker().click(url)
    with pytest.raises(BadTarget):
        maker(endpoint=None).click(url)


def test_an_open_redirect_cannot_be_made(maker: Maker, keys: LinkKeys, now: Instant) -> None:
    # the target is read from the signed token alone; what a stranger puts beside it says nothing
    url = maker().click("https://shop.test/a?b=c&d=ł")
    token = urlsplit(url).path.rsplit("/", 1)[1]
    assert read(token, keys, now=now).value == "https://shop.test/a?b=c&d=ł"
    forged = sign(Link(7, LinkPurpose.CLICK, "", "https://evil.test"), LinkKeys("k1", {"k1": b"y" * 32}), at=now)
    with pytest.raises(BrokenLink):
        read(forged, keys, now=now)


@pytest.mark.parametrize("score", [11, -1, 7.5, "9", True, None])
def test_a_score_is_a_whole_number_from_0_to_10(maker: Maker, score: object) -> None:
    with pytest.raises(BadScore):
        maker().nps(score)  # type: ignore[arg-type]


def test_links_lead_to_the_endpoint(maker: Maker, keys: LinkKeys, now: Instant) -> None:
    links = maker()
    for url, expected in (
        (links.unsubscribe(), Link(7, LinkPurpose.UNSUBSCRIBE)),
        (links.nps(9), Link(7, LinkPurpose.NPS, "nps", 9)),
        (links.reason("late"), Link(7, LinkPurpose.REASON, "nps", "late")),
        (links.join(), Link(7, LinkPurpose.JOIN, "club")),
        (links.decline(), Link(7, LinkPurpose.DECLINE, "club")),
    ):
        assert url.startswith(f"https://a.shop.test/{expected.purpose.value}/")
        assert read(url.rsplit("/", 1)[1], keys, now=now) == expected


def test_without_an_endpoint_answers_go_by_mail(maker: Maker, keys: LinkKeys, now: Instant) -> None:
    url = maker(endpoint=None).nps(9)
    parts = urlsplit(url)
    assert (parts.scheme, unquote(parts.path)) == ("mailto", "answers@shop.test")
    (subject,) = parse_qs(parts.query)["subject"]
    assert subject.startswith("My answer: 9 [k1.")
    token = token_in(f"Re: {subject}")
    assert token is not None
    assert read(token, keys, now=now) == Link(7, LinkPurpose.NPS, "nps", 9)


def test_without_an_endpoint_a_click_goes_straight_there(maker: Maker) -> None:
    assert maker(endpoint=None).click("https://shop.test/a") == "https://shop.test/a"


def test_a_token_is_found_over_folded_lines(maker: Maker, keys: LinkKeys, now: Instant) -> None:
    token = sign(Link(7, LinkPurpose.REASON, "why", "late"), keys, at=now)
    folded = f"Re: My answer: late [{token[:30]}\r\n {token[30:60]}=\r\n{token[60:]}] thanks"
    assert token_in(folded) == token
    assert token_in("nothing here. Really.") is None


def test_a_compressed_token_is_found_too(keys: LinkKeys, now: Instant) -> None:
    token = sign(Link(7, LinkPurpose.REASON, "why", "late " * 50), keys, at=now)
    assert token.startswith("k1..")
    assert token_in(f"[{token}]") == token


def test_answers_need_the_survey_or_programme_of_the_template(maker: Maker) -> None:
    with pytest.raises(NoKeyFor) as caught:
        maker(survey="").nps(3)
    assert str(caught.value) == "links.nps needs a survey in the template's settings. Add it to template.toml."
    with pytest.raises(NoKeyFor):
        maker(programme="").join()
