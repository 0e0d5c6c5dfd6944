"""The child process of `journeys.messages.checked`: limits itself, renders, answers line by line."""

from __future__ import annotations

import pickle
import sys
import time

from journeys.messages.checked import MEMORY, Failed, answer
from journeys.messages.place import TemplateError
from journeys.messages.rendering import Rendered, renderer
from journeys.messages.template import from_json


def limit(seconds: int) -> None:
    """Limit computing time and memory from here on. Systems without such limits have the parent's patience alone."""
    try:
        import resource
    except ImportError:
        return
    spent = int(time.process_time()) + 1
    # above the soft limit the system kills without asking
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, spent + seconds + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            taken = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    except (OSError, ValueError):
        # without /proc the size it starts with is unknown, and a limit below it would keep it from starting
        return


def main() -> None:
    stored, contexts, seconds = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from our own parent
    limit(seconds)
    try:
        prepared = renderer(from_json(stored))
    except TemplateError as error:
        for _ in contexts:
            sys.stdout.buffer.write(answer(Failed(str(error))))
        return
    for context in contexts:
        made: Rendered | Failed
        try:
            made = prepared.render(context)
        except TemplateError as error:
            made = Failed(str(error))
        # at once: what is known of the first contacts must outlive what the next one does
        sys.stdout.buffer.write(answer(made))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
