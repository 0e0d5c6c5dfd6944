"""A disk without room, in the middle of a beat, an import and a hand-over: a clear sentence, nothing half written, and on
it goes once there is room."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import event, func, select

from journeys.base.clock import SetClock
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store import tables as t
from journeys.store.errors import StoreError
from journeys.store.importing import import_file
from journeys.store.store import Store, engine_for
from tests.faults.conftest import Shop
from tests.faults.server import Server

pytestmark = pytest.mark.long

PEOPLE = 500


class Disk(Protocol):
    """A disk that can be full."""

    store: Store
    #: what is said of it then
    said: str

    def fill(self) -> None:
        """Leave no room."""
        ...

    def clear(self) -> None:
        """Make room again."""
        ...


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A small file system in memory, as long as the test lasts. Skips where this user may not mount one.

    Under KANWA_FULL=1 too: most containers forbid it, and the limits of files and pages below need no right.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "kanwa", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system in memory")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class Mounted:
    """A store on a small disk of its own."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.said = full(store)
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def clear(self) -> None:
        self._filler.unlink()


class Pages:
    """A file that may not grow, by the limit of the database itself."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.said = full(store)
        self._full = False
        event.listen(self.store.engine, "checkout", self._limit)

    def _limit(self, connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        pages = cursor.execute("PRAGMA page_count").fetchone()[0] if self._full else 2**30
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    def fill(self) -> None:
        self._full = True

    def clear(self) -> None:
        self._full = False


class Files:
    """Files of this process that may not grow, by the limit of the system (RLIMIT_FSIZE)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # the system calls the file too large and not the disk full
        self.said = f"The disk of the store {store.label} reports an error. Nothing was half written; look at the disk."
        self._resource = pytest.importorskip("resource", reason="this system sets no limits to files")
        self._usual = self._resource.getrlimit(self._resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        # room for the index of the log, which readers need too
        self._resource.setrlimit(self._resource.RLIMIT_FSIZE, (32768, self._usual[1]))

    def clear(self) -> None:
        self._resource.setrlimit(self._resource.RLIMIT_FSIZE, self._usual)


@pytest.fixture
def small_file(tmp_path: Path, sqlite_template: Path) -> Iterator[Disk]:
    """An SQLite store on a disk of 8 MB."""
    with small_disk(tmp_path / "small", 8) as folder:
        shutil.copy(sqlite_template, folder / "store.sqlite")
        store = Store(engine_for(f"sqlite:///{folder / 'store.sqlite'}"))
        yield Mounted(store, folder)
        store.close()


@pytest.fixture
def small_tablespace(server: Server) -> Iterator[Disk]:
    """A PostgreSQL store whose tables lie on a disk of 64 MB; the log of the server lies elsewhere."""
    # not below pytest's own folder, which the server's user may not enter
    parent = Path(tempfile.mkdtemp(prefix="kanwa-small-"))
    parent.chmod(0o755)
    try:
        with small_disk(parent / "small", 64) as folder:
            name = f"small_{uuid.uuid4().hex[:12]}"
            server.make_tablespace(name, folder / "space")
            store = server.make_store(tablespace=name)
            yield Mounted(store, folder)
            server.drop_store(store)
            server.execute(f"DROP TABLESPACE {name}")
    finally:
        shutil.rmtree(parent)


@pytest.fixture
def pages(sqlite_store: Store) -> Disk:
    return Pages(sqlite_store)


@pytest.fixture
def files(sqlite_store: Store) -> Iterator[Disk]:
    made = Files(sqlite_store)
    yield made
    made.clear()


@pytest.fixture(
    params=["small_file", "pages", "files", pytest.param("small_tablespace", marks=pytest.mark.postgres)],
)
def disk(request: pytest.FixtureRequest) -> Disk:
    made: Disk = request.getfixturevalue(request.param)
    return made


def full(store: Store) -> str:
    return f"The disk of the store {store.label} is full. Nothing was half written; make room and try again."


def test_a_full_disk_in_a_beat_is_told_and_the_beat_is_done_when_there_is_room(disk: Disk) -> None:
    shop = Shop(disk.store, PEOPLE)
    shop.order()
    disk.fill()
    for _ in range(3):
        shop.fire(1)
    assert shop.troubles == [disk.said] * 3
    assert shop.channel.mails == []
    disk.clear()
    # to look at it while the disk is full, PostgreSQL may need room too
    assert shop.sound()
    shop.fire(1)
    assert shop.done()


@pytest.mark.parametrize("threads", [1, 4])
def test_a_full_disk_in_a_hand_over_leaves_at_most_one_mail_a_thread_unknown_and_the_rest_waiting(
    disk: Disk, threads: int
) -> None:
    shop = Shop(disk.store, PEOPLE, threads=threads)
    shop.order()
    first = threading.Lock()

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) >= 5 and first.acquire(blocking=False):
            disk.fill()
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.fire()
    # commits may still find room in what is there, so that the next beat may have mails in flight too
    shop.fire(1)
    assert set(shop.troubles) == {disk.said}
    disk.clear()
    assert shop.sound(in_flight=2 * threads)
    shop.fire(5)
    unknown = shop.states()["unknown"]
    assert shop.states() == Counter(sent=PEOPLE - unknown, unknown=unknown)
    assert shop.sound(in_flight=2 * threads)
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

    with pytest.raises(StoreError) as refused:
        import_file(disk.store, "contacts", path, clock=SetClock(shop.world.now), progress=fill_after_the_first_lot)
    assert str(refused.value) == disk.said
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
