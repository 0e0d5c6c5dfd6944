"""The keys that the demo's journeys mention: what the shop must know before they can be published."""

from __future__ import annotations

from typing import Any

PURPOSE = "newsletter"
PROGRAMME = "club"
#: scores 0 to 10
SURVEY = "nps"
#: predefined reasons
REASONS_SURVEY = "what-went-wrong"
REASONS = ("late", "broken", "wrong-item", "too-expensive", "service")
FUNNEL = "club"
STAGES = (("invited", "Invited"), ("to-encourage", "To encourage"), ("member", "Member"))
TAGS = (("club-later", "Club later"), ("resigned", "Resigned"), ("vip", "VIP"))
#: pool of codes, and how many it holds: fewer than a month takes, so that it runs empty
POOL = "club-10"
CODES = 40
#: what the shop's own server checks that it is called by Kanwa with
SECRET = "shop"  # noqa: S105 - its name
SENDER = "shop"

#: segment key → label and criterion
SEGMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "active-subscribers": ("Active subscribers", {"leaf": "contract", "end": {"op": ">=", "value": 1}}),
    "lapsed-90": (
        "Last purchase at least 90 days ago",
        {"leaf": "purchase", "last_days_ago": {"op": ">=", "value": 90}},
    ),
    "regulars": ("Regulars", {"leaf": "purchase", "count": {"op": ">=", "value": 5}}),
}
