"""Checks of a journey document: what keeps it from running as it was meant, found without running it."""

from journeys.graph.checks.check import Report, check

__all__ = ["Report", "check"]
