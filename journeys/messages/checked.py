"""Render in a child process, with limits on computing time, memory and output.

Used at publishing and for previews, where a template is rendered for the first time and its author is told what is wrong.
Whatever the template does, this process goes on.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from journeys.base.i18n import N_
from journeys.messages.context import Context
from journeys.messages.place import TemplateError
from journeys.messages.rendering import Rendered
from journeys.messages.template import Template, to_json

#: bytes of memory that the child may take on top of what it starts with
MEMORY = 512 * 1024 * 1024
#: seconds of computing for compiling the template
COMPILE_SECONDS = 10
#: seconds of computing for each contact; a rendering that keeps to its own limit never gets there
CONTACT_SECONDS = 4
#: seconds on the wall for each second of computing, on a busy machine
PATIENCE = 10


class ChildTooSlow(TemplateError):
    text: ClassVar[str] = N_("{where}: the mail takes longer than {seconds} s to make. A loop may have no end.")


class ChildTooBig(TemplateError):
    text: ClassVar[str] = N_("{where}: making the mail takes more than {megabytes} MB of memory.")


class ChildEnded(TemplateError):
    text: ClassVar[str] = N_("{where}: the process that makes mails ended by itself ({detail}).")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one contact's mail could not be made."""

    sentence: str


def render_checked(template: Template, contexts: Sequence[Context]) -> list[Rendered | Failed]:
    """The mail, or one sentence on why there is none, for each context in order.

    A template that cannot be compiled fails for all of them alike. Never raises for what a template does.
    """
    if not contexts:
        return []
    seconds = COMPILE_SECONDS + CONTACT_SECONDS * len(contexts)
    ask = pickle.dumps((to_json(template), list(contexts), seconds))
    try:
        # a process of its own and not a fork: a fork of a threaded process may hold locks that nobody opens
        done = subprocess.run(
            [sys.executable, "-m", "journeys.messages.child"],
            input=ask,
            capture_output=True,
            timeout=seconds * PATIENCE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        answers = _answers(expired.stdout or b"")
        why: TemplateError = ChildTooSlow(where=template.key, seconds=seconds)
    else:
        answers = _answers(done.stdout)
        why = _why(template, done, seconds)
    made: list[Rendered | Failed] = list(answers)
    return made[: len(contexts)] + [Failed(str(why))] * (len(contexts) - len(made))


def answer(rendered: Rendered | Failed) -> bytes:
    """One line of the child's answer."""
    kind = "rendered" if isinstance(rendered, Rendered) else "failed"
    return json.dumps({kind: asdict(rendered)}).encode() + b"\n"


def _answers(lines: bytes) -> list[Rendered | Failed]:
    return [_answer(json.loads(line)) for line in lines.splitlines(keepends=True) if line.endswith(b"\n")]


def _answer(stored: dict[str, Any]) -> Rendered | Failed:
    return Rendered(**stored["rendered"]) if "rendered" in stored else Failed(**stored["failed"])


def _why(template: Template, done: subprocess.CompletedProcess[bytes], seconds: int) -> TemplateError:
    """Why the child did not answer for everybody."""
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL) if hasattr(signal, "SIGXCPU") else False:
        return ChildTooSlow(where=template.key, seconds=seconds)
    said = done.stderr.decode(errors="replace")
    if "MemoryError" in said or "memory allocation" in said or done.returncode == -signal.SIGABRT:
        return ChildTooBig(where=template.key, megabytes=MEMORY // 1024**2)
    detail = (said.strip().splitlines() or [f"code {done.returncode}"])[-1][:200]
    return ChildEnded(where=template.key, detail=detail)
