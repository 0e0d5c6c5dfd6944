"""The mail as a whole, read back by the standard library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeys.base.time import Instant
from journeys.messages.context import Context, Sender
from journeys.messages.headers import BadAddress
from journeys.messages.mime import MailHeaders, Skeleton, kanwa_id, message_id, message_of
from journeys.messages.template import File, Template

Make = Callable[..., Context]

PLAIN = MailHeaders(
    from_name="The shop",
    from_email="shop@shop.test",
    to_name="Anna Nowak",
    to_email="anna@example.test",
    subject="Hello",
    message_id="<7.abc@shop.test>",
    kanwa_id="7.abc",
    at=Instant(1_795_000_000),
)
LOGO = File("logo.png", "image/png", bytes(range(256)))
TERMS = File("Warunki żółte.txt", "text/plain", "Zażółć\r\n".encode())
TEMPLATE = Template("news", "x", "x", markup="html")


def parse(raw: bytes) -> EmailMessage:
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def shape(message: EmailMessage) -> object:
    if not message.is_multipart():
        return message.get_content_type()
    return (message.get_content_subtype(), *(shape(part) for part in message.iter_parts()))  # type: ignore[arg-type]


def test_a_plain_mail_is_text_and_html() -> None:
    message = parse(Skeleton.make(TEMPLATE).mail(PLAIN, "<p>Hi</p>", "Hi\n"))
    assert shape(message) == ("alternative", "text/plain", "text/html")
    assert (body(message, "plain"), body(message, "html")) == ("Hi\n", "<p>Hi</p>\n")


def test_inline_images_are_related_to_the_html() -> None:
    message = parse(Skeleton.make(replace(TEMPLATE, inline=(LOGO,))).mail(PLAIN, '<img src="cid:logo.png">', "Hi"))
    assert shape(message) == ("alternative", "text/plain", ("related", "text/html", "image/png"))
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert image["Content-ID"] == "<logo.png>"
    assert image.get_content_disposition() == "inline"
    assert image.get_content() == LOGO.data


def test_attachments_stand_beside_the_words() -> None:
    template = replace(TEMPLATE, inline=(LOGO,), attachments=(TERMS, File("a.ics", "text/calendar", b"BEGIN")))
    message = parse(Skeleton.make(template).mail(PLAIN, "<p>Hi</p>", "Hi"))
    words = ("alternative", "text/plain", ("related", "text/html", "image/png"))
    assert shape(message) == ("mixed", words, "text/plain", "text/calendar")
    terms, calendar = message.iter_attachments()
    assert terms.get_filename() == "Warunki żółte.txt"
    assert terms.get_payload(decode=True) == TERMS.data
    assert calendar.get_filename() == "a.ics"
    assert body(message, "plain") == "Hi\n"


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=300) | st.lists(
    st.sampled_from(["Zażółć gęślą jaźń. ", "日本語", "=3D", "--=_kanwa0", ".", "\n", "\n.\n", "From x\n", " \n", "\t", "x" * 200])
).map("".join)  # fmt: skip


@given(text=words, html=words)
@example(text="trailing \n\n.\nFrom me\n", html="ż" * 3000)
@example(text="", html="\r\n\r")
@settings(max_examples=60, deadline=None)
def test_any_words_come_back_whole(text: str, html: str) -> None:
    message = parse(SKELETON.mail(PLAIN, html, text))
    for kind, given_text in (("plain", text), ("html", html)):
        lines = given_text.replace("\r\n", "\n").replace("\r", "\n")
        part = message.get_body((kind,))
        assert part is not None
        back = part.get_payload(decode=True)
        assert isinstance(back, bytes)
        assert back.decode().replace("\r\n", "\n") == (lines if lines.endswith("\n") else lines + "\n")


SKELETON = Skeleton.make(replace(TEMPLATE, inline=(LOGO,), attachments=(TERMS,)))

names = st.text(max_size=60) | st.sampled_from(
    ["a\r\nBcc: evil@x.test", "\r\n\r\nbody", "a\nX: y", "\x00", "\u2028Bcc: a"]
)


@given(subject=names, to_name=names, from_name=names)
@settings(max_examples=60, deadline=None)
def test_no_value_can_add_a_header(subject: str, to_name: str, from_name: str) -> None:
    given_headers = replace(PLAIN, subject=subject, to_name=to_name, from_name=from_name)
    message = parse(Skeleton.make(TEMPLATE).mail(given_headers, "<p>x</p>", "x"))
    assert message.keys() == [
        "From", "To", "Subject", "Message-ID", "Date", "X-Kanwa-Id", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert body(message, "plain") == "x\n"
    assert len(message["To"].addresses) == len(message["From"].addresses) == 1


def test_an_address_with_a_line_break_is_refused() -> None:
    with pytest.raises(BadAddress):
        SKELETON.mail(replace(PLAIN, to_email="a@b.test\r\nBcc: x@y.test"), "x", "x")


def test_the_same_mail_is_the_same_bytes(context: Make) -> None:
    made = [Skeleton.make(TEMPLATE).mail(MailHeaders.of(context(), "Hi", store="s"), "<p>x</p>", "x") for _ in "ab"]
    assert made[0] == made[1]


def test_the_message_id_is_the_same_for_the_same_message_only() -> None:
    one = message_id("store", 7, "shop.test")
    assert one == message_id("store", 7, "shop.test")
    assert len({one, message_id("store", 8, "shop.test"), message_id("other", 7, "shop.test")}) == 3
    assert one.endswith("@shop.test>")


def test_a_message_is_found_by_its_ids_in_its_own_store_only() -> None:
    assert message_of(kanwa_id("store", 7), "store") == 7
    assert message_of(f" {message_id('store', 7, 'shop.test')} ", "store") == 7
    assert message_of(kanwa_id("other", 7), "store") is None
    for text in ("", "7", "7.x", "x.7", "٧.a", "<@>"):
        assert message_of(text, "store") is None


def test_the_headers_of_a_marketing_mail(context: Make) -> None:
    given_context = context()
    message = parse(SKELETON.mail(MailHeaders.of(given_context, "Zażółć", store="s"), "<p>x</p>", "x"))
    assert str(message["From"]) == "The shop <shop@shop.test>"
    assert str(message["To"]) == "Łucja Żak <lucja@example.test>"
    assert message["Reply-To"] is None
    assert message["Subject"] == "Zażółć"
    assert message["Date"] == "Sun, 22 Nov 2026 09:00:00 +0000"
    assert message["X-Kanwa-Id"] == kanwa_id("s", 7)
    https, mail = str(message["List-Unsubscribe"]).split(", ")
    assert https == f"<{given_context.links.unsubscribe()}>"
    assert mail.startswith("<mailto:answers@shop.test?subject=Unsubscribe%20%5Bk1.")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_one_click_is_promised_only_with_an_endpoint(context: Make, maker: Callable[..., object]) -> None:
    given_context = context(links=maker(endpoint=None))
    message = parse(SKELETON.mail(MailHeaders.of(given_context, "x", store="s"), "x", "x"))
    assert str(message["List-Unsubscribe"]).startswith("<mailto:")
    assert message["List-Unsubscribe-Post"] is None


def test_service_mail_has_no_list_headers(context: Make) -> None:
    message = parse(SKELETON.mail(MailHeaders.of(context(marketing=False), "x", store="s"), "x", "x"))
    assert message["List-Unsubscribe"] is None


def test_answers_go_to_the_reply_address(context: Make) -> None:
    sender = Sender("shop@shop.test", "Sklep Łucji", reply_to="answers@shop.test")
    message = parse(SKELETON.mail(MailHeaders.of(context(sender=sender), "x", store="s"), "x", "x"))
    assert message["Reply-To"] == "answers@shop.test"
    assert message["From"].addresses[0].display_name == "Sklep Łucji"


def test_a_contact_without_an_address_is_said(context: Make) -> None:
    headers = MailHeaders.of(context(contact={"first_name": "Anna"}), "x", store="s")
    with pytest.raises(BadAddress, match=r"^“” is no address that mail can be sent to"):
        SKELETON.mail(headers, "x", "x")


def test_mostly_foreign_letters_travel_as_base64_and_latin_ones_as_quoted_printable() -> None:
    skeleton = Skeleton.make(TEMPLATE)
    assert b"Encoding: base64" in skeleton.mail(PLAIN, "日本語" * 50, "x")
    assert b"Encoding: base64" not in skeleton.mail(PLAIN, "To jest zwykły polski tekst, bez wielu znaków. " * 50, "x")
