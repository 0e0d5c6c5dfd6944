"""`kanwa demo --headless`: makes the demo, runs its month, and says what became of everybody."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app import overview
from app.demo.install import MAIL, install
from app.demo.month import DAYS, Month
from app.demo.shop import CONTACTS, local
from app.overview import JourneyState, Messages, Outlets, Standing
from journeys.base.time import DAY, Instant
from journeys.engine.plan import Plans
from journeys.runtime.beat import Beat

#: what people did about what they got, in the order of the report
ANSWERS = (
    "email.opened",
    "email.clicked",
    "nps.answered",
    "survey.answered",
    "loyalty.joined",
    "loyalty.declined",
    "contract.changed",
    "purchase.made",
    "consent.given",
    "consent.withdrawn",
)


@dataclass(frozen=True, slots=True)
class MonthReport:
    """What the month brought."""

    seed: int
    start: Instant
    end: Instant
    folder: Path
    #: mails that the local server took
    mails: int
    #: calls that the shop's own server, another local one, took
    calls: int
    #: how often a message was held back, over the whole month
    held: int
    journeys: list[JourneyState]
    standing: list[Standing]
    messages: list[Messages]
    outlets: list[Outlets]
    answers: dict[str, int]
    #: who did not come in, by reason
    not_entered: dict[str, int]
    troubles: list[str]

    @property
    def never_taken(self) -> list[tuple[str, str, str]]:
        """Outlets that nobody took: (journey, title, outlet)."""
        return [(one.journey, one.title, outlet) for one in self.outlets for outlet, n in one.taken.items() if n == 0]

    def data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {
            "start": local(self.start),
            "end": local(self.end),
            "folder": str(self.folder),
            "never_taken": self.never_taken,
        }


#: hears (what is being done, done, total)
Hear = Callable[[str, int, int | None], None]


def run_headless(
    folder: Path, *, seed: int = 7, days: int = DAYS, contacts: int = CONTACTS, hear: Hear | None = None
) -> MonthReport:
    """Make the demo in `folder` and run it. Raises InTheWay where something else is there."""
    with _seldom_collecting():
        return _run(folder, seed=seed, days=days, contacts=contacts, hear=hear)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    # two years of a shop are a million objects that live on: looking through them for rings of dead ones, every 700
    # new ones, takes a sixth of the time of a short run (15.4 s of CPU for two days instead of 12.9)
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(folder: Path, *, seed: int, days: int, contacts: int, hear: Hear | None) -> MonthReport:
    said = hear or (lambda _what, _done, _total: None)
    demo = install(folder, seed=seed, contacts=contacts, progress=lambda done, total: said("install", done, total))
    try:
        month = Month(demo.store, demo.shop, demo.ids, demo.templates.values())
        mail = demo.workspace.folder / MAIL
        beat = month.run(mail, days=days, progress=lambda done, total: said("run", done, total))
        end = Instant(demo.shop.start + days * DAY)
        with demo.store.read() as conn:
            plans = Plans()
            return _report(
                conn, plans, beat, month.calls, demo.workspace.folder, seed=seed, start=demo.shop.start, end=end
            )
    finally:
        demo.store.close()


def _report(
    conn: Any, plans: Plans, beat: Beat, calls: int, folder: Path, *, seed: int, start: Instant, end: Instant
) -> MonthReport:
    return MonthReport(
        seed=seed,
        start=start,
        end=end,
        folder=folder,
        mails=sum(1 for _ in (folder / MAIL).glob("*.eml")),
        calls=calls,
        held=beat.messages["held"],
        journeys=overview.journeys(conn),
        standing=overview.standing(conn),
        messages=overview.messages(conn),
        outlets=overview.outlets(conn, plans),
        answers=overview.happened(conn, ANSWERS, since=start),
        not_entered=dict(beat.missed),
        troubles=beat.troubles,
    )
