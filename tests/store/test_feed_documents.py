from __future__ import annotations

from typing import Any

import pytest

from journeys.store.feed_documents import MOST_ROWS, BadDocument, rows_of


def rows(text: str | bytes, format_: str = "json", rows_at: str = "", key_field: str = "region") -> dict[str, Any]:
    content = text.encode() if isinstance(text, str) else text
    return rows_of(content, format_=format_, rows_at=rows_at, key_field=key_field)


def test_rows_of_json_are_a_list_at_a_place() -> None:
    said = '{"data": {"regions": [{"region": "Łódź", "t_min": -1.5, "warning": true}]}}'
    assert rows(said, rows_at="data.regions") == {"Łódź": {"region": "Łódź", "t_min": -1.5, "warning": True}}


def test_an_object_of_objects_names_its_rows() -> None:
    assert rows('{"north": {"t": 1}, "south": {"t": 2}}') == {
        "north": {"region": "north", "t": 1},
        "south": {"region": "south", "t": 2},
    }


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_cells_of_csv_that_plainly_are_numbers_become_numbers(sign: str) -> None:
    said = f"region{sign}t_min{sign}road\r\n07{sign}-3.5{sign}A1\r\nsouth{sign}2{sign}\r\n"
    assert rows(said, "csv") == {
        "07": {"region": "07", "t_min": -3.5, "road": "A1"},
        "south": {"region": "south", "t_min": 2},
    }


@pytest.mark.parametrize(
    ("text", "format_", "said"),
    [
        ("{", "json", "The document is not JSON"),
        ('[{"region": "x", "t": NaN}]', "json", "The document is not JSON: NaN."),
        ("[" * 100_000, "json", "The document is not JSON"),
        ("[1]", "json", "There is no list of rows at “/” in the document."),
        ('[{"t": 1}]', "json", "Row 1 has no “region”, by which rows are known."),
        ('[{"region": "x"}, {"region": "x"}]', "json", "Two rows have the same “region”, x."),
        ("a;b\n1;2\n", "csv", "The first line of the document has no column “region”; it has: a, b."),
        (b"\xff\xfe\xfa", "csv", "The document is not text in UTF-8."),
        ("region\n" + "\n".join(map(str, range(MOST_ROWS + 1))), "csv", "The document has more than 20000 rows."),
    ],
)
def test_a_document_that_cannot_be_read_is_a_sentence(text: str | bytes, format_: str, said: str) -> None:
    with pytest.raises(BadDocument) as caught:
        rows(text, format_)
    assert str(caught.value).startswith(said)
