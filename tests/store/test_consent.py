from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from journeys.base.time import Instant
from journeys.store import contacts
from journeys.store.consent import NewConsent, Refusal, UnknownPurpose, record_consent, refresh_consents
from journeys.store.contacts import UnknownContact
from journeys.store.definitions import define_purpose
from journeys.store.erasing import erase
from journeys.store.fields import UnknownChannel
from journeys.store.store import Store
from journeys.store.suppression import suppress
from journeys.store.tables import consent, consent_now, event

NOW = Instant(1_700_000_000)


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.write() as conn:
        define_purpose(conn, "newsletter")
        define_purpose(conn, "offers")
        yield conn


@pytest.fixture
def anna(conn: Connection) -> int:
    return contacts.add(conn, [{"email": "Anna@b.pl", "phone": "+48601234567"}], now=NOW, source="test")[0]


def one(anna: int, given: bool, at: int, **more: Any) -> NewConsent:
    values: dict[str, Any] = {"channel": "email", "purpose": "newsletter", "source": "test"} | more
    return NewConsent(anna, given=given, at=Instant(at), **values)


def now(conn: Connection) -> dict[tuple[str, str], tuple[bool, int]]:
    rows = conn.execute(select(consent_now))
    return {(row.channel, row.purpose): (row.given, row.at) for row in rows}


def told(conn: Connection) -> list[tuple[Any, ...]]:
    rows = conn.execute(
        select(event.c.kind, event.c.at, event.c.data).where(event.c.kind.like("consent.%")).order_by(event.c.id)
    )
    return [tuple(row) for row in rows]


def test_a_consent_is_logged_holds_and_is_told(conn: Connection, anna: int) -> None:
    row = one(
        anna, True, 100, text_version="v3", ip="192.0.2.1", confirmed_at=Instant(150), identity="r1", import_batch=4
    )
    assert record_consent(conn, [row], now=NOW) == []
    logged = dict(conn.execute(select(consent)).mappings().one())
    assert logged == {
        "id": logged["id"],
        "contact": anna,
        "channel": "email",
        "purpose": "newsletter",
        "given": True,
        "at": 100,
        "recorded_at": NOW,
        "source": "test",
        "reason": "",
        "text_version": "v3",
        "ip": "192.0.2.1",
        "confirmed_at": 150,
        "identity": "r1",
        "import_batch": 4,
    }
    held = conn.execute(select(consent_now)).one()
    assert (held.given, held.at, held.consent) == (True, 100, logged["id"])
    assert told(conn) == [("consent.given", 100, {"channel": "email", "purpose": "newsletter", "reason": ""})]


def test_a_withdrawal_ends_it(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, True, 100)], now=NOW)
    record_consent(conn, [one(anna, False, 200, reason="unsubscribed")], now=NOW)
    assert now(conn) == {("email", "newsletter"): (False, 200)}
    assert told(conn)[-1] == (
        "consent.withdrawn",
        200,
        {"channel": "email", "purpose": "newsletter", "reason": "unsubscribed"},
    )


def test_channels_and_purposes_stand_by_themselves(conn: Connection, anna: int) -> None:
    record_consent(
        conn,
        [one(anna, True, 100), one(anna, True, 100, channel="sms"), one(anna, False, 100, purpose="offers")],
        now=NOW,
    )
    assert now(conn) == {
        ("email", "newsletter"): (True, 100),
        ("sms", "newsletter"): (True, 100),
        ("email", "offers"): (False, 100),
    }


def test_saying_the_same_again_is_logged_and_not_told(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, True, 100), one(anna, True, 200)], now=NOW)
    assert conn.execute(select(func.count()).select_from(consent)).scalar_one() == 2
    assert now(conn) == {("email", "newsletter"): (True, 200)}
    assert len(told(conn)) == 1


def test_an_older_word_does_not_overrule_a_newer_one(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, True, 200)], now=NOW)
    assert record_consent(conn, [one(anna, False, 100)], now=NOW) == []
    assert now(conn) == {("email", "newsletter"): (True, 200)}
    assert len(told(conn)) == 1


def test_a_grant_older_than_the_withdrawal_is_refused(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, False, 200)], now=NOW)
    (refused,) = record_consent(conn, [one(anna, True, 100)], now=NOW)
    assert (refused.index, refused.reason) == (0, Refusal.OLDER)
    assert refused.words() == (f"Contact {anna} withdrew the consent for email, newsletter after this one was given.")
    assert now(conn) == {("email", "newsletter"): (False, 200)}
    assert conn.execute(select(func.count()).select_from(consent)).scalar_one() == 1


def test_a_grant_later_than_the_withdrawal_is_taken(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, False, 200)], now=NOW)
    assert record_consent(conn, [one(anna, True, 201)], now=NOW) == []
    assert now(conn) == {("email", "newsletter"): (True, 201)}


def test_in_the_same_second_the_later_word_counts(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, False, 200)], now=NOW)
    assert record_consent(conn, [one(anna, True, 200)], now=NOW) == []
    assert now(conn) == {("email", "newsletter"): (True, 200)}


def test_an_import_of_the_same_second_does_not_grant(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, False, 200)], now=NOW)
    (refused,) = record_consent(conn, [one(anna, True, 200, import_batch=1)], now=NOW)
    assert refused.reason is Refusal.OLDER


