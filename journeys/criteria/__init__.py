"""Who a criterion means: models ↔ JSON ↔ SQL ↔ words.

JSON. A group is {"all": […]}, {"any": […]} or {"none": […]}; {"all": []} is everybody. A leaf names its kind:

    {"leaf": "attribute", "attribute": "city", "op": "=", "value": "Łódź"}        op: = != < <= > >= between in contains
        "starts with" "has a value" "has none" "within the last days" "in the next days" "days ago" "in days"
        "more than days ago"; "between" takes [low, high], "in" a list; "type" where the value does not tell it
    {"leaf": "tag", "tag": "vip"}
    {"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": "given" | "withdrawn" | "never asked"}
    {"leaf": "preferred channel", "channel": "email"}
    {"leaf": "reachable", "channel": "email", "purpose": "newsletter"}
    {"leaf": "event", "event": "page.visited", "where": [FILTER…], "scope": SCOPE,
        one of "count": COMPARISON | "last_days_ago": COMPARISON | "first_days_ago": COMPARISON}
    {"leaf": "purchase", "product": KEY, "category": TEXT, "currency": "PLN", "scope": SCOPE,
        one of "count" | "total" (minor units; needs currency) | "last_days_ago" | "first_days_ago": COMPARISON
            | "change": {"of": "count" | "total", "days": 90, "op": "<=" | ">=", "percent": -50}}
    {"leaf": "contract", "product": KEY, "offer": KEY, "end": COMPARISON, "duration_days": COMPARISON,
        "started_days_ago": COMPARISON, "recurring_now": BOOL, "recurring_initially": BOOL, "count": COMPARISON,
        "scope": {"type": "ever"} | {"type": "subject"}}        end = (last day - today) + 1: in 7 days is 8
    {"leaf": "segment", "segment": KEY}
    {"leaf": "journey", "journey": KEY, "state": "in" | "finished" | "reached goal" | "ever in"}
    {"leaf": "journey", "node": ID, "visits": COMPARISON, "journey": KEY (its own where left out)}
    {"leaf": "nps", "answer": "promoter" | "passive" | "detractor" | "no answer", "survey": KEY, "scope": SCOPE},
        or "score": COMPARISON instead of the answer
    {"leaf": "loyalty", "programme": KEY, "state": "joined" | "declined" | "no answer" | "not asked"}
    {"leaf": "stage", "funnel": KEY, "stage": KEY, "entered_days_ago": COMPARISON}
    {"leaf": "anniversary", "of": {"type": "attribute", "attribute": KEY} | {"type": "first purchase" | "last purchase"}
        | {"type": "first event" | "last event", "event": KIND}, "in_days": 0, "leap_day": "28 Feb" | "1 Mar"}
    {"leaf": "random share", "percent": 20, "salt": TEXT}

COMPARISON is {"op": ">=", "value": 3} or {"op": "between", "value": [2, 8]}. FILTER is {"field": "new", "op": ">=",
"value": 200} with = != < <= > >= between in contains "starts with" exists. SCOPE is {"type": "ever"}, {"type": "last",
"amount": 14, "unit": "minutes" | "hours" | "days" | "weeks"}, {"type": "since entry"}, {"type": "since leaving", "node":
ID}, {"type": "about message", "node": ID} or {"type": "subject"}; left out: the default of the place. What may be left
out has a default in the model. Only a group and the kind of leaf, or the scope, decide what else there is.
"""

from journeys.criteria.criterion import (
    All,
    Any_,
    AnyCriterion,
    Criterion,
    Group,
    InvalidCriterion,
    None_,
    drifts,
    dump_criterion,
    leaves,
    needs_passage,
    nodes_mentioned,
    parse_criterion,
    recalls,
    references,
    shortest_window,
    stirs,
    typed,
    with_default_scope,
)
from journeys.criteria.draw import below, draw_share, drawn, drawn_value
from journeys.criteria.filters import Filter, Where
from journeys.criteria.frame import Frame, NeedsPassage, Passage
from journeys.criteria.leaf import Leaf, Recall, Verdict
from journeys.criteria.leaves.consent import addressed, consent_state, preferred_channel, say_channel
from journeys.criteria.leaves.contract import resolved_day
from journeys.criteria.names import Keys, Names
from journeys.criteria.scope import Scope
from journeys.criteria.sense import ensures, ensures_consent, ensures_not_recurring, never_true
from journeys.criteria.sql import compile_criterion, evidence, holders, select_members
from journeys.criteria.words import Explained, explain, words

__all__ = [
    "All",
    "AnyCriterion",
    "Any_",
    "Criterion",
    "Explained",
    "Filter",
    "Frame",
    "Group",
    "InvalidCriterion",
    "Keys",
    "Leaf",
    "Names",
    "NeedsPassage",
    "None_",
    "Passage",
    "Recall",
    "Scope",
    "Verdict",
    "Where",
    "addressed",
    "below",
    "compile_criterion",
    "consent_state",
    "draw_share",
    "drawn",
    "drawn_value",
    "drifts",
    "dump_criterion",
    "ensures",
    "ensures_consent",
    "ensures_not_recurring",
    "evidence",
    "explain",
    "holders",
    "leaves",
    "needs_passage",
    "never_true",
    "nodes_mentioned",
    "parse_criterion",
    "preferred_channel",
    "recalls",
    "references",
    "resolved_day",
    "say_channel",
    "select_members",
    "shortest_window",
    "stirs",
    "typed",
    "with_default_scope",
    "words",
]
