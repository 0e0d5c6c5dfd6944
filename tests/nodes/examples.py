"""Settings of every registered kind, built in or from a plug-in, for the tests that run over all of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from journeys.nodes.registry import kinds

TAG = {"leaf": "tag", "tag": "vip"}
WINDOW = {"weekdays": ["tue", "wed"], "from": "09:00", "to": "17:00"}
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "trigger": [
        {"on": {"type": "event", "event": "purchase.made", "nth": 2}, "subject": "purchase", "only": TAG},
        {"on": {"type": "segment", "segment": "vip"}, "existing": True},
        {"on": {"type": "date", "date": {"type": "attribute", "attribute": "birthday"}, "yearly": True}},
        {"on": {"type": "date", "date": {"type": "contract end"}, "offset_days": -7, "at": "10:30"}},
        {"on": {"type": "date", "date": {"type": "event", "event": "a.b", "field": "starts"}}},
        {"on": {"type": "date", "date": {"type": "first purchase"}, "yearly": True}, "subject": "purchase"},
        {"on": {"type": "date", "date": {"type": "last event", "event": "a.b"}, "offset_days": 5}},
        {"on": {"type": "change", "attribute": "points", "becomes": {"op": ">=", "value": 200}}},
        {"on": {"type": "segment", "segment": "at-risk", "moved_from": "loyal", "left_within_days": 3}},
        {"on": {"type": "stage", "funnel": "club", "stage": "new"}, "existing": True},
        {"on": {"type": "inactivity", "events": ["page.visited", "purchase.made"], "days": 5}},
        {
            "on": {
                "type": "schedule",
                "rule": "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,2MO;COUNT=9",
                "starts_on": "2026-11-01",
            },
            "only": TAG,
        },
        {"on": {"type": "product", "what": "price drop", "at_least_percent": 10}, "subject": "product", "only": TAG},
        {"on": {"type": "product", "what": "new in category", "category": "tea"}, "only": TAG},
        {
            "on": {
                "type": "feed",
                "feed": "weather",
                "where": [{"field": "t min", "op": "<", "value": 0}],
                "attribute": "region",
            },
            "subject": "feed",
        },
        {"on": {"type": "list"}},
    ],
    "condition": [{"criterion": {"all": [TAG, {"leaf": "event", "event": "email.clicked"}]}}],
    "split": [
        {"by": {"type": "nps", "survey": "ASKAAAAA", "survey_key": "nps"}},
        {"by": {"type": "nps", "ever": True}},
        {"by": {"type": "loyalty", "programme": "club"}},
        {"by": {"type": "segments", "segments": ["vip", "loyal"]}},
        {"by": {"type": "reachable", "channels": ["sms", "email"], "purpose": "newsletter"}},
        {
            "by": {
                "type": "random",
                "arms": [{"id": "a", "label": "A", "share": 33.5}, {"id": "b", "label": "B", "share": 66.5}],
            }
        },
    ],
    "wait": [
        {"rule": {"type": "at once"}, "then": {"from": "09:00"}},
        {"rule": {"type": "duration", "amount": 3, "unit": "days"}, "then": WINDOW},
        {"rule": {"type": "calendar days", "days": 2}},
        {
            "rule": {
                "type": "events",
                "listen": [{"outlet": "answered", "label": "answered", "event": "nps.answered", "about": "ASKAAAAA"}],
                "timeout": {"amount": 7, "unit": "days"},
            }
        },
        {"rule": {"type": "criterion", "criterion": TAG, "timeout": {"amount": 1, "unit": "weeks"}}},
        {"rule": {"type": "date", "date": {"type": "day", "day": "2026-12-10"}}, "late": {"then": "skip"}},
        {"rule": {"type": "date", "date": {"type": "attribute", "attribute": "trial_ends"}, "offset_days": -3}},
        {"rule": {"type": "date", "date": {"type": "contract"}, "offset_days": -7, "at": None}, "then": WINDOW},
        {"rule": {"type": "date", "date": {"type": "event", "field": "starts"}, "offset_days": 1}, "late": {}},
        {"rule": {"type": "date", "date": {"type": "purchase"}, "offset_days": 14}},
        {"rule": {"type": "purchase rhythm"}},
        {
            "rule": {
                "type": "purchase rhythm",
                "by": "mean",
                "factor": 1.5,
                "segment": "loyal",
                "at_least": {"amount": 3},
                "at_most": {"amount": 90},
            },
            "then": WINDOW,
        },
        {"rule": {"type": "duration", "amount": 3}, "late": {"then": "next window", "window": WINDOW}},
    ],
    "send": [
        {"template": "nps-survey", "purpose": "newsletter"},
        {"template": "bill", "message_class": "service", "unreachable_goes_another_way": True},
        {"template": "news", "purpose": "newsletter", "wait_for_hand_over": False},
        {"template": "news", "purpose": "newsletter", "ladder": {"channels": ["email", "sms"]}, "late": {}},
        {"template": "bill", "message_class": "service", "ladder": {"rule": "all", "channels": ["email", "sms"]}},
    ],
    "repeat": [{"at_most": 3, "at_least_days": 30}, {"at_most": 1}],
    "update": [
        {
            "changes": [
                {"do": "set attribute", "attribute": "city", "value": "Łódź"},
                {"do": "add to attribute", "attribute": "points", "amount": 5},
                {"do": "clear attribute", "attribute": "city"},
                {"do": "add tag", "tag": "vip", "expires_after": {"amount": 3, "unit": "days"}},
                {"do": "remove tag", "tag": "vip"},
                {"do": "give consent", "channel": "email", "purpose": "newsletter"},
                {"do": "withdraw consent", "channel": "sms", "purpose": "newsletter"},
                {"do": "set stage", "funnel": "club", "stage": "new"},
            ]
        }
    ],
    "webhook": [
        {"url": "https://shop.example/hooks/owner", "secret": "shop"},
        {"url": "http://10.0.0.7:8080/hook", "method": "DELETE", "private_addresses": True},
        {"url": "https://shop.example/hook", "wait_for_answer": False, "content_type": "text/plain", "body": "hello"},
    ],
    "jump": [{"journey": "resignation"}, {}],
    "code": [{"pool": "club-10"}, {"pool": "club-10", "good_for_days": 14}],
    "goal": [{"name": "rewarded"}],
    "exit": [{"reason": "no reachable channel"}],
    "note": [{"text": "Ask three days after the order."}, {"text": ""}],
    "frame": [{"title": "Welcome"}, {"title": ""}],
}
#: a file with examples for the kinds of a plug-in, {kind: [settings, …]}, so that its author can run this test over it
MORE = "KANWA_TEST_EXAMPLES"
if MORE in os.environ:
    EXAMPLES |= json.loads(Path(os.environ[MORE]).read_text(encoding="utf-8"))
NODES = [
    pytest.param(kinds()[kind].model_validate(example), id=f"{kind}-{n}")
    for kind, examples in EXAMPLES.items()
    for n, example in enumerate(examples)
]