def test_a_grant_dated_in_the_future_does_not_outlive_a_withdrawal(conn: Connection, anna: int) -> None:
    rows = [one(anna, True, NOW), one(anna, True, NOW + 86_400)]
    (refused,) = record_consent(conn, rows, now=NOW)
    assert (refused.index, refused.reason) == (1, Refusal.FUTURE)
    assert refused.words() == (
        f"The consent of contact {anna} for email, newsletter is dated in the future. Correct the day on which it was "
        "given."
    )
    record_consent(conn, [one(anna, False, NOW + 10)], now=Instant(NOW + 10))
    assert now(conn) == {("email", "newsletter"): (False, NOW + 10)}


@pytest.mark.parametrize("reason", ["complaint", "bounce"])
def test_no_grant_overcomes_a_complaint_or_a_bounce(conn: Connection, anna: int, reason: str) -> None:
    record_consent(conn, [one(anna, False, 200, reason=reason, purpose="offers")], now=NOW)
    (refused,) = record_consent(conn, [one(anna, True, 300)], now=NOW)
    assert refused.reason is Refusal.BLOCKED
    assert refused.words() == (
        f"Contact {anna} cannot be given a consent for email: complaint, bounce or erased address."
    )
    assert record_consent(conn, [one(anna, True, 300, channel="sms")], now=NOW) == []


@pytest.mark.parametrize(("channel", "address"), [("email", "anna@B.PL"), ("sms", "+48601234567")])
def test_no_grant_overcomes_a_suppressed_address(conn: Connection, anna: int, channel: str, address: str) -> None:
    suppress(conn, channel, [address], reason="bounce", at=NOW)
    (refused,) = record_consent(conn, [one(anna, True, 300, channel=channel)], now=NOW)
    assert refused.reason is Refusal.BLOCKED


def test_an_address_suppressed_by_hand_takes_consents_and_gets_no_mail(conn: Connection, anna: int) -> None:
    suppress(conn, "email", ["anna@b.pl"], reason="asked by phone", at=NOW)
    assert record_consent(conn, [one(anna, True, 300)], now=NOW) == []


def test_an_erased_contact_takes_no_consent(conn: Connection, anna: int) -> None:
    erase(conn, [anna], now=NOW)
    (refused,) = record_consent(conn, [one(anna, True, 300)], now=NOW)
    assert refused.words() == f"Contact {anna} was erased."


def test_refusals_name_the_row_they_are_about(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, False, 500)], now=NOW)
    rows = [one(anna, True, 600), one(anna, True, 400), one(anna, True, 700), one(anna, True, 300)]
    assert [row.index for row in record_consent(conn, rows, now=NOW)] == [1, 3]


def test_an_unknown_purpose_is_refused_with_the_nearest(conn: Connection, anna: int) -> None:
    with pytest.raises(UnknownPurpose) as refused:
        record_consent(conn, [one(anna, True, 1, purpose="newsleter")], now=NOW)
    assert str(refused.value) == "There is no purpose “newsleter”. The nearest is “newsletter”."


def test_an_unknown_channel_or_contact_is_refused(conn: Connection, anna: int) -> None:
    with pytest.raises(UnknownChannel):
        record_consent(conn, [one(anna, True, 1, channel="fax")], now=NOW)
    with pytest.raises(UnknownContact):
        record_consent(conn, [one(anna + 1, True, 1)], now=NOW)


def test_what_holds_can_be_worked_out_from_the_log_again(conn: Connection, anna: int) -> None:
    record_consent(conn, [one(anna, True, 100), one(anna, False, 200), one(anna, True, 300, purpose="offers")], now=NOW)
    conn.execute(delete(consent).where(consent.c.at == 200))
    refresh_consents(conn, [anna])
    assert now(conn) == {("email", "newsletter"): (True, 100), ("email", "offers"): (True, 300)}


def test_thousands_are_recorded_in_one_call(conn: Connection) -> None:
    ids = contacts.add(conn, [{} for _ in range(5_000)], now=NOW, source="test")
    assert record_consent(conn, [one(id_, True, 100) for id_ in ids], now=NOW) == []
    assert conn.execute(select(func.count()).select_from(consent_now)).scalar_one() == 5_000


WORDS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.sampled_from(["newsletter", "offers"])), max_size=12)


@hypothesis_settings(max_examples=40, deadline=None)
@given(words=WORDS, cut=st.integers(0, 12))
def test_what_holds_is_always_the_newest_of_the_log(sqlite_template: Any, words: list[Any], cut: int) -> None:
    from journeys.store.store import engine_for

    store = Store(engine_for(f"sqlite:///{sqlite_template}"))
    with store.engine.connect() as conn, conn.begin() as transaction:
        define_purpose(conn, "newsletter")
        define_purpose(conn, "offers")
        (id_,) = contacts.add(conn, [{}], now=NOW, source="test")
        rows = [one(id_, given, at, purpose=purpose) for given, at, purpose in words]
        for lot in (rows[:cut], rows[cut:]):
            record_consent(conn, lot, now=NOW)
        held = now(conn)
        refresh_consents(conn, [id_])
        assert now(conn) == held
        # a withdrawal is never lost to an older grant
        for purpose in ("newsletter", "offers"):
            withdrawn = [row.at for row in rows if not row.given and row.purpose == purpose]
            if withdrawn and ("email", purpose) in held and held["email", purpose][0]:
                assert held["email", purpose][1] >= max(withdrawn)
        transaction.rollback()
    store.close()
