"""What every way of splitting gives."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from journeys.nodes.cohort import Cohort, Outcome
from journeys.nodes.node import Around, Names, Outlet
from journeys.nodes.problem import Problem

OTHERWISE = "otherwise"


class Part(BaseModel):
    """A piece of the settings of a split."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SplitBy(Part):
    """What a split goes by. One subclass a way, told apart by `type`."""

    def outlets(self) -> tuple[Outlet, ...]:
        raise NotImplementedError

    def words(self, names: Names) -> str:
        raise NotImplementedError

    def outcome(self, cohort: Cohort) -> Outcome:
        raise NotImplementedError

    def references(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def nodes_mentioned(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def problems(self, around: Around) -> Iterator[Problem]:
        yield from ()

    def channels_asked(self) -> tuple[str, ...]:
        return ()
