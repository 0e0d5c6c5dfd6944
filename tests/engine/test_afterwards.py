from __future__ import annotations

from collections import Counter

import pytest

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import Accepted, Handed, Refused, Uncertain
from journeys.engine import afterwards
from journeys.engine.afterwards import (
    MayHaveBeenAccepted,
    NotFailed,
    NotUnknown,
    Settlement,
    StillUnknown,
    UnknownMessage,
)
from journeys.store import contacts
from tests.engine.conftest import World
from tests.engine.mails import PlainWriter, Recorder
from tests.engine.test_outbox import deliver, last, publish

UNCERTAIN = Uncertain("the line broke after the last dot")
REFUSED = Refused(550, "no such user")


def sent_by(world: World, answer: Handed, n: int = 1, **options: object) -> list[int]:
    """Messages to so many contacts that were handed over with this answer; their ids."""
    people = world.people(n)
    world.consent(people)
    publish(world)
    world.enroll(people)
    world.tick()
    for one in people:
        if one != people[0]:
            # after a mail without an answer the account rests before the next one
            world.now = Instant(world.now + 2 * MINUTE)
        deliver(world, Recorder(lambda _mail: answer), **options)  # type: ignore[arg-type]
    return [message["id"] for message in world.messages()]


def states(world: World) -> list[tuple[str, str]]:
    return [(message["state"], message["reason"]) for message in world.messages()]


@pytest.mark.parametrize(("outcome", "way", "counts"), [("sent", "ask:sent", True), ("failed", "ask:not_sent", False)])
def test_an_unknown_message_is_settled_by_hand_and_its_passage_goes_on_at_once(
    world: World, outcome: afterwards.Outcome, way: str, counts: bool
) -> None:
    [message] = sent_by(world, UNCERTAIN)
    with world.store.write() as conn:
        afterwards.resolve(conn, [message], outcome, now=world.now)
    world.tick()
    assert states(world) == [(outcome, "resolved")]
    assert last(world, world.messages()[0]["contact"]) == way
    assert (world.messages()[0]["counted_at"] is not None) == counts


def test_settling_after_a_day_leaves_the_passage_where_it_has_gone(world: World) -> None:
    [message] = sent_by(world, UNCERTAIN)
    world.tick(world.now + 25 * HOUR)
    before = world.passages()
    with world.store.write() as conn:
        afterwards.resolve(conn, [message], "failed", now=world.now)
    world.tick()
    assert world.passages() == before
    assert states(world) == [("failed", "resolved")]


def test_only_unknown_messages_are_settled_all_or_none(world: World) -> None:
    first, second = sent_by(world, UNCERTAIN, 2)
    with world.store.write() as conn:
        afterwards.resolve(conn, [first], "sent", now=world.now)
    with pytest.raises(NotUnknown, match=f"Message {first} is sent, not unknown"), world.store.write() as conn:
        afterwards.resolve(conn, [second, first], "sent", now=world.now)
    assert states(world) == [("sent", "resolved"), ("unknown", "no answer")]


def test_those_unknown_for_longer_are_found(world: World) -> None:
    [message] = sent_by(world, UNCERTAIN)
    with world.store.read() as conn:
        assert afterwards.unknown_before(conn, Instant(world.now - 1)) == []
        assert afterwards.unknown_before(conn, world.now) == [message]


def test_a_bounce_settles_an_unknown_message_and_the_same_word_twice_does_nothing(world: World) -> None:
    [message] = sent_by(world, UNCERTAIN)
    with world.store.write() as conn:
        heard = [afterwards.heard(conn, message, "failed", reason="bounced", now=world.now) for _ in range(2)]
    world.tick()
    assert heard == [Settlement.APPLIED, Settlement.NOTHING_NEW]
    assert last(world, world.messages()[0]["contact"]) == "ask:not_sent"


