"""PostgreSQL that goes away, cuts a connection or ends a transaction for another one, in the middle of a beat."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from journeys.base.time import HOUR
from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store.store import Store
from tests.faults.conftest import Fault, Shop
from tests.faults.server import Server

pytestmark = [pytest.mark.long, pytest.mark.postgres]

Plant = Callable[..., Fault]

#: the middle of each part of a beat: statement, and which one of its kind
MIDDLES = [
    pytest.param("INTO lot", 1, id="listening"),
    pytest.param("INTO enrollment", 1, id="enrolling"),
    pytest.param("INTO cohort", 1, id="advancing"),
    pytest.param("UPDATE contact", 1, id="changing"),
    pytest.param("INTO message", 1, id="making messages"),
    pytest.param("UPDATE message", 3, id="claiming"),
    pytest.param("UPDATE message SET rfc_id", 4, id="starting"),
]


@pytest.fixture
def own_store(server: Server) -> Iterator[Store]:
    """A new store on the server that may be restarted."""
    store = server.make_store()
    yield store
    server.drop_store(store)


def goes_on(shop: Shop) -> None:
    """Beat until all is done: everybody has their mail, once."""
    for _ in range(6):
        shop.fire(5)
        if shop.done():
            return
    raise AssertionError(f"never done: {shop.states()}, {shop.troubles}")


def all_but_unknown(shop: Shop, *, in_flight: int) -> None:
    """Beat until everybody has their mail or stands at one that is unknown, and comes to the end after a day."""
    for _ in range(6):
        shop.fire(5)
        assert shop.sound(in_flight=in_flight)
        if set(shop.states()) <= {"sent", "unknown"}:
            break
    unknown = shop.states()["unknown"]
    assert shop.states() == Counter(sent=len(shop.people) - unknown, unknown=unknown)
    shop.fire(25 * HOUR)
    assert shop.sound(in_flight=in_flight)
    assert {passage["state"] for passage in shop.world.passages()} == {"finished"}


@pytest.mark.parametrize(("statement", "nth"), MIDDLES)
def test_a_server_restarted_in_the_middle_of_a_beat_costs_that_beat_and_nothing_else(
    own_store: Store, server: Server, fault: Plant, statement: str, nth: int
) -> None:
    shop = Shop(own_store)
    shop.order()
    restarted = fault(own_store, statement, lambda _conn: server.restart(), nth=nth)
    shop.fire()
    assert restarted.done
    assert shop.troubles == [
        f"The server of the store {own_store.label} ended the connection. Nothing was half written; try again."
    ]
    assert shop.sound()
    goes_on(shop)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_server_restarted_while_mails_are_being_taken_leaves_at_most_one_a_thread_unknown(
    own_store: Store, server: Server, threads: int
) -> None:
    shop = Shop(own_store, 60, threads=threads)
    first = threading.Lock()

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) >= 5 and first.acquire(blocking=False):
            server.restart()
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.order()
    shop.fire()
    # who was in no transaction finds that out before the next one begins
    others = threads - 1
    assert shop.sound(in_flight=others)
    all_but_unknown(shop, in_flight=others)


def test_a_server_that_is_gone_for_a_while_leaves_the_mail_in_hand_unknown_and_gets_the_rest_when_it_is_back(
    own_store: Store, server: Server
) -> None:
    shop = Shop(own_store)

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            server.stop()
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.order()
    try:
        for _ in range(3):
            shop.fire(1)
        assert (len(shop.channel.mails), len(shop.troubles)) == (5, 3)
        assert all(
            one == f"The server of the store {own_store.label} does not answer. See whether it runs and whether its "
            "address is right."
            for one in shop.troubles
        )
    finally:
        server.start()
    all_but_unknown(shop, in_flight=1)
    assert shop.states()["unknown"] == 1


@pytest.fixture
def admin(postgres_server: str) -> Iterator[Engine]:
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def cut(admin: Engine, conn: Connection) -> None:
    """Let the server end this connection."""
    driver: Any = conn.connection.driver_connection
    with admin.connect() as other:
        assert other.execute(
            text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": driver.info.backend_pid}
        ).scalar()


@pytest.mark.parametrize(("statement", "nth"), MIDDLES)
def test_a_connection_cut_in_the_middle_of_a_transaction_takes_that_transaction_back_and_no_more(
    postgres_store: Store, admin: Engine, fault: Plant, statement: str, nth: int
) -> None:
    shop = Shop(postgres_store)
    shop.order()

    planted = fault(postgres_store, statement, partial(cut, admin), nth=nth)
    shop.fire()
    assert planted.done
    assert len(shop.troubles) == 1
    assert "ended the connection. Nothing was half written" in shop.troubles[0]
    assert shop.sound()
    goes_on(shop)


def test_a_connection_cut_while_it_is_told_that_a_mail_was_taken_leaves_that_mail_unknown(
    postgres_store: Store, admin: Engine, fault: Plant
) -> None:
    shop = Shop(postgres_store)
    shop.order()

    def answer(_mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            fault(postgres_store, "UPDATE message", partial(cut, admin))
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.fire()
    assert (len(shop.channel.mails), len(shop.troubles)) == (5, 1)
    # what was claimed and not begun goes back at once
    assert shop.states() == Counter(sent=4, started=1, pending=15)
    all_but_unknown(shop, in_flight=1)
    assert shop.states()["unknown"] == 1


# --- in favour of another transaction ---------------------------------------------------------------------------------

#: where the server ends a transaction: before which change of which table
WRITES = [
    pytest.param("INSERT ON enrollment", id="enrolling"),
    pytest.param("INSERT ON hop", id="advancing"),
    pytest.param("UPDATE ON message", id="handing over"),
]


@pytest.fixture
def refuse(postgres_store: Store) -> Iterator[Callable[[str, int, str], None]]:
    """Lets the server end so many transactions, with an SQLSTATE, at the statement that makes a change."""

    def make(change: str, times: int, state: str) -> None:
        with postgres_store.write() as conn:
            conn.execute(text("CREATE SEQUENCE refused"))
            conn.execute(
                text(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                    # a sequence counts on although the transaction is taken back
                    f" IF nextval('refused') <= {times} THEN RAISE EXCEPTION 'for another' USING ERRCODE = '{state}'; END IF;"
                    " RETURN NULL; END $$"
                )
            )
            conn.execute(text(f"CREATE TRIGGER refuse AFTER {change} EXECUTE FUNCTION refuse()"))

    yield make
    with postgres_store.write() as conn:
        conn.execute(text("DROP FUNCTION IF EXISTS refuse CASCADE"))
        conn.execute(text("DROP SEQUENCE IF EXISTS refused"))


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("change", WRITES)
def test_a_transaction_ended_for_another_one_is_done_again_and_nobody_hears_of_it(
    postgres_store: Store, refuse: Callable[[str, int, str], None], change: str, state: str
) -> None:
    shop = Shop(postgres_store)
    shop.order()
    refuse(change, 3, state)
    shop.fire()
    assert (shop.troubles, shop.done()) == ([], True)


@pytest.mark.parametrize("change", WRITES)
def test_a_transaction_ended_again_and_again_is_told_and_done_by_a_later_beat(
    postgres_store: Store, refuse: Callable[[str, int, str], None], change: str
) -> None:
    shop = Shop(postgres_store)
    shop.order()
    refuse(change, 6, "40001")
    shop.fire()
    (told,) = shop.troubles
    assert told.startswith("Other programs that write to the store postgresql")
    assert shop.sound()
    goes_on(shop)


@pytest.mark.parametrize("change", WRITES)
def test_a_server_without_room_is_told_and_the_beat_is_done_when_there_is_some(
    postgres_store: Store, refuse: Callable[[str, int, str], None], change: str
) -> None:
    """What `test_disk_full` shows with a small disk, where none can be mounted."""
    shop = Shop(postgres_store)
    shop.order()
    refuse(change, 2, "53100")
    full = f"The disk of the store {postgres_store.label} is full. Nothing was half written; make room and try again."
    for _ in range(2):
        shop.fire(1)
        assert shop.sound()
    assert shop.troubles == [full, full]
    goes_on(shop)


class Rival:
    """A transaction that holds one row and then wants another one, which the engine holds by then.

    It waits for longer than the engine before it looks for a deadlock, so that the server ends the engine's.
    """

    def __init__(self, store: Store) -> None:
        self._engine = create_engine(store.engine.url)
        self._conn = self._engine.connect()
        self._conn.execute(text("SET deadlock_timeout = '60s'"))
        self._thread: threading.Thread | None = None
        self.won = False

    def hold(self, row: str) -> None:
        self._conn.execute(text(f"SELECT 1 FROM {row} FOR NO KEY UPDATE"))

    def want(self, row: str) -> None:
        """Ask for a row in a thread, and see that the server has it waiting."""
        pid = self._conn.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]

        def take() -> None:
            self._conn.execute(text(f"SELECT 1 FROM {row} FOR NO KEY UPDATE"))
            self.won = True
            self._conn.rollback()

        self._thread = threading.Thread(target=take)
        self._thread.start()
        with self._engine.connect() as look:
            while not look.execute(
                text("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid}
            ).scalar():
                look.rollback()
                assert self._thread.is_alive()

    def end(self) -> None:
        assert self._thread is not None
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._conn.close()
        self._engine.dispose()


def test_a_deadlock_while_advancing_ends_for_the_other_transaction_and_ours_is_done_again(
    postgres_store: Store, fault: Plant
) -> None:
    shop = Shop(postgres_store)
    shop.order()
    rival = Rival(postgres_store)
    rival.hold("contact WHERE id = 5")
    planted = fault(postgres_store, "INTO cohort", lambda _conn: rival.want("enrollment WHERE contact = 5"))
    shop.fire()
    assert planted.done
    rival.end()
    assert (rival.won, shop.troubles, shop.done()) == (True, [], True)


def test_a_deadlock_while_settling_does_not_lose_that_the_mail_was_taken(postgres_store: Store, fault: Plant) -> None:
    shop = Shop(postgres_store)
    shop.order()
    rival = Rival(postgres_store)

    def answer(mail: Mail) -> Handed:
        if len(shop.channel.mails) == 5:
            rival.hold(f"message WHERE id = {mail.message_id}")
            wanted = f"enrollment WHERE id = (SELECT enrollment FROM message WHERE id = {mail.message_id})"
            fault(postgres_store, "FROM enrollment", lambda _conn: rival.want(wanted))
        return Accepted("250 ok")

    shop.channel.answer = answer
    shop.fire()
    rival.end()
    assert (rival.won, shop.troubles, shop.done()) == (True, [], True)
    assert shop.states() == Counter(sent=len(shop.people))
