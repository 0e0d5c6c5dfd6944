"""Reminders that a contract ends: they matter only for contracts that do not renew by themselves (row A14)."""

from __future__ import annotations

from typing import Any

from journeys.criteria import AnyCriterion, dump_criterion


def with_not_renewing(criterion: AnyCriterion | None, *, days_left: int, product: str | None) -> dict[str, Any]:
    """The criterion, as JSON, narrowed to contracts that end in so many days and do not renew.

    The leaf says the day too: all that one leaf asks is asked of one row, so that another contract of the same contact
    does not answer for the one that ends. Its day counter counts today as 1.
    """
    leaf: dict[str, Any] = {
        "leaf": "contract",
        "end": {"op": "=", "value": days_left + 1},
        "recurring_now": False,
    }
    if product is not None:
        leaf["product"] = product
    return leaf if criterion is None else {"all": [dump_criterion(criterion), leaf]}
