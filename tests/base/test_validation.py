from __future__ import annotations

import pickle
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from journeys.base.validation import FieldProblem, InvalidData, SettingsError, parse_model, problems_of


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(Strict):
    type: Literal["event"]
    event: str
    nth: int | None = Field(None, ge=1, strict=True)


class Day(Strict):
    type: Literal["day"]
    first: int
    last: int

    @model_validator(mode="after")
    def _in_order(self) -> Day:
        if self.first > self.last:
            raise SettingsError("The first day lies after the last.", "last")
        return self


class Plan(Strict):
    name: str = Field(min_length=1, max_length=5)
    state: Literal["live", "paused"] = "live"
    rules: tuple[Annotated[Event | Day, Field(discriminator="type")], ...] = ()
    share: float = Field(0.0, allow_inf_nan=False)


def problems(data: Any) -> list[FieldProblem]:
    with pytest.raises(ValidationError) as caught:
        Plan.model_validate(data)
    return problems_of(caught.value, data)


@pytest.mark.parametrize(
    ("data", "path", "sentence"),
    [
        ({}, "name", "This is missing."),
        ({"name": ""}, "name", "This is empty."),
        ({"name": "abcdef"}, "name", "This takes at most 5 characters."),
        ({"name": 5}, "name", "5 is not a text."),
        ({"name": "a", "colour": 1}, "colour", "There is no such setting."),
        (
            {"name": "a", "state": "pausd"},
            "state",
            "“pausd” is not known here. It is one of: “live”, “paused”. The nearest is “paused”.",
        ),
        ({"name": "a", "rules": 1}, "rules", "1 is not a list."),
        ({"name": "a", "rules": [{}]}, "rules[0]", "“type” is missing; it says which kind this is."),
        (
            {"name": "a", "rules": [{"type": "events"}]},
            "rules[0]",
            "“events” is not known here. It is one of: “event”, “day”. The nearest is “event”.",
        ),
        ({"name": "a", "rules": [{"type": "event", "event": 3}]}, "rules[0].event", "3 is not a text."),
        ({"name": "a", "rules": [{"type": "event"}]}, "rules[0].event", "This is missing."),
        (
            {"name": "a", "rules": [{"type": "event", "event": "x", "nth": 0}]},
            "rules[0].nth",
            "0 is too small; it must be at least 1.",
        ),
        (
            {"name": "a", "rules": [{"type": "event", "event": "x", "nth": 1.5}]},
            "rules[0].nth",
            "1.5 is not a whole number.",
        ),
        (
            {"name": "a", "rules": [{"type": "day", "first": 2, "last": 1}]},
            "rules[0].last",
            "The first day lies after the last.",
        ),
        ({"name": "a", "share": float("nan")}, "share", "nan is not a number that can be counted with."),
        ({"name": "a", "share": "x" * 100}, "share", "“" + "x" * 60 + "…” is not a number."),
        ([], "", "A list is not an object with named settings."),
    ],
)
def test_a_problem_has_its_place_and_our_sentence(data: Any, path: str, sentence: str) -> None:
    assert problems(data) == [FieldProblem(path, sentence)]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidData) as caught:
        parse_model(Plan, {"state": "x", "rules": [{"type": "day", "first": 1}]}, where="The plan")
    assert [problem.path for problem in caught.value.problems] == ["name", "state", "rules[0].last"]
    assert str(caught.value) == (
        "The plan does not fit. name: This is missing.\n"
        "state: “x” is not known here. It is one of: “live”, “paused”.\n"
        "rules[0].last: This is missing."
    )


def test_the_error_survives_another_process() -> None:
    error = InvalidData(where="It", problems=[FieldProblem("a", "b")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_what_fits_is_parsed() -> None:
    assert parse_model(Plan, {"name": "a"}, where="The plan") == Plan(name="a")
