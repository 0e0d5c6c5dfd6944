"""Work beside the window: whatever may take longer than a frame runs in a thread, and its end comes back as a signal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot

from journeys.base.errors import KanwaError
from journeys.base.i18n import _

T = TypeVar("T")
#: told how much of what is done
Progress = Callable[[int, int | None], None]

_log = logging.getLogger("kanwa.desktop")


class _Messenger(QObject):
    """Lives in the window's thread; the running thread only emits its signals, which Qt queues."""

    ended = Signal(object)
    progress = Signal(int, object)


class Work(QObject):
    """One piece of work on its way. Exactly one of `done` and `failed` comes, unless it is dropped before."""

    #: what the call returned
    done = Signal(object)
    #: the error itself, just before `failed`
    erred = Signal(object)
    #: the sentence for the person
    failed = Signal(str)
    #: how much of how much (None: nobody knows)
    progress = Signal(int, object)
    #: whatever came of it
    over = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._dropped = False
        # kept here: a thread may still tell by it when nobody else knows it
        self._messenger = _Messenger()
        self._messenger.ended.connect(self._ended)
        self._messenger.progress.connect(self.progress)

    @property
    def is_dropped(self) -> bool:
        return self._dropped

    def drop(self) -> None:
        """Nobody waits for it any more: what it returns is thrown away."""
        self._dropped = True

    @Slot(object)
    def _ended(self, end: tuple[bool, Any]) -> None:
        well, value = end
        if not self._dropped and well:
            self.done.emit(value)
        elif not self._dropped:
            self.erred.emit(value)
            self.failed.emit(sentence_of(value))
        self.over.emit()


class Workers(QObject):
    """The threads of an application."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        # more would only take turns at the interpreter's lock, and from the window
        self._pool.setMaxThreadCount(2)
        self._running: set[Work] = set()

    def start(
        self,
        call: Callable[[Progress], T],
        done: Callable[[T], None],
        failed: Callable[[str], None] | None = None,
    ) -> Work:
        """Run `call` in a thread; `done` or `failed` hear its end in this one."""
        work = Work()
        work.done.connect(done)
        if failed is not None:
            work.failed.connect(failed)
        work.over.connect(self._over)
        self._running.add(work)
        messenger = work._messenger

        def run() -> None:
            try:
                value: Any = call(messenger.progress.emit)
            except BaseException as error:
                messenger.ended.emit((False, error))
            else:
                messenger.ended.emit((True, value))

        # the call itself and no QRunnable: one that the pool deletes leaves a wrapper behind, which Python takes for
        # whatever Qt puts at its address next
        self._pool.start(run)
        return work

    @property
    def is_busy(self) -> bool:
        return bool(self._running)

    def wait(self) -> None:
        """Until every thread has ended, whose results nobody hears; for the end of an application."""
        for work in self._running:
            work.drop()
        self._pool.waitForDone()

    def _over(self) -> None:
        work = self.sender()
        if isinstance(work, Work):
            self._running.discard(work)


def sentence_of(error: BaseException) -> str:
    """What a person is told about an error; one of ours says it itself, another goes into the log."""
    if isinstance(error, KanwaError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return _("{file} cannot be used: {reason}.").format(file=error.filename, reason=error.strerror)
    _log.error("unexpected", exc_info=error)
    return _("Something went wrong that should not: {what}. The details are in the log.").format(
        what=type(error).__name__
    )
