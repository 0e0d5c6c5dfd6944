"""A mail server in a process of its own that writes down the X-Kanwa-Id of a mail, to the disk, before it answers 250.

    python -m tests.faults.sink FILE

Tells its port on standard output and runs until standard input ends. What stands in FILE was received, whatever becomes
of the answer.
"""

from __future__ import annotations

import os
import re
import sys

from journeys.channels.sink_server import Received, SinkServer

_ID = re.compile(rb"^X-Kanwa-Id:\s+(\S+)\r\n", re.MULTILINE | re.IGNORECASE)


def main(path: str) -> None:
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def keep(mail: Received) -> None:
        (id_,) = _ID.findall(mail.content)
        os.write(file, id_ + b"\n")
        os.fsync(file)

    with SinkServer(keep) as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
