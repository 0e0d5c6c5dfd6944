from __future__ import annotations

import pytest

from journeys.messages.subjects import subjects_needed


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("Your {{ contract.product.name }} ends on {{ contract.end_on|date }}", {"contract"}),
        ("{% for line in purchase.lines %}{{ line.amount }}{% endfor %}", {"purchase"}),
        ("{{ event['data']['size'] }} {{ subject.kind }}", {"event", "subject"}),
        ("{% if contract %}{{ contract.end_on }}{% else %}soon{% endif %}", set()),
        ("{% if not contract %}soon{% else %}{{ contract.end_on }}{% endif %}", set()),
        ("{{ contract.end_on if contract else 'soon' }}", set()),
        ("{% if contract and contract.recurring_now %}it renews{% endif %}", set()),
        ("{% if contract.recurring_now %}it renews{% endif %}", {"contract"}),
        ("{% if purchase %}{{ contract.end_on }}{% endif %}", {"contract"}),
        ("{{ contact.product }} {{ links.click('x') }}", set()),
        ("{% if %}", set()),
    ],
)
def test_what_a_source_needs(source: str, needed: set[str]) -> None:
    assert subjects_needed(source) == needed
