"""Who waits to write to an SQLite store is let in between two transactions of long work."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

from journeys.store import settings
from journeys.store.asking import LONGEST, Asking
from journeys.store.store import Store, engine_for


def test_work_gives_way_until_nobody_asks(tmp_path: Path) -> None:
    asking = Asking(tmp_path / "store.sqlite")
    asks, may_stop = threading.Event(), threading.Event()
    order: list[str] = []

    def ask() -> None:
        with asking.asking():
            asks.set()
            may_stop.wait(20)
            order.append("asked")

    thread = threading.Thread(target=ask)
    thread.start()
    assert asks.wait(20)
    threading.Timer(0.01, may_stop.set).start()
    asking.give_way()
    order.append("gave way")
    thread.join(20)
    assert order == ["asked", "gave way"]


def test_it_gives_way_for_a_quarter_of_a_second_at_the_most(tmp_path: Path) -> None:
    asking = Asking(tmp_path / "store.sqlite")
    with asking.asking():
        began = time.monotonic()
        asking.give_way()
        assert time.monotonic() - began >= LONGEST


def test_several_may_ask_at_once(tmp_path: Path) -> None:
    asking = Asking(tmp_path / "store.sqlite")
    with asking.asking(), asking.asking():
        pass
    asking.give_way()


def test_the_file_is_for_the_user_alone(tmp_path: Path) -> None:
    with Asking(tmp_path / "store.sqlite").asking():
        pass
    assert stat.S_IMODE((tmp_path / "store.sqlite-want").stat().st_mode) == 0o600


def test_a_folder_that_nothing_can_be_made_in_keeps_nobody_from_asking(tmp_path: Path) -> None:
    asking = Asking(tmp_path / "gone" / "store.sqlite")
    with asking.asking():
        pass
    asking.give_way()


def test_nobody_asks_any_more_once_a_transaction_has_begun(sqlite_store: Store) -> None:
    with sqlite_store.write() as conn:
        settings.put(conn, "name", "a")
        other = Store(engine_for(sqlite_store.engine.url))
        began = time.monotonic()
        other.give_way()
        assert time.monotonic() - began < LONGEST
        other.close()
