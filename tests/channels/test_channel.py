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
