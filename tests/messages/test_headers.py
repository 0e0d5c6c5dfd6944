"""Whatever a value holds, it stays one header and reads back as it was."""

from __future__ import annotations

from email import message_from_string, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeys.messages import headers
from journeys.messages.headers import BadAddress, BadHeader

#: letters of many scripts, white space, line breaks, quotes and what looks like encoded words
anything = st.text(max_size=120) | st.lists(
    st.sampled_from(["Łucja", "O'Neil", '"', "\\", "=?utf-8?q?a?=", "\r\n", "\n", "Bcc: x@y.test", ",", "<a@b>", "x" * 90, "  ", "日本語", "😀"])
).map(" ".join)  # fmt: skip


def parse(written: str) -> EmailMessage:
    message = message_from_string(written + "\r\nbody\r\n", policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def lines(written: str) -> list[str]:
    assert written.endswith("\r\n")
    assert "\n" not in written.replace("\r\n", "")
    assert "\r" not in written.replace("\r\n", "")
    return written.removesuffix("\r\n").split("\r\n")


@given(value=anything)
@example(value="a\r\nBcc: x@y.test\r\n\r\nbody")
@example(value="=?utf-8?q?a?=")
@example(value="x" * 5000)
@example(value="two  spaces")
@settings(max_examples=80, deadline=None)
def test_a_subject_stays_one_header_and_reads_back(value: str) -> None:
    written = headers.text("Subject", value)
    parsed = parse(written)
    assert parsed.keys() == ["Subject"]
    assert all(line.startswith(" ") for line in lines(written)[1:])
    assert all(len(line) <= 78 for line in lines(written))
    assert written.isascii()
    assert str(parsed["Subject"]) == headers.one_line(value)


@given(name=anything)
@example(name='Żak, "Łu" <x@y.test>')
@example(name="a\r\nBcc: x@y.test")
@example(name="=?utf-8?q?a?=")
@settings(max_examples=80, deadline=None)
def test_a_name_stays_with_its_address(name: str) -> None:
    written = headers.addresses("To", name, "lucja@example.test")
    parsed = parse(written)
    assert parsed.keys() == ["To"]
    (address,) = parsed["To"].addresses
    assert address.addr_spec == "lucja@example.test"
    # the parser of addresses keeps the space between two encoded words, against RFC 2047; so the older one reads them
    phrase, _ = parseaddr(written.removeprefix("To: ").replace("\r\n", ""))
    assert str(make_header(decode_header(phrase))) == headers.one_line(name)
    assert all(len(line) <= 78 for line in lines(written))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "To: a@b.test"),
        ("Anna Nowak", "To: Anna Nowak <a@b.test>"),
        ("Nowak, Anna", 'To: "Nowak, Anna" <a@b.test>'),
        ('The "Shop"', 'To: "The \\"Shop\\"" <a@b.test>'),
        ("Łucja Żak", "To: =?utf-8?b?xYF1Y2phIMW7YWs=?= <a@b.test>"),
    ],
)
def test_names_are_written_plainly_where_they_can(name: str, expected: str) -> None:
    assert headers.addresses("To", name, "a@b.test") == expected + "\r\n"


def test_a_long_ascii_subject_is_folded_and_not_encoded() -> None:
    value = "Your order has left our warehouse and should be with you on Thursday before noon, if all goes well"
    written = headers.text("Subject", value)
    assert len(lines(written)) == 2
    assert written.replace("\r\n", "") == f"Subject: {value}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@shop.test",
        "a b@shop.test",
        "a@b@shop.test",
        "a@shop.test\r\nBcc: x@y.test",
        "a@shop.test, b@shop.test",
        "<a@shop.test>",
        '"a b"@shop.test',
        "łucja@shop.test",
        "a..b@shop.test",
        "a@shop..test",
        "a" * 65 + "@shop.test",
        "a@-\n.test",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress, match=r"is no address that mail can be sent to\.$"):
        headers.addresses("To", "", address)


def test_a_domain_with_other_letters_is_written_in_ascii() -> None:
    assert headers.checked_address("anna@żółw.pl") == "anna@xn--w-uga1v8h.pl"


@pytest.mark.parametrize("value", ["", "a\r\nb", "ł", "a\x00", "x" * 1000])
def test_values_for_machines_are_plain_or_refused(value: str) -> None:
    with pytest.raises(BadHeader, match="cannot stand in the header X-Kanwa-Id"):
        headers.opaque("X-Kanwa-Id", value)
