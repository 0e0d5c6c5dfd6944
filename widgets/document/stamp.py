"""How a file looked when it was last read or written, to know it again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class OnDisk(StrEnum):
    """What has become of a document's file meanwhile."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size and time, which are quick to compare, and the digest (SHA-256, hex), which decides where they differ."""

    size: int
    mtime_ns: int
    digest: str

    @classmethod
    def of(cls, data: bytes, path: Path) -> Stamp:
        """Of what was read from a file or written to it just now. Raises OSError."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns, hashlib.sha256(data).hexdigest())

    def compared(self, path: Path) -> OnDisk:
        """What the file is now. One that may not be read any more counts as changed."""
        try:
            found: os.stat_result = path.stat()
            if (found.st_size, found.st_mtime_ns) == (self.size, self.mtime_ns):
                return OnDisk.SAME
            if found.st_size != self.size:
                return OnDisk.CHANGED
            same = hashlib.sha256(path.read_bytes()).hexdigest() == self.digest
        except FileNotFoundError:
            return OnDisk.GONE
        except OSError:
            return OnDisk.CHANGED
        return OnDisk.SAME if same else OnDisk.CHANGED
