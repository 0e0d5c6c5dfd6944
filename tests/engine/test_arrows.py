"""No message goes by another way than an arrow: the database itself writes down every change of a state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from journeys.base.time import DAY, HOUR, MINUTE, Instant
from journeys.channels.channel import Accepted, AccountTrouble, Deferred, Handed, Mail, Refused, Uncertain
from journeys.engine import afterwards, outbox, policies, recovery
from journeys.engine.deliver import Delivery
from journeys.graph.settings import Cap, QuietHours
from journeys.store import erasing
from journeys.store.arrows import ARROWS, ENDED
from journeys.store.definitions import define_account
from journeys.store.store import Store
from tests.conftest import empty
from tests.engine.conftest import WARSAW, World, build
from tests.engine.mails import PlainWriter, Recorder, add_sender

#: keeps (before, after) of every change of a state
WATCH = {
    "sqlite": (
        "CREATE TABLE moved (before TEXT, after TEXT)",
        "CREATE TRIGGER moves AFTER UPDATE OF state ON message BEGIN"
        " INSERT INTO moved VALUES (OLD.state, NEW.state); END",
    ),
    "postgresql": (
        "CREATE TABLE moved (before TEXT, after TEXT)",
        "CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO moved VALUES (OLD.state, NEW.state); RETURN NEW; END'",
        "CREATE TRIGGER moves AFTER UPDATE OF state ON message FOR EACH ROW EXECUTE FUNCTION note_move()",
    ),
}
UNWATCH = {
    "sqlite": ("DROP TRIGGER moves", "DROP TABLE moved"),
    "postgresql": ("DROP TRIGGER moves ON message", "DROP FUNCTION note_move", "DROP TABLE moved"),
}


@pytest.fixture
def watched(store: Store) -> Iterator[Store]:
    name = store.engine.dialect.name
    with store.write() as conn:
        for statement in WATCH[name]:
            conn.execute(text(statement))
    yield store
    with store.write() as conn:
        for statement in UNWATCH[name]:
            conn.execute(text(statement))


ANSWERS: dict[str, Handed] = {
    "accepted": Accepted("250 ok"),
    "refused": Refused(550, "no such user"),
    "deferred": Deferred(451, "later", 60),
    "away": Deferred(0, "nobody answers", 60, account_wide=True),
    "uncertain": Uncertain("the line broke"),
    "trouble": AccountTrouble("The server refused the password."),
}
ACTS = st.one_of(
    st.tuples(st.just("deliver"), st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=6)),
    st.tuples(st.just("crash"), st.sampled_from(["claimed", "started"])),
    st.tuples(st.sampled_from(["recover", "enroll", "withdraw", "pause", "resume", "hour", "day", "stop"]), st.none()),
    st.tuples(st.just("erase"), st.integers(0, 3)),
    st.tuples(st.sampled_from(["resolve", "heard"]), st.sampled_from(["sent", "failed"])),
    st.tuples(st.just("retry"), st.none()),
)


class Life:
    """One store that is treated at random."""

    def __init__(self, store: Store) -> None:
        empty(store)
        self.world = World(store)
        self.people = self.world.people(4)
        self.world.consent(self.people)
        settings_ = {"host": "127.0.0.1", "per_minute": 2}
        with store.write() as conn:
            conn.execute(text("DELETE FROM moved"))
            define_account(conn, "mail", channel="email", settings=settings_)
            policies.set_rule(conn, Cap(at_most=3, within_days=2))
            policies.set_rule(conn, QuietHours.model_validate({"from": "22:00", "to": "07:00"}))
        add_sender(store)
        send = {"template": "hello", "purpose": "newsletter", "unreachable_goes_another_way": True}
        exit_ = ("exit", {"reason": "finished"})
        self.world.publish(
            build(
                {"in": ("trigger", {"on": {"type": "list"}}), "ask": ("send", send), "sent": exit_, "lost": exit_},
                [("in", "in", "ask"), ("ask", "sent", "sent"), ("ask", "not_sent", "lost")],
                re_entry={"rule": "always"},
            )
        )
        self.paused = False
        self.answers: list[str] = []

    def answer(self, _mail: Mail) -> Handed:
        return ANSWERS[self.answers.pop() if self.answers else "accepted"]

    def act(self, what: str, given: object) -> None:
        world = self.world
        match what, given:
            case "deliver", list(answers):
                self.answers = list(answers)
                plans = world.engine.plans
                Delivery(
                    world.store, plans, Recorder(self.answer), PlainWriter(broken=self.people[3:]), "test",
                    lambda: world.now,
                ).deliver()  # fmt: skip
            case "crash", str(state):
                self.crash(started=state == "started")
            case "recover", _:
                with world.store.write() as conn:
                    recovery.recover(conn, now=world.now, worker="gone")
            case "enroll", _ if not self.paused:
                world.enroll(self.people)
            case "withdraw", _:
                world.consent(self.people[:1], given=False)
            case "pause", _ if not self.paused:
                self.set_state("paused")
                self.paused = True
            case "resume", _ if self.paused:
                self.set_state("live")
                self.paused = False
            case "hour", _:
                world.now = Instant(world.now + HOUR)
            case "day", _:
                world.now = Instant(world.now + DAY)
            case "erase", int(n):
                with world.store.write() as conn:
                    erasing.erase(conn, self.people[n : n + 1], now=world.now)
            case (("resolve" | "heard"), ("sent" | "failed") as outcome):
                self.settle(what, outcome)
            case "retry", _:
                failed = [
                    message["id"]
                    for message in world.messages()
                    if message["state"] == "failed" and message["reason"] in afterwards.CERTAINLY_NOT_ACCEPTED
                ]
                with world.store.write() as conn:
                    afterwards.retry(conn, failed, now=world.now)
        if not self.paused:
            world.tick()
        world.now = Instant(world.now + MINUTE)

    def set_state(self, state: str) -> None:
        with self.world.store.write() as conn:
            conn.execute(text(f"UPDATE journey SET state = '{state}'"))

    def crash(self, *, started: bool) -> None:
        """A worker claims, perhaps starts, and is never heard of again."""
        with self.world.store.write() as conn:
            claimed, _held = outbox.claim(
                conn,
                worker="gone",
                now=self.world.now,
                zone=WARSAW,
                limit=2,
                rules_of=lambda _version: policies.Rules(),
                on_block=lambda _version, _node: "later",
            )
            if started:
                ready = [(one, f"<{one.id}@x.test>") for one in claimed if one.verdict is None]
                if ready:
                    outbox.start(conn, ready, worker="gone", now=self.world.now)

    def settle(self, how: str, outcome: str) -> None:
        became = "sent" if outcome == "sent" else "failed"
        with self.world.store.write() as conn:
            for message in self.world.messages():
                if how == "heard":
                    afterwards.heard(conn, message["id"], became, reason="bounced", now=self.world.now)
                elif message["state"] == "unknown":
                    afterwards.resolve(conn, [message["id"]], became, now=self.world.now)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=5, max_size=25))
def test_every_change_of_a_state_is_an_arrow(watched: Store, acts: list[tuple[str, object]]) -> None:
    life = Life(watched)
    life.world.enroll(life.people)
    life.world.tick()
    for what, given_ in acts:
        life.act(what, given_)
    with watched.read() as conn:
        moved = Counter((row.before, row.after) for row in conn.execute(text("SELECT before, after FROM moved")))
    assert [(before, after) for before, after in moved if after not in ARROWS[before]] == []
    for message in life.world.messages():
        assert (message["ended_at"] is not None) == (message["state"] in ENDED)
        assert (message["worker"] is not None) == (message["state"] in ("claimed", "started"))
        counts = message["state"] in ("claimed", "started", "sent", "unknown")
        assert message["counted_at"] is None or counts
