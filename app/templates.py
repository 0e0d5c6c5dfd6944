"""The workspace's message templates: loaded, tried on samples before anything is published or sent, copied from starters."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeys.base.errors import KanwaError, UsageError, suggestion
from journeys.base.i18n import N_, words_in
from journeys.base.time import DAY, Instant, day_of
from journeys.messages.checked import Failed, render_checked
from journeys.messages.compile import compile_template
from journeys.messages.context import Context, Sender
from journeys.messages.links import LinkKeys, LinkMaker
from journeys.messages.place import TemplateError
from journeys.messages.rendering import unknown_parts
from journeys.messages.template import Template, checked_key, keys, starters
from journeys.store import settings
from journeys.store import tables as t

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: contacts of the store on whom a template is tried
_SAMPLES = 3


class UnknownStarter(UsageError):
    text = N_("There is no starter template “{name}”.{suggestion} Starters are: {known}.")


class TemplateExists(UsageError):
    text = N_("The workspace has a template “{name}” already. Give the copy another key with --as.")


class BrokenTemplates(KanwaError):
    """Messages that could not be written; `problems` has a sentence for each."""

    text = N_("Some messages cannot be written. {sentences}")


def add_starter(name: str, messages: Path, *, key: str = "") -> Path:
    """Copy a starter into the folder of templates. Raises UnknownStarter, TemplateExists, and BadKey for a bad `key`."""
    known = keys(starters())
    if name not in known:
        raise UnknownStarter(name=name, suggestion=suggestion(name, known), known=", ".join(known))
    # before anything is written: “../x” would lie outside the workspace
    target = messages / checked_key(key or name)
    if target.exists():
        raise TemplateExists(name=target.name)
    shutil.copytree(starters() / name, target)
    return target


def check_templates(conn: Connection, templates: Iterable[Template], *, now: Instant) -> None:
    """Try the templates in a process of its own, on contacts of the store and on one of whom nothing is known.

    Raises BrokenTemplates with everything that is wrong.
    """
    known = frozenset(conn.execute(t.attribute.select().with_only_columns(t.attribute.c.key)).scalars())
    problems: list[str] = []
    tried: list[tuple[Template, list[Context]]] = []
    for template in templates:
        try:
            found = [str(error) for error in unknown_parts(compile_template(template), known)]
        except TemplateError as error:
            found = [str(error)]
        problems += found
        if not found:
            tried.append((template, sample_contexts(conn, template, now=now)))
    # each waits for a process of its own, which takes a second before it renders anything
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for rendered in pool.map(lambda one: render_checked(*one), tried):
            problems += dict.fromkeys(one.sentence for one in rendered if isinstance(one, Failed))
    if problems:
        raise BrokenTemplates(sentences=" ".join(problems), problems=problems)


def sample_contexts(conn: Connection, template: Template, *, now: Instant) -> list[Context]:
    """Contexts to try a template with: contacts of the store with a sample subject, and one with nothing at all."""
    wanted = t.contact.select().where(t.contact.c.erased_at.is_(None)).order_by(t.contact.c.id).limit(_SAMPLES)
    contacts: list[Mapping[str, Any]] = [dict(row) for row in conn.execute(wanted).mappings()]
    bare = sample_context(conn, template, {"attributes": {}}, now=now)
    full = [
        replace(
            sample_context(conn, template, contact, now=now),
            contract=_contract(now),
            purchase=_purchase(now),
            code=_CODE,
            product=_PRODUCT | {"stock": 5, "old_price": 4900, "new_price": 3900, "old_stock": 0, "new_stock": 5},
            feed={},
        )
        for contact in contacts or [{"first_name": "Anna", "last_name": "Nowak", "attributes": {}}]
    ]
    return [bare, *full]


def sample_context(
    conn: Connection, template: Template, contact: Mapping[str, Any], *, now: Instant, sender: Sender | None = None
) -> Context:
    """The context of a mail that no journey sends: its links are signed with a key that no store knows."""
    language = template.language or contact.get("language") or ""
    sender = sender or Sender(email="shop@example.com", name="Shop", address="1 Sample Street, Sampleton")
    return Context(
        contact=contact,
        links=LinkMaker(
            keys=LinkKeys("test", {"test": b"a link of a test mail answers nothing"}),
            message=0,
            at=now,
            answers=sender.reply_to or sender.email,
            survey=template.survey,
            programme=template.programme,
            language=language,
        ),
        sender=sender,
        at=now,
        zone=settings.workspace_zone(conn),
        attribute_keys=frozenset(conn.execute(t.attribute.select().with_only_columns(t.attribute.c.key)).scalars()),
        why=words_in(language)(N_("You get this mail because you agreed to it.")),
        marketing=template.message_class == "marketing",
    )


_CODE = {"value": "SAMPLE-1234", "worth": "10 %", "valid_until": "2030-12-31"}
_PRODUCT = {"key": "sample", "name": "Sample", "category": "samples", "price": 3900, "currency": "PLN"}


def _contract(now: Instant) -> dict[str, Any]:
    today = day_of(now, settings.time_zone_named("UTC"))
    return {
        "product": _PRODUCT,
        "offer": _PRODUCT | {"duration_days": 30},
        "start_on": (today - timedelta(days=22)).isoformat(),
        "end_on": (today + timedelta(days=7)).isoformat(),
        "duration_days": 30,
        "recurring_now": False,
        "recurring_initially": True,
    }


def _purchase(now: Instant) -> dict[str, Any]:
    line = {"product": _PRODUCT, "quantity": 1, "amount": 3900, "n": 1}
    return {"order_id": "1", "at": now - DAY, "total": 3900, "currency": "PLN", "lines": [line]}
