from __future__ import annotations

import pytest

from journeys.channels.channel import Mail, retry_after


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 60), (1, 60), (2, 300), (3, 900), (4, 3600), (5, 14400), (6, 14400), (100, 14400)]
)
def test_waiting_grows_to_four_hours(attempts, seconds):
    assert retry_after(attempts) == seconds


def test_a_mail_does_not_show_its_content():
    assert "hello" not in repr(Mail(1, "a@b.test", "c@d.test", b"hello"))


def test_two_messages_put_off_together_do_not_come_back_together():
    waits = {retry_after(3, message) for message in range(200)}
    assert len(waits) > 50
    assert min(waits) >= retry_after(3)
    assert max(waits) <= retry_after(3) * 5 / 4


def test_a_message_waits_the_same_however_often_it_is_asked():
    assert retry_after(2, 12) == retry_after(2, 12) != retry_after(2, 13)


def test_a_mail_rests_with_its_sender_and_without_one_with_its_address():
    assert Mail(1, "a@b.test", "c@d.test", b"", sender="shop").line == "shop"
    assert Mail(1, "a@b.test", "c@d.test", b"").line == "a@b.test"
