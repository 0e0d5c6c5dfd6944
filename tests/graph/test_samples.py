"""The journeys that come with Kanwa, and the reference journey edge by edge."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import resources
from app.demo import keys
from journeys.base.catalogue import Catalogue, PoolEntry, TemplateEntry
from journeys.graph.checks import check
from journeys.graph.file import load, write_journey
from journeys.graph.show import show
from journeys.nodes.send import Send

HOME = Path(resources.__file__).parent
SAMPLES = sorted((HOME / "journeys").glob("*.journey"))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    made: Path = request.param
    return made


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """What the demo's shop knows."""
    templates = {}
    for file in (HOME / "templates").glob("*/template.toml"):
        told = tomllib.loads(file.read_text())
        templates[file.parent.name] = TemplateEntry(
            told["class"], survey=told.get("survey", ""), programme=told.get("programme", "")
        )
    return Catalogue(
        templates=templates,
        segments={key: label for key, (label, _criterion) in keys.SEGMENTS.items()},
        tags=frozenset(key for key, _label in keys.TAGS),
        purposes=frozenset({keys.PURPOSE}),
        programmes=frozenset({keys.PROGRAMME}),
        surveys=frozenset({keys.SURVEY, keys.REASONS_SURVEY}),
        funnels={keys.FUNNEL: tuple(key for key, _label in keys.STAGES)},
        senders=frozenset({keys.SENDER}),
        products=frozenset({"stream-x"}),
        pools={keys.POOL: PoolEntry(keys.CODES)},
        secrets=frozenset({keys.SECRET}),
        journeys=frozenset(path.stem for path in SAMPLES),
    )


def test_there_are_four_samples() -> None:
    assert len(SAMPLES) == 4


def test_a_sample_is_named_after_its_id(path: Path) -> None:
    assert load(path).settings.id == path.stem


def test_a_sample_stands_as_it_would_be_saved(path: Path) -> None:
    assert write_journey(load(path)) == path.read_text(encoding="utf-8")


def test_nothing_blocks_a_sample(path: Path, catalogue: Catalogue) -> None:
    assert check(load(path), catalogue).blocks == ()


def test_a_sample_can_be_said_in_words(path: Path) -> None:
    assert "unknown kind" not in show(load(path))


def test_every_marketing_send_of_a_sample_names_the_newsletter(path: Path) -> None:
    journey = load(path)
    sends = [node for id_ in journey.node_ids() if isinstance(node := journey.node(id_), Send)]
    assert sends
    assert all(send.purpose == "newsletter" for send in sends if send.message_class == "marketing")


REFERENCE = {
    "Bought something": {"in": "Let it arrive"},
    "Let it arrive": {"done": "Ask"},
    "Ask": {"sent": "Listen", "not_sent": "No way to reach"},
    "Listen": {"answered": "Which answer", "timeout": "Remind once"},
    "Remind once": {"again": "Ask", "enough": "Which answer"},
    "Which answer": {
        "promoter": "In the programme?",
        "passive": "Thank you",
        "detractor": "What went wrong",
        "no_answer": "Rest",
    },
    "In the programme?": {"joined": "Reward", "declined": "Encourage", "not_asked": "Invite"},
    "Reward": {"done": "Bonus", "pool_empty": "Tell the owner"},
    "Bonus": {"sent": "Rewarded"},
    "Invite": {"sent": "Did they join"},
    "Did they join": {"joined": "Reward", "timeout": "Encourage"},
    "Encourage": {"done": "In a month"},
    "In a month": {"done": "Again?"},
    "Again?": {"again": "Invite", "enough": "Rest"},
    "Thank you": {"sent": "Rest"},
    "What went wrong": {"sent": "Their reasons"},
    "Their reasons": {"answered": "Tell the owner", "timeout": "Winning back"},
    "Tell the owner": {"ok": "Rest", "failed": "Rest"},
    "Winning back": {},
    "Rewarded": {},
    "No way to reach": {},
    "Rest": {},
}


def test_the_reference_journey_is_drawn_as_described() -> None:
    """As in the description, without push, which does not exist yet."""
    journey = load(HOME / "journeys" / "nps-after-purchase.journey")
    drawn = {
        journey.title(node): {edge.outlet: journey.title(edge.target) for edge in journey.edges_from(node)}
        for node in journey.node_ids()
    }
    assert drawn == REFERENCE


def test_samples_are_plain_json_for_other_tools(path: Path) -> None:
    assert set(json.loads(path.read_text(encoding="utf-8"))) == {
        "kanwa", "directed", "multigraph", "graph", "nodes", "edges",
    }  # fmt: skip
