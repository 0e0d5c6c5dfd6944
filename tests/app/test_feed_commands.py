from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Run
from tests.http_server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def test_a_feed_is_added_fetched_listed_and_removed(kanwa: Run, workspace: Path, server: Server) -> None:
    url = server.says("/w.csv", "region;t_min\nnorth;3\n")
    added = kanwa("feed", "add", "weather", url, "--name", "region", "--format", "csv", "--allow-private")
    assert (added.code, added.out) == (0, "“weather” is defined.\n")
    assert kanwa("feed", "fetch", "weather").out == "The feed “weather” has 1 rows, from which it starts.\n"
    server.says("/w.csv", "region;t_min\nnorth;-1\nsouth;2\n")
    assert kanwa("feed", "fetch", "weather", "--json").data == {
        "feed": "weather", "problem": "", "new": True, "rows": 2, "added": 1, "changed": 1, "gone": 0,
    }  # fmt: skip
    (row,) = kanwa("feed", "list", "--json").data
    assert (row["key"], row["rows"], row["error"]) == ("weather", 2, "")
    assert kanwa("feed", "remove", "weather").code == 0
    assert kanwa("feed", "list", "--json").data == []


def test_a_feed_of_a_private_address_is_refused_and_says_how(kanwa: Run, workspace: Path, server: Server) -> None:
    kanwa("feed", "add", "weather", server.says("/w", "[]"), "--name", "region")
    ran = kanwa("feed", "fetch", "weather")
    assert ran.code == 1
    assert "is not called unless the feed allows private addresses" in ran.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "weather", "ftp://x/", "--name", "region"), 1, "“ftp://x/” is no address of a document"),
        (("add", "weather", "http://x/", "--name", "r", "--format", "xml"), 2, "“xml” is no format of a feed"),
        (("add", "weather", "http://x/", "--name", "r", "--every", "0"), 2, "every 1 to 10080 minutes, not every 0"),
        (("fetch", "wether"), 2, "There is no feed “wether”."),
        (("remove", "wether"), 2, "There is no feed “wether”."),
    ],
)
def test_what_makes_no_sense_is_said(kanwa: Run, workspace: Path, words: tuple[str, ...], code: int, said: str) -> None:
    ran = kanwa("feed", *words)
    assert ran.code == code
    assert said in ran.err


JOURNEY = """{"kanwa": 1, "directed": true, "multigraph": true,
 "graph": {"id": "frost", "name": "Frost"},
 "nodes": [{"id": "INAAAAAA", "kind": "trigger", "settings": {"on": {"type": "feed", "feed": "weather",
   "where": [{"field": "t", "op": "<", "value": 0}], "attribute": "region"}}},
  {"id": "EXITAAAA", "kind": "exit", "settings": {"reason": "done"}}],
 "edges": [{"source": "INAAAAAA", "target": "EXITAAAA", "key": "in"}]}"""


def test_a_feed_that_starts_a_journey_is_not_removed(kanwa: Run, workspace: Path, server: Server) -> None:
    kanwa("attribute", "add", "region", "text")
    kanwa("feed", "add", "weather", server.says("/w", "[]"), "--name", "region", "--allow-private")
    (workspace / "journeys").mkdir(exist_ok=True)
    (workspace / "journeys" / "frost.journey").write_text(JOURNEY, encoding="utf-8")
    published = kanwa("publish", "frost")
    assert published.code == 0, published.err
    ran = kanwa("feed", "remove", "weather")
    assert (ran.code, "The feed “weather” starts “Frost”." in ran.err) == (1, True)
