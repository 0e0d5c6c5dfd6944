from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.graph.content import content
from journeys.graph.file import load, read_journey, save, write_journey
from journeys.graph.journey import Journey
from journeys.graph.problems import UnreadableJourney, UnwritableJourney
from journeys.graph.upgrade import upgraded
from tests.graph.own_kinds import KINDS, Choose, End, Rest, Start, drawn, journeys, node_id

IN, REST, END = node_id("in"), node_id("rest"), node_id("end")


@pytest.fixture
def journey() -> Journey:
    return drawn({"in": Start(), "rest": Rest(), "end": End()}, "in:in>rest", "rest:done>end")


@pytest.fixture
def data(journey: Journey) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(write_journey(journey))
    return made


def read(text: str | dict[str, Any], **options: Any) -> Journey:
    return read_journey(text if isinstance(text, str) else json.dumps(text), kinds=KINDS, **options)


def refusal(text: str | dict[str, Any]) -> str:
    with pytest.raises(UnreadableJourney) as caught:
        read(text)
    return str(caught.value).removeprefix("The journey cannot be read. ")


def node_of(data: dict[str, Any], node: str) -> dict[str, Any]:
    return next(item for item in data["nodes"] if item["id"] == node)


# round trip


@given(journeys())
@settings(max_examples=80)
def test_saving_loading_and_saving_gives_the_same_bytes(journey: Journey) -> None:
    text = write_journey(journey)
    assert write_journey(read(text)) == text


@given(journeys())
@settings(max_examples=50)
def test_what_is_read_is_what_was_written(journey: Journey) -> None:
    assert content(read(write_journey(journey))) == content(journey)


@given(journeys())
@settings(max_examples=30)
def test_networkx_alone_reads_the_file(journey: Journey) -> None:
    graph = nx.node_link_graph(json.loads(write_journey(journey)), edges="edges")
    assert isinstance(graph, nx.MultiDiGraph)
    assert set(graph.edges(keys=True)) == {(edge.source, edge.target, edge.outlet) for edge in journey.edges()}
    assert {node: item["kind"] for node, item in graph.nodes(data=True)} == {
        node: journey.kind(node) for node in journey.node_ids()
    }
    assert graph.graph["name"] == journey.settings.name


def test_the_file_has_one_value_a_line_and_ends_with_a_line_end(journey: Journey) -> None:
    text = write_journey(journey)
    assert text.endswith("\n}\n")
    assert all(line.count(": ") <= 1 for line in text.splitlines())


def test_keys_stand_in_a_fixed_order(data: dict[str, Any]) -> None:
    assert list(data) == ["kanwa", "directed", "multigraph", "graph", "nodes", "edges"]
    assert list(data["nodes"][0]) == ["id", "kind", "title", "settings", "x", "y", "off", "comment"]
    assert list(data["edges"][0]) == ["source", "target", "key"]


def test_places_are_rounded_to_a_tenth_of_a_pixel(journey: Journey) -> None:
    journey.move(REST, 10.04999, 3.0)
    item = node_of(json.loads(write_journey(journey)), REST)
    assert (item["x"], item["y"]) == (10, 3)
    assert '"x": 10,' in write_journey(journey)


def test_one_more_second_changes_one_line(journey: Journey) -> None:
    before = write_journey(journey).splitlines()
    journey.set_settings(REST, Rest(seconds=5))
    after = write_journey(journey).splitlines()
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_polish_letters_are_written_as_letters(journey: Journey) -> None:
    journey.set_title(REST, "Żółw")
    assert '"title": "Żółw"' in write_journey(journey)


def test_a_node_of_an_unknown_kind_is_kept_untouched(data: dict[str, Any]) -> None:
    item = node_of(data, REST)
    item["kind"], item["settings"] = "from-a-plug-in", {"deep": [{"number": 0.12345678901234}], "z": 1, "a": None}
    read_again = read(data)
    assert read_again.node(REST) is None
    assert node_of(json.loads(write_journey(read_again)), REST) == item


