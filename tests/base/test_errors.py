"""Errors as sentences."""

from __future__ import annotations

import pickle

from journeys.base.errors import KanwaError
from journeys.base.i18n import NN_


class Left(KanwaError):
    plural = NN_("{n} row of {file} is left.", "{n} rows of {file} are left.")


def test_a_sentence_with_a_number_has_a_form_for_it() -> None:
    assert str(Left(n=1, file="a.csv")) == "1 row of a.csv is left."
    assert str(Left(n=2, file="a.csv")) == "2 rows of a.csv are left."


def test_an_error_that_comes_from_another_process_says_the_same() -> None:
    assert str(pickle.loads(pickle.dumps(Left(n=2, file="a.csv")))) == "2 rows of a.csv are left."
