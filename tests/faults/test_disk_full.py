"""A disk without room, in the middle of a beat, an import and a hand-over: a clear sentence, nothing half written, and on
it goes once there is room."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import event, func, select

from journeys.base.clock import SetClock
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store import tables as t
from journeys.store.errors import DiskFull
from journeys.store.importing import import_file
from journeys.store.store import Store, engine_for
from tests.faults.conftest import Shop

pytestmark = pytest.mark.long

PEOPLE = 500


class Disk(Protocol):
    """A disk that can be full."""

    store: Store

    def fill(self) -> None:
        """Leave no room."""
        ...

    def clear(self) -> None:
        """Make room again."""
        ...


class Tmpfs:
    """A small file system in memory; the store on it."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._filler = folder / "filler"
        path = folder / "store.sqlite"
        shutil.copy(template, path)
        self.store = Store(engine_for(f"sqlite:///{path}"))

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def clear(self) -> None:
        self._filler.unlink()


class Pages:
    """A file that may not grow, by the limit of the database itself."""

    def __init__(self, folder: Path, template: Path) -> None:
        path = folder / "store.sqlite"
        shutil.copy(template, path)
        self.store = Store(engine_for(f"sqlite:///{path}"))
        self._full = False
        event.listen(self.store.engine, "checkout", self._limit)

    def _limit(self, connection: object, *_: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        pages = cursor.execute("PRAGMA page_count").fetchone()[0] if self._full else 2**30
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    def fill(self) -> None:
        self._full = True

    def clear(self) -> None:
        self._full = False


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "kanwa", folder], capture_output=True).returncode:
        pytest.skip("this user may not mount a file system in memory")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(params=["tmpfs", "pages"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Disk]:
    made: Disk
    if request.param == "tmpfs":
        made = Tmpfs(request.getfixturevalue("tmpfs"), sqlite_template)
    else:
        made = Pages(tmp_path, sqlite_template)
    yield made
    made.store.close()


def full(store: Store) -> str:
    return f"The disk of the store {store.label} is full. Nothing was half written; make room and try again."


def test_a_full_disk_in_a_beat_is_told_and_the_beat_is_done_when_there_is_room(disk: Disk) -> None:
    shop = Shop(disk.store, PEOPLE)
    shop.order()
    disk.fill()
    for _ in range(3):
        shop.fire(1)
    assert shop.troubles == [full(disk.store)] * 3
    assert shop.sound()
    assert shop.channel.mails == []
    disk.clear()
    shop.fire(1)
    assert shop.done()


def test_a_full_disk_in_a_hand_over_leaves_one_mail_a_thread_unknown_and_the_rest_waiting(disk: Disk) -> None:
    shop = Shop(disk.store, PEOPLE)
    shop.order()

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            disk.fill()
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.fire()
    # a few commits may still have found room in what was there
    taken = len(shop.channel.mails)
    assert set(shop.troubles) == {full(disk.store)}
    shop.fire(1)
    assert (len(shop.channel.mails), shop.sound()) == (taken, True)
    disk.clear()
    shop.channel.answer = lambda _mail: Accepted("250 ok")
    shop.fire(5)
    states = shop.states()
    assert states["unknown"] <= 1
    assert states == Counter(sent=PEOPLE - states["unknown"], unknown=states["unknown"])
    assert shop.sound()
    assert len(shop.channel.mails) == PEOPLE


def test_a_full_disk_in_an_import_is_said_and_the_same_file_again_brings_in_the_rest(
    disk: Disk, tmp_path: Path
) -> None:
    shop = Shop(disk.store)
    path = tmp_path / "people.csv"
    rows = [f"{n},p{n}@example.org,{'long name ' * 10}{n}" for n in range(5_000)]
    path.write_text("\n".join(["external_id,email,first_name", *rows]), encoding="utf-8")

    def fill_after_the_first_lot(progress: object) -> None:
        disk.fill()

    with pytest.raises(DiskFull) as refused:
        import_file(disk.store, "contacts", path, clock=SetClock(shop.world.now), progress=fill_after_the_first_lot)
    assert str(refused.value) == full(disk.store)
    disk.clear()
    brought_in = people(disk.store)
    assert brought_in < 5_000
    assert brought_in == created(disk.store), "a contact without what tells of its coming, or the other way round"
    report = import_file(disk.store, "contacts", path, clock=SetClock(shop.world.now))
    assert (report.added, report.unchanged, report.refused_count) == (5_000 - brought_in, brought_in, 0)
    assert people(disk.store) == created(disk.store) == 5_000


def people(store: Store) -> int:
    with store.read() as conn:
        statement = select(func.count()).where(t.contact.c.external_id.is_not(None))
        return int(conn.execute(statement).scalar_one())


def created(store: Store) -> int:
    with store.read() as conn:
        statement = (
            select(func.count())
            .select_from(t.event.join(t.contact, t.contact.c.id == t.event.c.contact))
            .where(t.event.c.kind == "contact.created", t.contact.c.external_id.is_not(None))
        )
        return int(conn.execute(statement).scalar_one())
