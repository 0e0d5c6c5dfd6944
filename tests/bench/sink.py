"""A mail server in a process of its own, which keeps nothing.

python -m tests.bench.sink    prints its port, and ends when its input does
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from journeys.channels.sink_server import SinkServer


@contextmanager
def sink() -> Iterator[int]:
    """The port of a mail server that lives as long as the block."""
    line = [sys.executable, "-m", "tests.bench.sink"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.communicate()


def main() -> None:
    with SinkServer(lambda _mail: None) as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