# nonsense in: one clear sentence each


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "It is empty."),
        (" \n\ufeff", "It is empty."),
        ("[]", "It is no journey: the outermost value is not an object."),
        ("{}", "It is no journey: the format number “kanwa” is missing."),
        ('{"kanwa": "1"}', "The format number “kanwa” is not a whole number."),
        ('{"kanwa": true}', "The format number “kanwa” is not a whole number."),
        (
            '{"kanwa": 2}',
            "It was written by a newer Kanwa: its format is 2, this version reads up to 1. Update Kanwa to open it.",
        ),
        ('{"kanwa": 0}', "Its format is 0, which no version of Kanwa wrote."),
        (
            '{"kanwa": 1,\n "graph" {}}',
            "It is not valid JSON: line 2, column 10: expecting ':' delimiter. "
            "Undo the last change made by hand, or open an earlier copy.",
        ),
        ("[" * 100_000, "It is nested more than 64 levels deep."),
        ('{"kanwa": 1, "x": NaN}', "x: This is no number that can be kept."),
        ('{"kanwa": 1, "x": 1e999}', "x: This is no number that can be kept."),
        ('{"kanwa": 1, "x": ' + "9" * 5000 + "}", "x: This is no number that can be kept."),
        ('{"kanwa": 1, "x": "a\\u0000b"}', "x: The text holds a NUL character."),
        ('{"kanwa": 1, "x": "\\ud800"}', "x: The text holds half of a surrogate pair, which is no character."),
        ('{"kanwa": 1, "kanwa": 1}', "kanwa: The key “kanwa” stands there twice."),
    ],
)
def test_nonsense_is_refused_with_one_sentence(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


def test_deep_nesting_that_json_still_takes_is_refused(data: dict[str, Any]) -> None:
    nested: Any = 1
    for _n in range(80):
        nested = [nested]
    node_of(data, REST)["settings"] = {"seconds": nested}
    assert "This is nested more than 64 levels deep." in refusal(data)


def test_a_field_of_ten_megabytes_is_refused_by_name(data: dict[str, Any]) -> None:
    node_of(data, REST)["comment"] = "x" * 10_000_000
    assert refusal(data) == f"Node {REST}, comment: The text has 10000000 characters; 100000 is the most."


def test_a_text_beyond_all_measure_is_refused_before_it_is_read() -> None:
    assert refusal(" " * 32_000_001) == "It has more than 32000000 characters."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": 7}, "Node RESTAAAA, title: This is not a text."),
        (
            {"title": "a\r\nBcc: b"},
            "Node RESTAAAA, title: A name is one line of text, without line breaks or control characters.",
        ),
        ({"title": "x" * 201}, "Node RESTAAAA, title: The title has 201 characters; 200 is the most."),
        ({"x": "7"}, "Node “Rest” (RESTAAAA), x: This is not a number."),
        ({"y": True}, "Node “Rest” (RESTAAAA), y: This is not a number."),
        ({"x": 1e15}, "Node “Rest” (RESTAAAA), x: This place is off every canvas."),
        ({"off": "no"}, "Node “Rest” (RESTAAAA), off: This is neither true nor false."),
        ({"comment": None}, "Node “Rest” (RESTAAAA), comment: This is not a text."),
        ({"kind": None}, "Node “Rest” (RESTAAAA), kind: The kind of the node is missing."),
        ({"settings": []}, "Node “Rest” (RESTAAAA), settings: The settings are not an object."),
        (
            {"settings": {"seconds": "soon"}},
            "Node “Rest” (RESTAAAA), settings.seconds: “soon” is not a whole number.",
        ),
        ({"settings": {"secs": 1}}, "Node “Rest” (RESTAAAA), settings.secs: There is no such setting."),
        ({"tittle": "x"}, "Node “Rest” (RESTAAAA), tittle: A journey file has no such key. The nearest is “title”."),
    ],
)
def test_a_wrong_node_is_named_with_its_field(data: dict[str, Any], change: dict[str, Any], sentence: str) -> None:
    node_of(data, REST).update(change)
    assert refusal(data) == sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"graph": None}, "graph: The settings of the journey are missing."),
        ({"nodes": {}, "edges": []}, "nodes: The list is missing."),
        ({"edges": None}, "edges: The list is missing."),
        ({"directed": False}, "directed: A journey is a directed multigraph; this must be true."),
        ({"colour": 1}, "colour: A journey file has no such key."),
        ({"edges": [7]}, "edges[0]: This is not an object."),
        ({"edges": [{"source": IN, "target": REST}]}, "edges[0]: The edge names no outlet as its key."),
        (
            {"edges": [{"source": IN, "target": "ZZZZZZZZ", "key": "in"}]},
            "edges[0].target: The edge names node “ZZZZZZZZ”, which does not exist.",
        ),
        (
            {"edges": [{"source": IN, "target": REST, "key": "in", "weight": 1}]},
            "edges[0].weight: A journey file has no such key.",
        ),
        (
            {"nodes": [{"id": "ask", "kind": "end"}], "edges": []},
            "nodes[0].id: A node id has 8 characters of A–Z and 2–7.",
        ),
        ({"nodes": [None], "edges": []}, "nodes[0]: This is not an object."),
    ],
)
def test_a_wrong_part_of_the_file_is_named(data: dict[str, Any], change: dict[str, Any], sentence: str) -> None:
    data.update(change)
    assert refusal(data) == sentence


