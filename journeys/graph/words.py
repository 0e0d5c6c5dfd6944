"""The journey's own settings, and what is wrong with it, in words."""

from __future__ import annotations

from typing import assert_never

from journeys.base.i18n import _, ngettext
from journeys.graph.journey import Journey
from journeys.graph.settings import Cap, QuietHours, ReEntry
from journeys.nodes.problem import Problem
from journeys.nodes.windows import say_clock


def say_re_entry(re_entry: ReEntry) -> str:
    """“30 days after the last entry, counted per contact”."""
    match re_entry.rule:
        case "never":
            rule = _("never")
        case "after leaving":
            rule = _("after leaving")
        case "after days":
            rule = ngettext("{n} day after the last entry", "{n} days after the last entry", re_entry.days).format(
                n=re_entry.days
            )
        case "always":
            rule = _("at any time, also while still inside")
        case _ as never:
            assert_never(never)
    if re_entry.per == "subject":
        return _("{rule}, counted per subject").format(rule=rule)
    return _("{rule}, counted per contact").format(rule=rule)


def say_quiet_hours(quiet_hours: QuietHours) -> str:
    """“21:00–8:00”."""
    return _("{start}–{end}").format(start=say_clock(quiet_hours.starts), end=say_clock(quiet_hours.ends))


def say_cap(cap: Cap) -> str:
    """“2 marketing messages in 7 days”."""
    messages = ngettext("{n} marketing message", "{n} marketing messages", cap.at_most).format(n=cap.at_most)
    return ngettext("{messages} in {n} day", "{messages} in {n} days", cap.within_days).format(
        messages=messages, n=cap.within_days
    )


def say_problem(problem: Problem, journey: Journey) -> str:
    """“Ask”, “Thank”: what is wrong, after the titles of the nodes it is about."""
    nodes = [node for node in problem.nodes if node in journey]
    if not nodes:
        return problem.sentence
    titles = _(", ").join(_("“{title}”").format(title=journey.title(node) or node) for node in nodes)
    return _("{titles}: {sentence}").format(titles=titles, sentence=problem.sentence)
