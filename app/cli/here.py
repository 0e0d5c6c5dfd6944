"""What every command on a workspace shares: its options, the store it opens, the way it prints."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

import typer

from app import workspace as workspaces
from app.cli.out import Out
from app.workspace import NoWorkspace, Workspace
from journeys.base.clock import Clock, SystemClock
from journeys.base.i18n import _

if TYPE_CHECKING:
    from journeys.store.store import Store

P = ParamSpec("P")

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", "-w", metavar="DIR", help=_("Folder of the workspace; else the nearest upwards.")),
]
StoreOption = Annotated[
    str | None, typer.Option("--store", metavar="URL", help=_("Use this store instead of the workspace's."))
]
JsonOption = Annotated[bool, typer.Option("--json", help=_("Print JSON for programs."))]


class Here:
    """The place a command works in. The workspace and the store are opened when first asked for."""

    def __init__(
        self, *, folder: Path | None, store: str | None, as_json: bool, clock: Clock | None = None, draws: bool = False
    ) -> None:
        self.out = Out(as_json=as_json, draws=draws)
        self.clock = clock or SystemClock()
        self._folder = folder
        self._url = store
        self._open = ExitStack()

    @cached_property
    def workspace(self) -> Workspace:
        """Raises NoWorkspace, and what reading it raises."""
        return workspaces.locate(self._folder)

    @property
    def workspace_if_any(self) -> Workspace | None:
        """None where a store was named and no workspace is about."""
        if self._folder is None and self._url is not None:
            try:
                return self.workspace
            except NoWorkspace:
                return None
        return self.workspace

    @property
    def has_store(self) -> bool:
        """Whether a store was named or a workspace is about."""
        try:
            return bool(self.store_url)
        except NoWorkspace:
            return False

    @property
    def store_url(self) -> str:
        """The store named on the command line, else the workspace's. Raises WrongAddress for an empty name."""
        if self._url is None:
            return self.workspace.store_url
        if not self._url.strip():
            # a variable that a script forgot to set must not mean another store
            from journeys.store.errors import WrongAddress

            raise WrongAddress(store=self._url)
        return workspaces.absolute(self._url, Path.cwd())

    @cached_property
    def store(self) -> Store:
        """The open store; closed when the command ends."""
        from app.opened import open_store

        store = open_store(self.store_url, clock=self.clock)
        self._open.callback(store.close)
        return store

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the workspace, as the store has it."""
        from journeys.store.settings import workspace_zone

        with self.store.read() as conn:
            return workspace_zone(conn)

    def close(self) -> None:
        self._open.close()


def in_workspace(body: Callable[Concatenate[Here, P], None]) -> Callable[..., None]:
    """Make a command of a function that takes a `Here` first: adds --workspace, --store and --json to its options."""
    signature = inspect.signature(body, eval_str=True)
    shared = {"workspace": WorkspaceOption, "store": StoreOption, "as_json": JsonOption}
    defaults = {"workspace": None, "store": None, "as_json": False}
    parameters = list(signature.parameters.values())[1:] + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation)
        for name, annotation in shared.items()
    ]

    @functools.wraps(body)
    def command(*args: Any, **options: Any) -> None:
        here = Here(
            folder=options.pop("workspace"),
            store=options.pop("store"),
            as_json=options.pop("as_json"),
        )
        try:
            body(here, *args, **options)
        finally:
            here.close()

    # typer reads both; the wrapped function must not show through, it has a parameter that is no option
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del command.__wrapped__
    return command