def test_two_edges_from_one_outlet_are_refused(data: dict[str, Any]) -> None:
    data["edges"].append({"source": IN, "target": END, "key": "in"})
    assert refusal(data) == (
        "Node “In” (INAAAAAA), edges[2]: Two edges leave from the outlet “in”: "
        "to “Rest” (RESTAAAA) and to “End” (ENDAAAAA). Remove one."
    )


def test_the_same_edge_twice_is_two_edges_from_one_outlet(data: dict[str, Any]) -> None:
    data["edges"].append(data["edges"][0])
    assert "Two edges leave from the outlet" in refusal(data)


def test_an_id_used_twice_is_refused(data: dict[str, Any]) -> None:
    data["nodes"].append(node_of(data, REST))
    assert refusal(data) == "Node “Rest” (RESTAAAA), id: Another node has this id too; ids are never used twice."


def test_a_name_with_a_line_break_is_refused(data: dict[str, Any]) -> None:
    data["graph"]["name"] = "a\nb"
    assert refusal(data) == "graph.name: A name is one line of text, without line breaks or control characters."


def test_all_problems_are_reported_at_once_with_node_and_field(data: dict[str, Any]) -> None:
    data["graph"]["direction"] = "up"
    node_of(data, REST)["settings"] = {"seconds": None}
    node_of(data, END)["x"] = "left"
    data["edges"][0]["target"] = "NOWHERE2"
    with pytest.raises(UnreadableJourney) as caught:
        read(data)
    assert [(problem.node, problem.field) for problem in caught.value.problems] == [
        ("", "graph.direction"),
        (END, "x"),
        (REST, "settings.seconds"),
        ("", "edges[0].target"),
    ]


def test_an_edge_of_an_outlet_that_is_gone_is_read(data: dict[str, Any]) -> None:
    data["edges"][0]["key"] = "was-there"
    assert read(data).target(IN, "was-there") == REST


def test_endless_garbage_is_told_in_part() -> None:
    garbage = {"kanwa": 1, "directed": True, "multigraph": True, "graph": {}, "nodes": [1] * 5000, "edges": []}
    with pytest.raises(UnreadableJourney) as caught:
        read(garbage)
    assert len(caught.value.problems) == 1000
    assert str(caught.value).endswith("And 950 more.")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "kind", "settings", "source", "key", "x"]) | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
    )
)
@settings(max_examples=100)
def test_whatever_json_comes_it_is_read_or_refused(value: Any) -> None:
    base = {
        "kanwa": 1,
        "directed": True,
        "multigraph": True,
        "graph": {"id": "a", "name": "A"},
        "nodes": [],
        "edges": [],
    }
    for text in (
        json.dumps(value),
        json.dumps({**base, "nodes": [{"id": IN, "kind": "rest", "settings": value}]}),
        json.dumps({**base, "nodes": value}),
        json.dumps({**base, "edges": [value]}),
        json.dumps({**base, "graph": value}),
    ):
        try:
            made = read(text)
        except UnreadableJourney:
            continue
        assert write_journey(read(write_journey(made))) == write_journey(made)


@given(st.binary(max_size=40))
@settings(max_examples=50)
def test_whatever_bytes_come_they_are_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("raw") / "a.journey"
    path.write_bytes(raw)
    with pytest.raises(UnreadableJourney):
        load(path, kinds=KINDS)


# older formats


def test_an_older_format_is_brought_up_step_by_step() -> None:
    steps = {
        1: lambda data: {**data, "graph": {**data["graph"], "name": data["graph"]["title"]}},
        2: lambda data: {**data, "graph": {"name": data["graph"]["name"].upper()}},
    }
    data = {"kanwa": 1, "graph": {"title": "Old"}}
    assert upgraded(data, to=3, steps=steps) == {"kanwa": 3, "graph": {"name": "OLD"}}
    assert data == {"kanwa": 1, "graph": {"title": "Old"}}


def test_a_file_of_an_older_format_is_read_through_its_steps(data: dict[str, Any]) -> None:
    data["kanwa"] = 0
    data["knots"] = data.pop("nodes")

    def rename(old: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in old.items() if key != "knots"} | {"nodes": old["knots"]}

    assert json.loads(write_journey(read(data, steps={0: rename})))["kanwa"] == 1


# files on disk


def test_a_saved_file_is_loaded_again(tmp_path: Path, journey: Journey) -> None:
    path = tmp_path / "a.journey"
    save(journey, path)
    assert content(load(path, kinds=KINDS)) == content(journey)


