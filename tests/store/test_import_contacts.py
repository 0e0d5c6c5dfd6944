"""Contacts from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from journeys.base.clock import SetClock
from journeys.base.errors import KanwaError
from journeys.base.time import Instant
from journeys.store import tables as t
from journeys.store.attributes import attributes, define_attribute
from journeys.store.contacts import add, ids_by_external_id
from journeys.store.definitions import define_tag
from journeys.store.erasing import erase
from journeys.store.importing import Options, Progress, Report, import_file, preview
from journeys.store.importing.errors import BadTemplate, MissingColumns, UnknownColumn, UnknownField, UnknownKind
from journeys.store.store import Store

NOW = Instant(1_795_000_000)
Load = Callable[..., Report]


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Load:
    def run(text: str, **options: Any) -> Report:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return import_file(store, "contacts", path, options=Options(**options), clock=SetClock(NOW))

    return run


def people(store: Store) -> dict[str, Any]:
    with store.read() as conn:
        rows = conn.execute(select(t.contact).order_by(t.contact.c.id)).mappings()
        return {row["external_id"] or row["email"]: dict(row) for row in rows}


def events(store: Store) -> list[tuple[str, dict[str, Any], bool]]:
    with store.read() as conn:
        return [(row.kind, row.data, row.quiet) for row in conn.execute(select(t.event).order_by(t.event.c.id))]


def refusals(report: Report) -> list[tuple[int, str, str]]:
    return [tuple(one) for one in report.refused]


POLISH = (
    "Nr klienta;Imię;Nazwisko;Adres e-mail;Telefon;Język\n"
    "17;Żaneta;Łącka;Zaneta@Example.COM;601 234 567;PL\n"
    "18;Jan;Nowak;;;\n"
)


def test_polish_headers_are_recognised_and_values_normalised(load: Load, store: Store) -> None:
    report = load(POLISH)
    assert (report.rows_read, report.added, report.refused_count) == (2, 2, 0)
    found = people(store)["17"]
    assert (found["first_name"], found["last_name"]) == ("Żaneta", "Łącka")
    assert (found["email"], found["email_key"]) == ("Zaneta@example.com", "zaneta@example.com")
    assert (found["phone"], found["language"], found["import_batch"]) == ("+48601234567", "pl", report.batch)
    assert events(store) == [("contact.created", {}, True)] * 2


def test_the_same_file_twice_changes_nothing(load: Load, store: Store) -> None:
    load(POLISH)
    before = people(store)
    report = load(POLISH)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 2)
    assert people(store) == before
    assert len(events(store)) == 2


def test_contacts_are_found_by_external_id_then_by_address(load: Load, store: Store) -> None:
    load("external_id,email,first_name\n1,anna@x.pl,Anna\n,jan@x.pl,Jan\n")
    report = load("external_id,email,first_name\n1,anna@y.pl,Anna\n2,JAN@X.PL,Johnny\n")
    assert (report.added, report.changed) == (0, 2)
    found = people(store)
    assert found["1"]["email"] == "anna@y.pl"
    assert (found["2"]["first_name"], found["2"]["email"]) == ("Johnny", "jan@x.pl")


def test_an_empty_cell_leaves_the_field_and_on_request_clears_it(load: Load, store: Store) -> None:
    load("external_id,first_name,last_name\n1,Anna,Nowak\n")
    assert load("external_id,first_name,last_name\n1,,Kowalska\n").changed == 1
    assert people(store)["1"]["first_name"] == "Anna"
    assert load("external_id,first_name,last_name\n1,,Kowalska\n", clear_empty=True).changed == 1
    assert (people(store)["1"]["first_name"], people(store)["1"]["last_name"]) == (None, "Kowalska")


def test_each_changed_field_leaves_an_event(load: Load, store: Store) -> None:
    load("external_id,first_name,last_name\n1,Anna,Nowak\n")
    load("external_id,first_name,last_name\n1,Anna,Kowalska\n", quiet=False)
    assert events(store)[1:] == [
        ("contact.changed", {"field": "last_name", "old": "Nowak", "new": "Kowalska"}, False),
    ]


def test_bad_rows_are_told_and_the_good_ones_go_in(load: Load, store: Store) -> None:
    report = load(
        "external_id,email,phone,time_zone\n"
        "1,anna@x.pl,+48 601 234 567,Europe/Warsaw\n"
        "2,no address,,\n"
        "3,,12,\n"
        ",,,\n"
        ",,601234567,\n"
        "4,,,Europe/Warszawa\n"
        "5,,,\n"
    )
    assert (report.rows_read, report.added, report.refused_count) == (6, 2, 4)
    assert [(row, column) for row, column, _ in refusals(report)] == [
        (3, "email"),
        (4, "phone"),
        (6, "external_id"),
        (7, "time_zone"),
    ]
    reasons = [reason for _, _, reason in refusals(report)]
    assert reasons[0].startswith("“no address” is not an e-mail address")
    assert reasons[2] == "The row names no contact: customer number and e-mail address are empty."
    assert reasons[3].startswith("There is no time zone “Europe/Warszawa”. The nearest is “Europe/Warsaw”.")
    assert set(people(store)) == {"1", "5"}


def test_the_same_person_twice_in_a_file_is_one_contact_and_the_later_row_counts(load: Load, store: Store) -> None:
    report = load(
        "external_id,email,first_name\n1,a@x.pl,Anna\n1,a@x.pl,Anne\n,A@X.PL,Anne\n2,b@x.pl,B\n1,a@x.pl,Ann\n"
    )
    assert (report.added, report.changed, report.unchanged, report.refused_count) == (2, 2, 1, 0)
    assert people(store)["1"]["first_name"] == "Ann"


def test_an_address_of_another_contact_is_refused(load: Load, store: Store) -> None:
    load("external_id,email\n1,a@x.pl\n2,b@x.pl\n")
    report = load("external_id,email\n1,b@x.pl\n3,a@x.pl\n")
    assert refusals(report) == [
        (2, "email", "The address b@x.pl belongs to another contact."),
        (3, "email", "The address a@x.pl belongs to the contact with the external id 1."),
    ]
    assert people(store)["1"]["email"] == "a@x.pl"


def test_an_address_may_move_to_another_contact_within_a_file(load: Load, store: Store) -> None:
    load("external_id,email\n1,a@x.pl\n2,b@x.pl\n")
    report = load("external_id,email\n1,new@x.pl\n2,a@x.pl\n")
    assert (report.changed, report.refused_count) == (2, 0)
    assert people(store)["2"]["email"] == "a@x.pl"


def test_somebody_who_was_erased_does_not_come_back(load: Load, store: Store) -> None:
    load("external_id,email\n1,a@x.pl\n2,b@x.pl\n")
    with store.write() as conn:
        erase(conn, [ids_by_external_id(conn, ["1"])["1"]], now=NOW)
    report = load("external_id,email\n1,A@x.pl\n2,a@x.pl\n3,c@x.pl\n")
    assert [(row, column) for row, column, _ in refusals(report)] == [(2, "email"), (3, "email")]
    assert "erased" in refusals(report)[0][2]
    assert (report.added, people(store)["2"]["email"]) == (1, "b@x.pl")


def test_addresses_are_made_by_a_template(load: Load, store: Store) -> None:
    report = load("customer\n7\n8\n", address_template="{customer}@cdnow.test")
    assert report.added == 2
    assert people(store)["7"]["email"] == "7@cdnow.test"
    with pytest.raises(BadTemplate, match=r"“all@cdnow\.test” makes no addresses"):
        load("customer\n7\n", address_template="all@cdnow.test")


def test_attributes_are_filled_by_key_or_label_in_their_type(load: Load, store: Store) -> None:
    with store.write() as conn:
        define_attribute(conn, "city", "choice", label="Miasto", choices=["Łódź", "Kraków"])
        define_attribute(conn, "points", "number")
        define_attribute(conn, "birth_date", "date")
        define_attribute(conn, "vip", "boolean")
        define_attribute(conn, "likes", "list")
        define_attribute(conn, "seen", "datetime")
    text = "external_id;MIASTO;points;birth_date;vip;likes;seen\n1;łódź;12,5;29.02.1992;tak;jazz, folk;2026-11-22 10:00\n2;Paris;;;;;\n"
    report = load(text)
    assert people(store)["1"]["attributes"] == {
        "city": "Łódź",
        "points": 12.5,
        "birth_date": "1992-02-29",
        "vip": True,
        "likes": ["jazz", "folk"],
        "seen": 1795338000,
    }
    assert refusals(report)[0][:2] == (3, "MIASTO")
    assert load(text).unchanged == 1


def test_unknown_columns_are_told(load: Load) -> None:
    assert load("external_id,Shoe size,,email\n1,41,x,\n").unused_columns == ("Shoe size", "#3")


def test_unknown_columns_become_attributes_of_the_type_they_look_like(load: Load, store: Store) -> None:
    report = load(
        "external_id;Rozmiar buta;Kod;Od kiedy;Ostatnio;Zgoda na RODO;Miasto;Puste;tags 2\n"
        "1;41,5;007;01.02.2020;2026-11-22 10:00;tak;Łódź;;x\n"
        "2;38;008;2021-03-04;2026-11-22 11:00;nie;7;;y\n",
        create_attributes=True,
    )
    assert report.unused_columns == ("Puste",)
    with store.read() as conn:
        types = {key: (entry.type, entry.label) for key, entry in attributes(conn).items()}
    assert types == {
        "rozmiar_buta": ("number", "Rozmiar buta"),
        "kod": ("text", "Kod"),
        "od_kiedy": ("date", "Od kiedy"),
        "ostatnio": ("datetime", "Ostatnio"),
        "zgoda_na_rodo": ("boolean", "Zgoda na RODO"),
        "miasto": ("text", "Miasto"),
        "tags_2": ("text", "tags 2"),
    }
    assert people(store)["1"]["attributes"]["rozmiar_buta"] == 41.5


def test_tags_are_added_and_unknown_ones_refused_or_defined(load: Load, store: Store) -> None:
    with store.write() as conn:
        define_tag(conn, "vip", label="Very Important")
    assert load("external_id,tags\n1,very important\n2,\n3,gold\n").added == 2
    report = load("external_id,tags\n1,vip; gold\n3,gold\n", create_names=True)
    assert (report.added, report.changed) == (1, 1)
    with store.read() as conn:
        assert [
            tuple(row)
            for row in conn.execute(
                select(t.contact_tag.c.contact, t.contact_tag.c.tag).order_by(*t.contact_tag.primary_key)
            )
        ] == [
            (1, "gold"),
            (1, "vip"),
            (3, "gold"),
        ]
    assert load("external_id,tags\n1,vip; gold\n3,gold\n").unchanged == 2


def test_the_mapping_can_be_given(load: Load, store: Store) -> None:
    report = load("A,B,C\n1,Anna,x@x.pl\n", mapping={"external_id": "#1", "first_name": "B", "email": ""})
    assert report.mapping == {"external_id": "A", "first_name": "B"}
    assert report.unused_columns == ("C",)
    with pytest.raises(
        UnknownField, match=r"There is no field “fist_name” in contacts\. The nearest is “first_name”\."
    ):
        load("A\n1\n", mapping={"fist_name": "A"})
    with pytest.raises(UnknownColumn, match="The file has no column “D” for email"):
        load("A\n1\n", mapping={"email": "D"})


def test_a_file_without_a_header_is_mapped_by_number(load: Load, store: Store) -> None:
    assert load("1,Anna\n2,Jan\n", header=False, mapping={"external_id": "#1", "first_name": "#2"}).added == 2


def test_a_file_of_something_else_is_refused_as_a_whole(load: Load, store: Store) -> None:
    recognised = r"external_id \(the number of the contact\) / email \(the address of the contact\)"
    with pytest.raises(MissingColumns, match=f"does not look like contacts: no column was recognised as {recognised}"):
        load("order,total\n1,2\n")
    assert people(store) == {}
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(t.import_batch)).scalar_one() == 0


def test_an_unknown_kind_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnknownKind, match=r"“contact” cannot be imported\. The nearest is “contacts”\."):
        import_file(store, "contact", tmp_path / "x.csv", clock=SetClock(NOW))


def test_a_trial_tells_what_would_be_and_keeps_nothing(load: Load, store: Store) -> None:
    load("external_id,first_name\n1,Anna\n")
    text = "external_id,first_name,x\n1,Ann,5\n2,Jan,6\n2,Jan,6\nx,x,x\n"
    tried = load(text, dry_run=True, lot=1, create_attributes=True)
    assert tried.batch is None
    assert (people(store).keys(), len(events(store))) == ({"1"}, 1)
    done = load(text, create_attributes=True)
    assert (tried.added, tried.changed, tried.unchanged) == (done.added, done.changed, done.unchanged) == (2, 1, 1)
    assert tried.refused == done.refused


def test_an_import_can_be_stopped_and_run_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("external_id\n" + "".join(f"{n}\n" for n in range(30)))
    heard: list[Progress] = []
    stopped = import_file(
        store,
        "contacts",
        path,
        options=Options(lot=10),
        clock=SetClock(NOW),
        progress=heard.append,
        cancelled=lambda: len(heard) == 2,
    )
    assert (stopped.cancelled, stopped.added, len(people(store))) == (True, 20, 20)
    assert heard[-1].rows_read == 20
    again = import_file(store, "contacts", path, clock=SetClock(NOW))
    assert (again.added, again.unchanged, again.cancelled) == (10, 20, False)


def test_refused_rows_are_written_to_a_file(load: Load, tmp_path: Path) -> None:
    report = load(
        "external_id,email\n" + "".join(f"{n},=bad{n}\n" for n in range(1200)), refused_file=tmp_path / "refused.csv"
    )
    assert (report.refused_count, len(report.refused)) == (1200, 1000)
    lines = (tmp_path / "refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "row,column,reason"
    assert len(lines) == 1201
    assert lines[1].startswith("2,email,")


def test_a_broken_lot_leaves_what_came_before_and_can_be_run_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("external_id\n" + "".join(f"{n}\n" for n in range(30)))
    calls = []

    class Crash(Exception):
        pass

    def crash(progress: Progress) -> None:
        calls.append(progress)
        if len(calls) == 2:
            raise Crash

    with pytest.raises(Crash):
        import_file(store, "contacts", path, options=Options(lot=10), clock=SetClock(NOW), progress=crash)
    assert len(people(store)) == 20
    assert import_file(store, "contacts", path, clock=SetClock(NOW)).added == 10


def test_a_preview_shows_what_was_recognised(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(POLISH.encode("cp1250"))
    seen = preview(path, "contacts")
    assert (seen.shape.encoding, seen.shape.delimiter) == ("cp1250", ";")
    assert seen.mapping == {
        "external_id": "Nr klienta",
        "first_name": "Imię",
        "last_name": "Nazwisko",
        "email": "Adres e-mail",
        "phone": "Telefon",
        "language": "Język",
    }
    assert (seen.missing, seen.unused_columns) == ((), ())
    assert [row.number for row in seen.rows] == [2, 3]
    assert preview(path, "purchases").missing == (("at",), ("total", "amount", "price"))


def test_a_contact_added_meanwhile_by_another_is_found_by_the_next_try(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from journeys.store.importing import contacts as module

    path = tmp_path / "people.csv"
    path.write_text("external_id,first_name\n1,Anna\n")
    tries = []

    def late(conn: Any, rows: Any, **options: Any) -> list[int]:
        tries.append(rows)
        if len(tries) == 1:
            # as if the other one had committed between our look and our insert
            add(conn, [{"external_id": "1"}], now=NOW, source="test")
        return add(conn, rows, **options)

    monkeypatch.setattr(module, "add", late)
    report = import_file(store, "contacts", path, clock=SetClock(NOW))
    assert (len(tries), report.added) == (2, 1)


@pytest.mark.parametrize("text", ["external_id,email\n1,\x00@x.pl\n", "external_id\n" + "9" * 600 + "\n"])
def test_nonsense_in_a_cell_costs_the_row(load: Load, store: Store, text: str) -> None:
    report = load(text)
    assert (report.refused_count, people(store)) == (1, {})


def test_errors_are_of_our_family(load: Load) -> None:
    with pytest.raises(KanwaError):
        load("")


TWICE = (
    "external_id,email,first_name,tags\n"
    "1,a@x.pl,Anna,\n"
    "2,b@x.pl,Bo,vip\n"
    ",a@x.pl,Anne,vip\n"
    "1,A@x.pl,Ann,\n"
    "2,new@x.pl,,\n"
    ",c@x.pl,Celina,\n"
    "3,c@x.pl,Cela,\n"
)


@pytest.mark.parametrize("lot", [1, 2_000])
def test_rows_that_disagree_change_nothing_when_they_come_a_second_time(load: Load, store: Store, lot: int) -> None:
    first = load(TWICE, create_names=True, lot=lot)
    assert (first.added, first.changed, first.unchanged, first.refused_count) == (3, 4, 0, 0)
    held, told = people(store), events(store)
    assert [(who, row["email"], row["first_name"]) for who, row in held.items()] == [
        ("1", "a@x.pl", "Ann"),
        ("2", "new@x.pl", "Bo"),
        ("3", "c@x.pl", "Cela"),
    ]
    again = load(TWICE, create_names=True, lot=lot)
    assert (again.added, again.changed, again.unchanged, again.refused_count) == (0, 0, 7, 0)
    assert (people(store), events(store)) == (held, told)


def test_rows_about_one_contact_go_in_together_or_not_at_all(load: Load, store: Store) -> None:
    load("external_id,email\n1,a@x.pl\n2,b@x.pl\n")
    report = load("external_id,email,first_name\n1,a@x.pl,Anna\n1,b@x.pl,Anne\n2,b@x.pl,Bo\n")
    assert refusals(report) == [
        (2, "email", "The address b@x.pl belongs to another contact."),
        (3, "email", "The address b@x.pl belongs to another contact."),
    ]
    assert (report.changed, people(store)["1"]["first_name"], people(store)["2"]["first_name"]) == (1, None, "Bo")


def test_a_file_of_one_address_costs_no_more_than_another(load: Load, store: Store) -> None:
    report = load("email,first_name\n" + "".join(f"info@x.pl,N{n}\n" for n in range(5_000)))
    assert (report.added, report.changed + report.unchanged, report.refused_count) == (1, 4_999, 0)
    assert people(store)["info@x.pl"]["first_name"] == "N4999"
    # a lot of rows about one contact is one change
    assert len(events(store)) <= 4
