"""The command `kanwa`: puts the groups together, and is the one place where an error becomes a sentence and a code.

Nothing heavy is imported here or at the top of a file of commands: `kanwa --help` must be there at once.
"""

from __future__ import annotations

import contextlib
import io
import locale
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.main import get_command

from app.cli.wrong_words import wrong_words
from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import _

#: 0 done; 1 problems found or the work failed; 2 wrong use; 130 interrupted
DONE, PROBLEMS, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="kanwa",
    help=_("Draw the journeys of your customers and let them run."),
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # with rich, `kanwa --help` takes 0.75 s instead of 0.3
    context_settings={"help_option_names": ["-h", "--help"]},
)

#: what typer raises for wrong words on the command line, by way of the one class of the family that it exports
_WrongWords: Any = typer.BadParameter.__bases__[0]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"kanwa {version('kanwa')}")  # noqa: T201
        raise typer.Exit


@app.callback(help=_("Draw the journeys of your customers and let them run. Without a command: opens the window."))
def _root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=_("Print the version."))
    ] = False,
) -> None:
    del version
    if context.invoked_subcommand is None:
        from app.cli.desktop import nearest_workspace, open_window

        raise typer.Exit(open_window(nearest_workspace()))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; the console script."""
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_NUMERIC, "")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a console or pipe may know neither “ nor ł; better a mark for a letter than no answer
            stream.reconfigure(errors="backslashreplace")
    code = _run(list(sys.argv[1:] if arguments is None else arguments))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    return code


def _run(arguments: list[str]) -> int:
    if any("\ud800" <= char <= "\udfff" for word in arguments for char in word):
        _complain(_("The command line holds signs that are no text. Write it in UTF-8."))
        return WRONG_USE
    try:
        result = get_command(app).main(args=arguments, prog_name="kanwa", standalone_mode=False)
        code = result if isinstance(result, int) else DONE
    except KanwaError as error:
        _complain(str(error))
        return WRONG_USE if isinstance(error, UsageError) else PROBLEMS
    except _WrongWords as error:
        if sentence := wrong_words(error):
            _complain(sentence)
        if error.ctx is not None and arguments:
            _complain(_("See {command} --help.").format(command=error.ctx.command_path))
        return WRONG_USE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return PROBLEMS
    except SystemExit as leaving:
        # rich and typer leave so when the reader of a pipe has gone
        code = leaving.code if isinstance(leaving.code, int) else PROBLEMS
        _forget_stdout()
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None and error.strerror:
            # a path of the person's own that nothing took care of, such as a name too long for any file
            _complain(_("{file} cannot be used: {reason}.").format(file=error.filename, reason=error.strerror))
            return PROBLEMS
        if os.environ.get("KANWA_DEBUG") == "1":
            raise
        _complain(_unexpected(error))
        return PROBLEMS
    if code == INTERRUPTED:
        _complain(_("Stopped. What was done before stands."))
    return code


def _unexpected(error: Exception) -> str:
    import logging

    from app.log import set_up_log

    try:
        file = set_up_log()
        logging.getLogger("kanwa").error("%s", "".join(traceback.format_exception(error)))
    except OSError:
        return _("Something went wrong that should not: {what}. Run it again with KANWA_DEBUG=1 to see where.").format(
            what=type(error).__name__
        )
    return _("Something went wrong that should not: {what}. The details are in {file}.").format(
        what=type(error).__name__, file=file
    )


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201


def _forget_stdout() -> None:
    # else the interpreter tries to flush into the closed pipe when it leaves, and says so
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _add_commands() -> None:
    from app.cli import (
        catalogue,
        codes,
        contacts,
        demo,
        desktop,
        enrolling,
        explain,
        feeds,
        imports,
        journeys,
        migrating,
        names,
        outbox,
        policies,
        running,
        secrets,
        segments,
        senders,
        set_up,
        suppress,
        templates,
        tidy,
    )

    for group in (
        set_up,
        contacts,
        imports,
        codes,
        names,
        catalogue,
        segments,
        feeds,
        senders,
        policies,
        secrets,
        suppress,
        templates,
        journeys,
        enrolling,
        migrating,
        running,
        outbox,
        explain,
        tidy,
        demo,
        desktop,
    ):
        app.add_typer(group.app)


_add_commands()
