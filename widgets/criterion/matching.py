"""How many contacts match, found out beside the GUI thread; an answer that is outdated is never shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from journeys.base.errors import KanwaError
from journeys.criteria import AnyCriterion

#: ms without another edit before it is counted
REST = 200


@dataclass(frozen=True, slots=True)
class Example:
    """One contact who matches."""

    name: str
    #: what tells two of the same name apart, such as a city
    more: str = ""


@dataclass(frozen=True, slots=True)
class Matching:
    """The answer."""

    count: int
    #: how many contacts there are
    of: int
    #: at most ten
    examples: tuple[Example, ...] = ()


class Stop:
    """Tells a count that nobody wants its answer any more."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._calls: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return self._set.is_set()

    def when_set(self, call: Callable[[], None]) -> None:
        """Have something called when it is stopped, in the GUI's thread: what interrupts a statement, such as a driver's
        own cancel. At once where it is stopped already."""
        with self._lock:
            self._calls.append(call)
            if not self._set.is_set():
                return
        call()

    def set(self) -> None:
        with self._lock:
            self._set.set()
            calls = list(self._calls)
        for call in calls:
            call()


class Matcher(Protocol):
    """Counts contacts; the app gives one that asks the store."""

    def matching(self, criterion: AnyCriterion, stop: Stop) -> Matching:
        """Called in a thread of its own. May raise KanwaError; whatever it does once it is stopped is ignored."""
        ...


class Counting(QObject):
    """Asks a matcher about the newest criterion, one at a time."""

    #: Matching
    counted = Signal(object)
    #: a sentence
    failed = Signal(str)

    def __init__(self, matcher: Matcher, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._matcher = matcher
        self._stop: Stop | None = None
        self._wanted: AnyCriterion | None = None
        self._relay: _Relay | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self._start)
        self.destroyed.connect(_stopper(self))

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._timer.isActive() or self._stop is not None

    def ask(self, criterion: AnyCriterion) -> None:
        """Count this one, in a moment; whatever was asked before is given up."""
        self.give_up()
        self._wanted = criterion
        self._timer.start()

    def give_up(self) -> None:
        """Want no answer any more."""
        self._timer.stop()
        if self._stop is not None:
            self._stop.set()
            self._stop = None
        self._relay = None

    def _start(self) -> None:
        criterion = self._wanted
        assert criterion is not None
        stop, relay, matcher = Stop(), _Relay(), self._matcher
        self._stop, self._relay = stop, relay
        relay.done.connect(self._done)

        def work() -> None:
            try:
                answer: object = matcher.matching(criterion, stop)
            except KanwaError as error:
                answer = error
            except Exception:
                # an interrupted statement raises whatever its driver raises
                if not stop:
                    raise
                return
            if not stop:
                relay.done.emit(relay, answer)

        QThreadPool.globalInstance().start(work)

    def _done(self, relay: object, answer: object) -> None:
        if relay is not self._relay:
            return
        self._stop = self._relay = None
        if isinstance(answer, Matching):
            self.counted.emit(answer)
        else:
            self.failed.emit(str(answer))


class _Relay(QObject):
    """Brings an answer over to the thread of the GUI; lives as long as the work does, whatever becomes of the window."""

    done = Signal(object, object)


def _stopper(counting: Counting) -> Callable[[], None]:
    held = counting.__dict__

    def stop() -> None:
        running = held.get("_stop")
        if running is not None:
            running.set()

    return stop
