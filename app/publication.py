"""Publishing a draft with the workspace's messages: what the command and the window both do."""

from __future__ import annotations

from collections.abc import Mapping

from app.catalogue import catalogue_of
from app.templates import check_templates
from journeys.base.time import Instant
from journeys.engine.publish import Published, publish
from journeys.graph.journey import Journey, references_of
from journeys.messages.template import Template, to_json
from journeys.store.store import Store


def publish_draft(
    store: Store,
    journey: Journey,
    templates: Mapping[str, Template],
    *,
    now: Instant,
    existing: bool | None = None,
    reason: str = "",
    over: bool = False,
    again: bool = False,
) -> Published:
    """Try the messages that a draft uses on samples, then publish it with the messages of its workspace, by key.

    Raises TemplateError before anything is published, and what `publish` raises, whose arguments the others are.
    """
    used = {key for kind, key in references_of(journey) if kind == "template"}
    with store.read() as conn:
        check_templates(conn, [templates[key] for key in sorted(used & set(templates))], now=now)
    return publish(
        store,
        journey,
        {key: to_json(template) for key, template in templates.items()},
        now=now,
        existing=existing,
        reason=reason,
        over=over,
        again=again,
        catalogue=lambda conn: catalogue_of(conn, templates, now=now, journey=journey),
    )
