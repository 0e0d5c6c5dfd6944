"""The log of this machine: a few rotating files in the state folder, with addresses and phone numbers blotted out."""

from __future__ import annotations

import logging
import os
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from journeys.base.state import state_folder

#: five files of a megabyte: weeks of a quiet desktop, an evening of a broken one
_BYTES = 1_000_000
_FILES = 5

_ADDRESS = re.compile(r"[^\s<>\"'(),;:=\[\]]+@([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"\+\d[\d ()-]{6,}\d")
_PASSWORD = re.compile(r"(://[^\s:/@]+:)[^\s@/]+@")


def redacted(text: str) -> str:
    """The text without what names a person: the part of an address before the @, phone numbers, passwords in URLs."""
    text = _PASSWORD.sub(r"\1•••@", text)
    text = _ADDRESS.sub(r"•••@\1", text)
    return _PHONE.sub("+•••", text)


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _Private(RotatingFileHandler):
    """Log files that only their owner reads."""

    def _open(self) -> Any:
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )


def set_up_log() -> Path:
    """Send what is logged to the file, once a process. Returns the file's path."""
    file = state_folder() / "kanwa.log"
    root = logging.getLogger()
    if not any(isinstance(handler, _Private) and Path(handler.baseFilename) == file for handler in root.handlers):
        handler = _Private(file, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True)
        handler.setFormatter(_Redacting("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
        if root.level > logging.INFO or root.level == logging.NOTSET:
            root.setLevel(logging.INFO)
    return file