def test_a_mark_at_the_start_of_the_file_does_not_matter(tmp_path: Path, journey: Journey) -> None:
    path = tmp_path / "a.journey"
    path.write_text(write_journey(journey), encoding="utf-8-sig")
    assert len(load(path, kinds=KINDS)) == 3


def test_saving_leaves_nothing_else_in_the_folder(tmp_path: Path, journey: Journey) -> None:
    save(journey, tmp_path / "a.journey")
    save(journey, tmp_path / "a.journey")
    assert [path.name for path in tmp_path.iterdir()] == ["a.journey"]


def test_saving_keeps_the_permissions_of_the_file(tmp_path: Path, journey: Journey) -> None:
    path = tmp_path / "a.journey"
    path.touch(mode=0o600)
    save(journey, path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_saving_through_a_link_writes_what_it_leads_to(tmp_path: Path, journey: Journey) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "a.journey"
    link.symlink_to(tmp_path / "there" / "b.journey")
    save(journey, link)
    assert link.is_symlink()
    assert len(load(tmp_path / "there" / "b.journey", kinds=KINDS)) == 3


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.journey"
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        UnwritableJourney, match=r"could not be saved as .*a.journey: No space left on device. The file"
    ):
        save(journey, path)
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("a.journey", "old")]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.journey", "missing.journey cannot be read. There is no such file."),
        (".", "It is a folder."),
        ("\x00", "cannot be read. The system says"),
    ],
)
def test_a_path_that_cannot_be_read_is_said(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(UnreadableJourney) as caught:
        load(tmp_path / name, kinds=KINDS)
    assert sentence in str(caught.value)


def test_a_device_is_not_read_without_end() -> None:
    with pytest.raises(UnreadableJourney, match=r"zero cannot be read. It is a device, not a file."):
        load("/dev/zero", kinds=KINDS)


def test_other_encodings_are_named_as_such(tmp_path: Path, journey: Journey) -> None:
    path = tmp_path / "a.journey"
    path.write_bytes(write_journey(journey).encode("utf-16"))
    with pytest.raises(
        UnreadableJourney, match=r"a.journey cannot be read. It is not UTF-8 text: byte 1 does not fit."
    ):
        load(path, kinds=KINDS)


def test_choices_keep_their_order(journey: Journey) -> None:
    journey.add_node("CHQQSEAA", Choose(between=("z", "a")))
    assert read(write_journey(journey)).node("CHQQSEAA") == Choose(between=("z", "a"))


@pytest.mark.parametrize(
    ("kind", "settings", "field", "sentence"),
    [
        (
            "trigger",
            {"on": {"type": "list"}, "at_most_late_days": "3"},
            "at_most_late_days",
            "“3” is not a whole number.",
        ),
        ("trigger", {"on": {"type": "list"}, "existing": "yes"}, "existing", "“yes” is neither true nor false."),
        ("trigger", {"on": {"type": "list"}, "existing": 0}, "existing", "0 is neither true nor false."),
        (
            "wait",
            {"rule": {"type": "duration", "amount": "2", "unit": "days"}},
            "rule.amount",
            "“2” is not a whole number.",
        ),
        ("note", {"text": "x", "width": "200"}, "width", "“200” is not a whole number."),
    ],
)
def test_a_value_is_never_taken_for_one_of_another_type(
    kind: str, settings: dict[str, Any], field: str, sentence: str
) -> None:
    node = {"id": "AAAAAAAA", "kind": kind, "title": "One", "settings": settings, "x": 0, "y": 0}
    graph = {"id": "test", "name": "Test"}
    data = {"kanwa": 1, "directed": True, "multigraph": True, "graph": graph, "nodes": [node], "edges": []}
    with pytest.raises(UnreadableJourney) as refused:
        read_journey(json.dumps(data))
    (problem,) = refused.value.problems
    assert (problem.node, problem.field) == ("AAAAAAAA", f"settings.{field}")
    assert sentence in problem.sentence


def test_the_journeys_own_settings_are_read_as_strictly() -> None:
    graph = {"id": "test", "name": "Test", "policies": {"cap": {"at_most": "2", "within_days": 7}}}
    data = {"kanwa": 1, "directed": True, "multigraph": True, "graph": graph, "nodes": [], "edges": []}
    with pytest.raises(UnreadableJourney) as refused:
        read_journey(json.dumps(data))
    assert [(one.field, one.sentence) for one in refused.value.problems] == [
        ("graph.policies.cap.at_most", "graph.policies.cap.at_most: “2” is not a whole number.")
    ]
