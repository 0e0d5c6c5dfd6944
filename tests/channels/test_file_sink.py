from __future__ import annotations

import datetime
import os
import stat
import threading

import pytest

from journeys.channels.channel import Accepted, AccountTrouble
from journeys.channels.file_sink import FileSink, slug

CONTENT = b"Subject: x\r\n\r\n.dots\r\nstay\r\n"


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_mail_becomes_a_file_of_its_own(tmp_path, mail):
    with FileSink(tmp_path / "out").open() as session:
        handed = session.hand_over(mail("Anna.Nowak@Example.test", CONTENT, message_id=42))
    path = tmp_path / "out" / "000000042-anna.nowak_example.test.eml"
    assert handed == Accepted(str(path))
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["out/000000042-anna.nowak_example.test.eml"]


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_only_the_owner_reads_it(tmp_path, mail):
    handed = FileSink(tmp_path / "out").open().hand_over(mail())
    assert stat.S_IMODE(os.stat(handed.answer).st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_the_same_message_again_takes_the_place_of_its_file(tmp_path, mail):
    FileSink(tmp_path).open().hand_over(mail(content=b"first\r\n", message_id=7))
    FileSink(tmp_path).open().hand_over(mail("elsewhere@example.test", b"second\r\n", message_id=7))
    assert names(tmp_path) == ["000000007-anna_example.test.eml"]
    assert (tmp_path / "000000007-anna_example.test.eml").read_bytes() == b"second\r\n"


def test_by_day_a_message_stays_on_its_first_day(tmp_path, mail):
    days = iter([datetime.date(1997, 10, 1), datetime.date(1997, 10, 2)])
    sink = FileSink(tmp_path, day=lambda: next(days))
    for number in (1, 2, 1):
        sink.open().hand_over(mail(message_id=number))
    assert names(tmp_path) == [
        "1997-10-01/000000001-anna_example.test.eml",
        "1997-10-02/000000002-anna_example.test.eml",
    ]


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("../../etc/passwd@x.test", "etc_passwd_x.test"),
        ("a\\b:c*d?@x.test", "a_b_c_d_x.test"),
        ("żółw@x.test", "w_x.test"),
        ("", "mail"),
        ("...", "mail"),
        ("a" * 300 + "@x.test", "a" * 80),
        ("anna+news@x.test", "anna+news_x.test"),
    ],
)
def test_an_address_cannot_leave_the_folder(address, part):
    assert slug(address) == part


def test_a_folder_that_cannot_be_written_is_trouble_with_the_account(tmp_path, mail):
    (tmp_path / "file").write_text("")
    handed = FileSink(tmp_path / "file" / "out").open().hand_over(mail())
    assert handed == AccountTrouble(
        f"No mail can be written to {tmp_path / 'file' / 'out'}. Make room there or choose another folder.",
        "Not a directory",
    )


def test_a_failed_write_leaves_nothing(tmp_path, mail):
    sink = FileSink(tmp_path)
    sink.place(mail()).mkdir()
    assert isinstance(sink.open().hand_over(mail()), AccountTrouble)
    assert names(tmp_path) == []


def test_threads_write_each_mail_once(tmp_path, mail):
    sink = FileSink(tmp_path)

    def run(start):
        with sink.open() as session:
            for number in range(start, start + 50):
                session.hand_over(mail(message_id=number))

    threads = [threading.Thread(target=run, args=(start,)) for start in range(0, 200, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(tmp_path)) == 200
