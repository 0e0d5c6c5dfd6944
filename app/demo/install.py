"""The demo's workspace: the shop, the starter templates, the sample journeys, a sender and two policies, published."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import resources
from app import workspace as workspaces
from app.demo import keys, shop
from app.demo.people import WARSAW
from app.demo.shop import Shop
from app.opened import make_store, open_store
from app.workspace import FILE, InTheWay, NoWorkspaceThere, Workspace
from journeys.base.time import DAY, Instant, day_of
from journeys.engine.letters import STORE_ID
from journeys.engine.policies import set_rule
from journeys.engine.publish import publish
from journeys.graph.checks.jumps import jumps_of
from journeys.graph.file import load, save
from journeys.graph.journey import Journey
from journeys.graph.settings import Cap, QuietHours
from journeys.messages.template import Template, catalogue_entry, load_all, starters, to_json
from journeys.nodes.registry import kinds
from journeys.store import settings
from journeys.store.catalogue import catalogue
from journeys.store.codes import NewCode, add_codes, define_pool
from journeys.store.definitions import define_sender
from journeys.store.store import Store

NAME = "Demo shop"
#: the folder of mail inside the workspace
MAIL = "mail"
#: what a run of the demo makes, and the next one therefore may take away
_OURS = (FILE, "store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "journeys", "messages", "exports", MAIL)

#: In a month nobody comes to the end of the invitation's month of rest. In the demo that loop turns faster:
#: title → settings that differ, and a title that says so.
_FASTER: dict[str, tuple[dict[str, Any], str]] = {
    "Did they join": ({"rule": {"timeout": {"amount": 4, "unit": "days"}}}, ""),
    "In a month": ({"rule": {"amount": 3}, "then": {"weekdays": ["mon", "tue", "wed", "thu", "fri"]}}, "In three days"),
    "Again?": ({"at_most": 1, "at_least_days": 3}, ""),
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is ready to run."""

    workspace: Workspace
    store: Store
    shop: Shop
    #: contacts of the shop's people, in order
    ids: list[int]
    templates: dict[str, Template]


def install(
    folder: Path, *, seed: int = 7, contacts: int = shop.CONTACTS, progress: shop.Progress | None = None
) -> Demo:
    """Make the demo in a folder, in place of an earlier demo. Raises InTheWay where something else is there."""
    _clear(folder)
    workspace = workspaces.create(folder, name=NAME)
    make_store(workspace)
    for source in starters().iterdir():
        if source.is_dir() and (source / "template.toml").exists():
            shutil.copytree(source, workspace.messages / source.name)
    templates = load_all(workspace.messages)
    plan = shop.plan(seed, contacts=contacts)
    store = open_store(workspace.store_url)
    try:
        ids = shop.write(store, plan, progress)
        with store.write() as conn:
            # message ids are made of it: the same seed gives the same mail, byte for byte
            settings.put(conn, STORE_ID, hashlib.sha256(f"{seed}/store".encode()).hexdigest()[:24])
            define_sender(
                conn,
                keys.SENDER,
                from_name="Demo shop",
                from_address="shop@example.com",
                reply_to="answers@example.com",
                postal_address="Demo shop, ul. Przykładowa 1, 00-001 Warszawa",
            )
            set_rule(conn, QuietHours.model_validate({"from": "21:00", "to": "08:00"}))
            set_rule(conn, Cap(at_most=3, within_days=7))
            define_pool(conn, keys.POOL, label="10 % for the club", low_at=20)
            add_codes(conn, keys.POOL, _codes(plan), now=plan.start)
        drafts = {
            source.name: _faster(load(source))
            for source in sorted((Path(resources.__file__).parent / "journeys").glob("*.journey"))
        }
        # a journey is published after those it jumps to
        for name, journey in sorted(drafts.items(), key=lambda one: bool(jumps_of(one[1]))):
            based_on = _publish(store, journey, templates, now=plan.start)
            journey.settings = journey.settings.model_copy(update={"based_on": based_on})
            save(journey, workspace.journeys / name)
    except BaseException:
        store.close()
        raise
    return Demo(workspace, store, plan, ids, templates)


def _codes(plan: Shop) -> list[NewCode]:
    random = Random(f"{plan.seed}/codes")
    until = day_of(Instant(plan.start + 60 * DAY), ZoneInfo(WARSAW))
    # without letters that are taken for others when they are typed
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    values: dict[str, None] = {}
    while len(values) < keys.CODES:
        values["CLUB-" + "".join(random.choices(letters, k=6))] = None
    return [NewCode(value, "10 %", until) for value in values]


def _publish(store: Store, journey: Journey, templates: dict[str, Template], *, now: Instant) -> str:
    """Publish the journey as it is; returns the hash that its draft is based on from now on."""
    entries = {key: catalogue_entry(template) for key, template in templates.items()}
    published = publish(
        store,
        journey,
        {key: to_json(template) for key, template in templates.items()},
        now=now,
        catalogue=lambda conn: catalogue(conn, templates=entries),
    )
    return published.hash


def _faster(journey: Journey) -> Journey:
    for node in journey.node_ids():
        if (changes := _FASTER.get(journey.title(node))) is None:
            continue
        different, title = changes
        merged = _merged(journey.raw_settings(node), different)
        journey.set_settings(node, kinds()[journey.kind(node)].model_validate(merged))
        if title:
            journey.set_title(node, title)
    return journey


def _merged(settings: dict[str, Any], different: dict[str, Any]) -> dict[str, Any]:
    merged = dict(settings)
    for name, value in different.items():
        merged[name] = _merged(merged[name], value) if isinstance(value, dict) else value
    return merged


def _clear(folder: Path) -> None:
    """Take an earlier demo away; anything else stays and is in the way."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        earlier = workspaces.read(folder) if folder.is_dir() else None
    except NoWorkspaceThere:
        earlier = None
    if earlier is None or earlier.name != NAME:
        raise InTheWay(path=folder)
    for name in _OURS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
