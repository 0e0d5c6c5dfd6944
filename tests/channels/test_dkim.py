from __future__ import annotations

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from journeys.base.time import Instant
from journeys.channels.channel import Mail
from journeys.channels.dkim import SIGNED, BadDkimKey, BadSelector, DkimKey, NoKey, Signer, secret_name
from journeys.channels.envelope import envelope
from journeys.channels.secrets import Secret

CONTENT = (
    b"From: =?utf-8?q?Sklep_=C5=81ucji?= <shop@shop.test>\r\nTo: Anna <anna@example.test>\r\n"
    b"Subject: A subject that is\r\n folded\r\nMessage-ID: <1.abc@shop.test>\r\n"
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nX-Kanwa-Id: 1.abc\r\n"
    b"List-Unsubscribe: <https://shop.test/u/1>,\r\n <mailto:shop@shop.test>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    b".Good  morning, \r\n\r\n  it is  late.\t\r\n\r\n\r\n"
)
NOW = Instant(1_795_500_000)


@pytest.fixture(scope="module")
def key() -> DkimKey:
    return DkimKey.made()


def pem(made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Secret:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return Secret(made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


def verified(content: bytes, record: str, name: str = "s1._domainkey.shop.test.") -> bool:
    """What dkimpy says, with a DNS that holds one record."""

    def dns(asked: bytes, timeout: int = 5) -> bytes | None:
        return record.encode() if asked.decode() == name else None

    valid: bool = dkim.verify(content, dnsfunc=dns)
    return valid


def test_a_signature_is_valid_by_the_record_to_publish(key: DkimKey) -> None:
    signed = Signer("shop.test", "s1", key).sign(CONTENT, at=NOW)
    assert signed.endswith(CONTENT)
    assert verified(signed, key.record())


def test_a_signed_mail_is_still_valid_after_a_line_of_smtp(key: DkimKey) -> None:
    sent = envelope(
        Mail(1, "shop@shop.test", "anna@example.test", Signer("shop.test", "s1", key).sign(CONTENT, at=NOW))
    )
    assert verified(sent.content.replace(b"\r\n..", b"\r\n."), key.record())


@pytest.mark.parametrize(
    ("word", "other"),
    [
        (b"shop@shop.test>", b"shop@evil.test>"),
        (b"anna@", b"bob@"),
        (b"folded", b"fooled"),
        (b"<1.abc", b"<2.abc"),
        (b"12:00:00", b"13:00:00"),
        (b"https://shop.test/u/1", b"https://evil.test/u/1"),
        (b"=One-Click", b"=None"),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.1"),
        (b"text/plain", b"text/html"),
        (b"late", b"soon"),
    ],
)
def test_what_is_changed_on_the_way_breaks_it(key: DkimKey, word: bytes, other: bytes) -> None:
    signed = Signer("shop.test", "s1", key).sign(CONTENT, at=NOW)
    assert not verified(signed.replace(word, other), key.record())


def test_a_second_from_above_breaks_it(key: DkimKey) -> None:
    assert not verified(
        b"From: evil@evil.test\r\n" + Signer("shop.test", "s1", key).sign(CONTENT, at=NOW), key.record()
    )


def test_what_the_server_writes_anew_is_left_out(key: DkimKey) -> None:
    signed = Signer("shop.test", "s1", key, ("Date", "Message-ID")).sign(CONTENT, at=NOW)
    relayed = signed.replace(b"<1.abc@shop.test>", b"<0100@relay.test>").replace(b"12:00:00", b"12:00:09")
    assert verified(relayed, key.record())


def test_it_says_when_it_was_made_and_what_it_covers(key: DkimKey) -> None:
    header = Signer("shop.test", "s1", key).sign(CONTENT, at=NOW).partition(b"\r\nFrom:")[0].decode()
    assert f"t={NOW};" in header
    assert all(len(line) <= 78 for line in header.split("\r\n"))
    named = header.partition(" h=")[2].partition(";")[0].replace("\r\n  ", "").split(":")
    assert named[:2] == ["from", "from"]
    assert set(named) == {name.lower() for name in SIGNED} - {"reply-to", "content-transfer-encoding"}


def test_a_key_comes_back_from_what_the_keyring_keeps(key: DkimKey) -> None:
    kept = key.kept()
    assert len(kept.reveal()) < 1_280
    assert DkimKey.read(kept).record() == key.record()


def test_a_key_in_pem_is_taken(key: DkimKey) -> None:
    made = rsa.generate_private_key(65537, 1024)
    again = DkimKey.read(DkimKey.read(pem(made)).kept())
    assert verified(Signer("shop.test", "s1", again).sign(CONTENT, at=NOW), again.record())


@pytest.mark.parametrize("text", ["", "nonsense", "rsa x y", "rsa AAAA AAAA"])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(BadDkimKey) as caught:
        DkimKey.read(Secret(text))
    assert not text or text not in str(caught.value)


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(BadDkimKey):
        DkimKey.read(pem(ec.generate_private_key(ec.SECP256R1())))


def test_a_key_does_not_show_itself(key: DkimKey) -> None:
    assert repr(Signer("shop.test", "s1", key)).endswith("key=DkimKey(2048 bits), leave_out=())")


def test_a_selector_is_a_name_in_the_dns() -> None:
    assert secret_name("shop", "kanwa1") == "sender/shop/dkim/kanwa1"
    with pytest.raises(BadSelector, match="“a b” cannot be a selector"):
        secret_name("shop", "a b")


def test_without_its_key_a_sender_is_in_trouble_and_not_unsigned() -> None:
    assert NoKey("shop").trouble.sentence == (
        "The key that signs the mail of “shop” is not in the keyring. Give it with kanwa sender dkim."
    )