def test_a_bounce_ends_a_message_that_counted_as_sent_and_moves_nobody(world: World) -> None:
    [message] = sent_by(world, Accepted("250 ok"))
    world.tick()
    with world.store.write() as conn:
        assert afterwards.heard(conn, message, "sent", reason="relay", now=world.now) is Settlement.NOTHING_NEW
        assert afterwards.heard(conn, message, "failed", reason="bounced", now=world.now) is Settlement.APPLIED
    assert states(world) == [("failed", "bounced")]
    assert last(world, world.messages()[0]["contact"]) == "ask:sent"


def test_a_bounce_about_a_message_that_was_never_handed_over_is_no_news(world: World) -> None:
    [message] = sent_by(world, REFUSED)
    with world.store.write() as conn:
        assert afterwards.heard(conn, message, "sent", reason="relay", now=world.now) is Settlement.NOTHING_NEW
        assert afterwards.heard(conn, 999, "sent", reason="relay", now=world.now) is Settlement.NO_SUCH_MESSAGE
    assert states(world) == [("failed", "refused")]


def test_a_refused_message_is_tried_again_as_the_same_message(world: World) -> None:
    [message] = sent_by(world, REFUSED)
    world.tick()
    first = world.messages()[0]
    world.now = Instant(world.now + 10 * DAY)
    with world.store.write() as conn:
        contacts.change(conn, [(first["contact"], {"email": "right@example.com"})], now=world.now, source="test")
        afterwards.retry(conn, [message], now=world.now)
    again = world.messages()[0]
    # it has as long as it had at first
    assert again["expires_at"] - world.now == first["expires_at"] - first["made_at"]
    channel = Recorder()
    assert deliver(world, channel).states == Counter(sent=1)
    world.tick()
    (after,) = world.messages()
    assert (after["id"], after["rfc_id"], after["attempts"]) == (message, first["rfc_id"], 1)
    assert [mail.to for mail in channel.mails] == ["right@example.com"]
    assert last(world, first["contact"]) == "ask:not_sent"


def test_a_message_that_could_not_be_written_is_tried_again(world: World) -> None:
    [message] = sent_by(world, Accepted("250 ok"), writer=PlainWriter(broken=range(100)))
    assert states(world) == [("failed", "template")]
    with world.store.write() as conn:
        afterwards.retry(conn, [message], now=world.now)
    assert deliver(world, Recorder()).states == Counter(sent=1)


def test_an_unknown_message_is_tried_again_only_after_somebody_said_that_it_failed(world: World) -> None:
    [message] = sent_by(world, UNCERTAIN)
    with pytest.raises(StillUnknown, match=f"kanwa resolve {message} failed"), world.store.write() as conn:
        afterwards.retry(conn, [message], now=world.now)
    with world.store.write() as conn:
        afterwards.resolve(conn, [message], "failed", now=world.now)
        afterwards.retry(conn, [message], now=world.now)
    # its passage has not gone on yet, and waits for the second try
    world.tick()
    assert deliver(world, Recorder()).states == Counter(sent=1)
    world.tick()
    assert last(world, world.messages()[0]["contact"]) == "ask:sent"


def test_what_had_been_accepted_and_bounced_is_not_tried_again(world: World) -> None:
    [message] = sent_by(world, Accepted("250 ok"))
    with world.store.write() as conn:
        afterwards.heard(conn, message, "failed", reason="bounced", now=world.now)
    with pytest.raises(MayHaveBeenAccepted), world.store.write() as conn:
        afterwards.retry(conn, [message], now=world.now)


def test_a_message_that_did_not_fail_is_not_tried_again(world: World) -> None:
    [message] = sent_by(world, Accepted("250 ok"))
    with pytest.raises(NotFailed, match=f"Message {message} is sent"), world.store.write() as conn:
        afterwards.retry(conn, [message], now=world.now)
    with pytest.raises(UnknownMessage, match="There is no message 999"), world.store.write() as conn:
        afterwards.retry(conn, [999], now=world.now)


def test_who_withdrew_consent_is_not_reached_by_a_second_try(world: World) -> None:
    [message] = sent_by(world, REFUSED)
    world.tick()
    world.consent([world.messages()[0]["contact"]], given=False)
    with world.store.write() as conn:
        afterwards.retry(conn, [message], now=world.now)
    assert deliver(world, Recorder()).states == Counter(skipped=1)
