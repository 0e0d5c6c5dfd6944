"""Channels that write each mail as an `.eml` and each call as an `.http` file, for a look at what would be sent."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from journeys.base.i18n import _
from journeys.channels.channel import Accepted, AccountTrouble, Handed, Mail, Request

_EML = re.compile(r"(\d+)-.*\.eml")
_UNSAFE = re.compile(r"[^a-z0-9._+-]+")


def slug(address: str) -> str:
    """An address as part of a file name on any system: small letters, at most 80 of them, no separators."""
    return _UNSAFE.sub("_", address.lower()).strip("._")[:80] or "mail"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only, its line ends untouched.

    Not forced to the disk: a power cut may lose it. Raises OSError.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


class FileSink:
    """Files in one folder, named by message id and address; the same id again takes the place of its file."""

    def __init__(self, folder: Path, *, day: Callable[[], date] | None = None) -> None:
        self.folder = folder
        #: with it, files go into a subfolder by the day it tells; a message handed again stays on its first day
        self._day = day
        self._lock = threading.Lock()
        #: what lies there, by message id: read once, since a search by id for each of 20,000 mails is slow
        self._places: dict[int, Path] | None = None

    def open(self) -> FileSinkSession:
        """A session; threads may have one each."""
        return FileSinkSession(self)

    def place(self, mail: Mail) -> Path:
        """Where the mail lies or is to lie; makes the folder (0700). Raises OSError."""
        with self._lock:
            if self._places is None:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._places = {
                    int(found[1]): path
                    for path in self.folder.rglob("*.eml")
                    if (found := _EML.fullmatch(path.name)) is not None
                }
            path = self._places.get(mail.message_id)
            if path is None:
                folder = self.folder / self._day().isoformat() if self._day else self.folder
                folder.mkdir(mode=0o700, exist_ok=True)
                path = folder / f"{mail.message_id:09d}-{slug(mail.to)}.eml"
                self._places[mail.message_id] = path
            return path


class FileSinkSession:
    """One thread's hand on the folder. Nothing is held open."""

    def __init__(self, sink: FileSink) -> None:
        self._sink = sink

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing to let go of."""

    def hand_over(self, mail: Mail) -> Handed:
        """Write the mail. A folder that cannot be written is trouble with the account: every mail has it."""
        try:
            path = self._sink.place(mail)
            write_whole(path, mail.content)
        except OSError as error:
            sentence = _("No mail can be written to {folder}. Make room there or choose another folder.")
            return AccountTrouble(sentence.format(folder=self._sink.folder), error.strerror or "")
        return Accepted(str(path))


class CallSink:
    """Calls of webhooks as files in one folder, for a look at what would be asked; nothing is signed, nobody called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(self, request: Request) -> Handed:
        """Write the call as it would go over the line, without its signature."""
        head = [
            f"{request.method} {request.url}",
            f"Idempotency-Key: {request.idempotency_key}",
            *([f"Content-Type: {request.content_type}"] if request.content else []),
        ]
        path = self.folder / f"{request.message_id:09d}-{slug(urlsplit(request.url).hostname or '')}.http"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, "\r\n".join([*head, "", ""]).encode() + request.content)
        except OSError as error:
            sentence = _("No call can be written to {folder}. Make room there or choose another folder.")
            return AccountTrouble(sentence.format(folder=self.folder), error.strerror or "")
        return Accepted(str(path))
