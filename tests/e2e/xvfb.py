"""A virtual X server, so that real input goes through a real window where nobody looks on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

WHAT_IS_MISSING = "no virtual display: apt-get install xvfb"


def there_is() -> bool:
    return shutil.which("Xvfb") is not None


@contextmanager
def display(size: str = "1600x1000x24") -> Iterator[str]:
    """The name of a display of our own, which goes again afterwards."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
