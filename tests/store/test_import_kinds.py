"""Events, purchases, products, offers, contracts and consents from files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from journeys.base.clock import SetClock
from journeys.base.time import Instant, day_start
from journeys.store import tables as t
from journeys.store.contacts import add
from journeys.store.definitions import define_product, define_purpose
from journeys.store.importing import Options, Report, import_file
from journeys.store.importing.errors import MissingColumns, UnknownField
from journeys.store.importing.kind import Kind
from journeys.store.importing.mapping import say_missing
from journeys.store.importing.run import KINDS, preview
from journeys.store.store import Store

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = day_start(date(2026, 11, 22), WARSAW)
Load = Callable[..., Report]


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Load:
    with store.write() as conn:
        rows = [{"external_id": "1", "email": "anna@x.pl"}, {"external_id": "2"}, {"email": "jan@x.pl"}]
        add(conn, rows, now=NOW, source="test")
        define_product(conn, "cd", name="Compact disc")
        define_purpose(conn, "newsletter")
        conn.execute(t.fresh.delete())
        conn.execute(t.event.delete())

    def run(kind: str, text: str, **options: Any) -> Report:
        path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return import_file(store, kind, path, options=Options(**options), clock=SetClock(NOW))

    return run


def rows(store: Store, table: Any, *columns: str) -> list[Any]:
    with store.read() as conn:
        wanted = select(*(table.c[name] for name in columns)).order_by(*table.primary_key)
        found = [tuple(row) for row in conn.execute(wanted)]
    return [row[0] for row in found] if len(columns) == 1 else found


def reasons(report: Report) -> list[tuple[int, str, str]]:
    return [tuple(one) for one in report.refused]


def at(day: str) -> Instant:
    return day_start(date.fromisoformat(day), WARSAW)


# --- purchases -------------------------------------------------------------------------------------------------------


def test_a_row_is_an_order_with_one_line_and_one_event(load: Load, store: Store) -> None:
    report = load("purchases", "customer,date,amount,currency,product,qty\n1,2026-11-01,25.00,PLN,cd,2\n")
    assert (report.added, report.refused_count) == (1, 0)
    assert rows(store, t.purchase, "contact", "at", "total", "currency") == [(1, at("2026-11-01"), 2500, "PLN")]
    assert rows(store, t.purchase_line, "purchase", "n", "product", "quantity", "amount") == [(1, 1, "cd", 2, 2500)]
    assert rows(store, t.event, "kind", "at", "subject_kind", "subject_id", "quiet", "data") == [
        ("purchase.made", at("2026-11-01"), "purchase", 1, True, {"order_id": None, "total": 2500, "currency": "PLN"})
    ]
    assert rows(store, t.fresh, "at") == [at("2026-11-01")]


def test_a_purchase_of_the_future_takes_effect_on_its_day(load: Load, store: Store) -> None:
    load("purchases", "customer,date,amount\n1,2027-01-01,25\n", defaults={"currency": "PLN"})
    assert rows(store, t.fresh, "at") == [at("2027-01-01")]


def test_rows_of_one_order_are_its_lines_wherever_they_stand(load: Load, store: Store) -> None:
    text = (
        "order,customer,date,price,qty,sku\n"
        "A,1,2026-11-01,10.00,2,cd\n"
        "B,2,2026-11-02,5.00,1,\n"
        "A,1,2026-11-01,3.50,1,\n"
        ",2,2026-11-03,1.00,1,\n"
        ",2,2026-11-03,1.00,1,\n"
    )
    report = load("purchases", text, defaults={"currency": "EUR"}, lot=2)
    assert (report.rows_read, report.added) == (5, 4)
    assert rows(store, t.purchase, "order_id", "total") == [("A", 2350), ("B", 500), (None, 100), (None, 100)]
    assert rows(store, t.purchase_line, "purchase", "n", "amount")[:3] == [(1, 1, 2000), (1, 2, 350), (2, 1, 500)]
    assert rows(store, t.event, "kind") == ["purchase.made"] * 4
    again = load("purchases", text, defaults={"currency": "EUR"}, lot=3)
    assert (again.added, again.unchanged) == (0, 4)


def test_an_order_goes_in_whole_or_not_at_all(load: Load, store: Store) -> None:
    report = load(
        "purchases",
        "order,customer,date,amount,currency\n"
        "A,1,2026-11-01,10.00,PLN\n"
        "A,1,2026-11-01,lots,PLN\n"
        "B,1,2026-11-01,1,PLN\n"
        "B,2,2026-11-01,2,PLN\n"
        "C,1,2026-11-01,3,PLN\n"
        "D,9,2026-11-01,3,PLN\n",
    )
    assert reasons(report) == [
        (2, "order", "Another row of order A is refused, so the whole order is."),
        (3, "amount", "“lots” is not an amount of money."),
        (4, "order", "The rows of order B do not agree on the customer."),
        (5, "order", "The rows of order B do not agree on the customer."),
        (7, "customer", "There is no contact “9”. Import the contacts first, or let the import create them."),
    ]
    assert rows(store, t.purchase, "order_id") == ["C"]


def test_a_known_order_with_other_content_is_refused(load: Load, store: Store) -> None:
    load("purchases", "order,customer,date,amount,currency\nA,1,2026-11-01,10.00,PLN\n")
    report = load("purchases", "order,customer,date,amount,currency\nA,1,2026-11-01,12.00,PLN\n")
    assert reasons(report) == [(2, "order", "Order A is already in the store with other content. It is left as it is.")]
    assert rows(store, t.purchase, "total") == [1000]


def test_the_total_of_an_order_may_differ_from_its_lines(load: Load, store: Store) -> None:
    load("purchases", "order,customer,date,total,amount,currency\nA,1,2026-11-01,19,10,PLN\nA,1,2026-11-01,19,8,PLN\n")
    assert rows(store, t.purchase, "total") == [1900]
    assert rows(store, t.purchase_line, "amount") == [1000, 800]


def test_an_order_of_several_rows_needs_their_amounts(load: Load) -> None:
    report = load("purchases", "order,customer,date,total,currency\nA,1,2026-11-01,19,PLN\nA,1,2026-11-01,19,PLN\n")
    assert reasons(report)[0][2] == "Order A has 2 rows and only a total. Add a column with the amount of each row."


def test_a_column_that_is_no_order_number_is_found_out(load: Load) -> None:
    report = load("purchases", "order,customer,date,amount,currency\n" + "same,1,2026-11-01,1,PLN\n" * 2001)
    assert (report.added, report.refused_count) == (0, 2001)
    assert reasons(report)[0][2].endswith("The column looks like no order number.")


def test_rows_that_repeat_another_are_purchases_of_their_own(load: Load, store: Store) -> None:
    text = "customer,date,amount,currency\n" + "1,2026-11-01,5,PLN\n" * 3
    assert load("purchases", text, lot=2).added == 3
    again = load("purchases", text + "1,2026-11-01,5,PLN\n", lot=1)
    assert (again.added, again.unchanged) == (1, 3)
    assert rows(store, t.purchase, "total") == [500] * 4


def test_the_currency_comes_from_the_cell_the_column_or_the_defaults(load: Load, store: Store) -> None:
    report = load(
        "purchases",
        "customer;date;amount;waluta\n1;1.11.2026;5,00;EUR\n1;2.11.2026;5 zł;\n1;3.11.2026;5;\n1;4.11.2026;5 zł;EUR\n",
        defaults={"currency": "USD"},
    )
    assert rows(store, t.purchase, "currency") == ["EUR", "PLN", "USD"]
    assert reasons(report)[0][2] == "The amount is in PLN, and the row says EUR."


def test_without_a_currency_the_row_is_refused(load: Load) -> None:
    report = load("purchases", "customer,date,amount\n1,2026-11-01,5\n")
    assert reasons(report)[0][2] == "The currency is not known. Import with a currency, or add a column with it."


def test_contacts_are_created_on_request_once_each(load: Load, store: Store) -> None:
    report = load(
        "purchases",
        "customer,email,date,amount\n7,,2026-11-01,5\n7,,2026-11-02,5\n,new@x.pl,2026-11-03,5\n,NEW@x.pl,2026-11-03,6\n"
        "8,anna@x.pl,2026-11-03,6\n9,a b@x,2026-11-03,6\n",
        create_contacts=True,
        address_template="{customer}@shop.test",
        defaults={"currency": "PLN"},
        lot=1,
    )
    assert (report.added, report.contacts_added) == (5, 2)
    assert rows(store, t.contact, "external_id", "email")[3:] == [("7", "7@shop.test"), (None, "new@x.pl")]
    assert rows(store, t.purchase, "contact") == [4, 4, 5, 5, 1]
    assert [row for row, _, _ in reasons(report)] == [7]


def test_products_are_found_by_key_or_name_and_created_on_request(load: Load, store: Store) -> None:
    text = "customer,date,amount,product\n1,2026-11-01,5,cd\n1,2026-11-02,5,Compact disc\n1,2026-11-03,5,lp\n"
    report = load("purchases", text, defaults={"currency": "PLN"})
    assert reasons(report)[0][2].startswith("There is no product “lp”")
    assert load("purchases", text, defaults={"currency": "PLN"}, create_products=True).added == 1
    assert rows(store, t.purchase_line, "product") == ["cd", "cd", "lp"]


def test_defaults_stand_in_for_missing_columns(load: Load, store: Store) -> None:
    load("purchases", "customer,date,amount\n1,2026-11-01,5\n", defaults={"currency": "pln", "product": "cd"})
    assert rows(store, t.purchase_line, "product") == ["cd"]
    with pytest.raises(UnknownField, match=r"There is no field “curency” in purchases\. The nearest is “currency”\."):
        load("purchases", "customer,date,amount\n1,2026-11-01,5\n", defaults={"curency": "pln"})


def test_contacts_instead_of_purchases_are_refused_as_a_whole(load: Load) -> None:
    with pytest.raises(MissingColumns) as refused:
        load("purchases", "email,first name\nanna@x.pl,Anna\n")
    assert str(refused.value).endswith(
        "does not look like purchases: no column was recognised as at (when it was), total (the amount of the whole "
        "order) / amount (the amount of the line) / price (the price of one). Its columns are email, first name. Name the "
        "columns to use, for example --map at=first name, or give all rows one value with --set."
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_a_file_must_have_is_told_in_words(kind: type[Kind]) -> None:
    for group in kind.needs:
        assert say_missing([group]).count("(") == len(group)


def test_the_day_of_a_consent_is_known_as_given_at(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "consents.csv"
    file.write_text("email,channel,purpose,given_at\nanna@x.pl,email,newsletter,2026-11-01\n")
    found = preview(file, "consents")
    assert (found.mapping["at"], found.missing) == ("given_at", (("given",),))


# --- products and offers ---------------------------------------------------------------------------------------------


def test_products_are_added_and_changed(load: Load, store: Store) -> None:
    text = "Kod;Nazwa;Kategoria;Cena;Waluta\nlp;Płyta;muzyka;99,90;PLN\ncd;;muzyka;;\n"
    report = load("products", text)
    assert (report.added, report.changed) == (1, 1)
    assert rows(store, t.product, "key", "name", "category", "price", "currency") == [
        ("cd", "Compact disc", "muzyka", None, None),
        ("lp", "Płyta", "muzyka", 9990, "PLN"),
    ]
    assert load("products", text).unchanged == 2
    report = load(
        "products", "key,price,currency,data.colour,data.size\nlp,-1,PLN,,\nmc,5 PLN,,red,3\nmc,6 PLN,,red,3\n"
    )
    assert reasons(report) == [(2, "price", "The price is -1. A price is not below 0.")]
    assert (report.added, report.changed) == (1, 1)
    assert rows(store, t.product, "key", "price", "data")[-1] == ("mc", 600, {"colour": "red", "size": 3})


def test_offers_name_their_product(load: Load, store: Store) -> None:
    report = load("offers", "key,name,product,duration,price\nm,Month,cd,30,10 PLN\nx,X,none,30,1 PLN\n")
    assert reasons(report)[0][:2] == (3, "product")
    assert rows(store, t.offer, "key", "product", "duration_days", "price") == [("m", "cd", 30, 1000)]


# --- contracts -------------------------------------------------------------------------------------------------------

CONTRACTS = (
    "contract,customer,product,start,end,duration,recurring_now,recurring_initially\n"
    "c1,1,cd,2026-11-01,2026-11-30,,0,1\n"
    "c2,1,cd,2026-11-01,,365,1,1\n"
    "c3,2,cd,2026-11-01,2026-11-30,31,no,no\n"
)


def test_a1_contracts_are_imported_and_a_contact_may_own_several(load: Load, store: Store) -> None:
    report = load("contracts", CONTRACTS)
    assert report.added == 3
    found = rows(
        store, t.contract, "contact", "end_on", "duration_days", "recurring_now", "recurring_initially", "identity"
    )
    assert found == [
        (1, "2026-11-30", 30, False, True, "id:c1"),
        (1, "2027-10-31", 365, True, True, "id:c2"),
        # what was agreed, not what the days count to
        (2, "2026-11-30", 31, False, False, "id:c3"),
    ]
    assert rows(store, t.event, "kind", "subject_kind", "subject_id") == [
        ("contract.added", "contract", n) for n in (1, 2, 3)
    ]
    assert load("contracts", CONTRACTS).unchanged == 3


def test_a_contract_with_the_same_id_is_changed_and_tells_what(load: Load, store: Store) -> None:
    load("contracts", CONTRACTS)
    report = load("contracts", "contract,customer,product,start,end,recurring_now\nc2,1,cd,2026-11-01,2027-10-31,no\n")
    assert (report.added, report.changed) == (0, 1)
    assert rows(store, t.event, "kind", "data")[3:] == [
        ("contract.changed", {"product": "cd", "field": "recurring_now", "old": True, "new": False})
    ]
    assert rows(store, t.contract, "recurring_now", "recurring_initially")[1] == (False, True)


def test_a_longer_contract_counts_its_days_anew(load: Load, store: Store) -> None:
    load("contracts", CONTRACTS)
    load("contracts", "contract,customer,product,start,end\nc1,1,cd,2026-11-01,2026-12-30\n")
    assert rows(store, t.contract, "end_on", "duration_days")[0] == ("2026-12-30", 60)


def test_contracts_that_cannot_be_are_refused(load: Load, store: Store) -> None:
    load("contracts", CONTRACTS)
    report = load(
        "contracts",
        "contract,customer,product,start,end,duration\n"
        "c1,2,cd,2026-11-01,2026-11-30,\n"
        "c9,1,cd,2026-11-01,2026-10-31,\n"
        "c9,1,cd,2026-11-01,,\n"
        "c9,1,tv,2026-11-01,2026-11-30,\n"
        "c9,1,cd,2026-11-01,2026-11-30,0\n",
    )
    assert [reason for _, _, reason in reasons(report)] == [
        "Contract c1 belongs to another contact. It is left as it is.",
        "The contract ends on 2026-10-31, before it starts on 2026-11-01.",
        "The contract has neither an end nor a duration.",
        "There is no product “tv”. Import the products first, or let the import create them.",
        "“0” is not a whole number from 1 to 1000000.",
    ]
    assert len(rows(store, t.contract, "id")) == 3


def test_contracts_without_an_id_are_known_by_their_content(load: Load, store: Store) -> None:
    text = "customer,product,start,end\n1,cd,2026-11-01,2026-11-30\n1,cd,2026-11-01,2026-11-30\n"
    assert load("contracts", text).added == 2
    assert load("contracts", text).unchanged == 2


@pytest.mark.parametrize("lot", [1, 2_000])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("products", "key,name,price,currency\nlp,Black,1,PLN\nmc,Tape,3,PLN\nlp,White,2,PLN\nlp,White,2,PLN\n"),
        ("offers", "key,name,price,currency\no1,Black,1,PLN\no2,Tape,3,PLN\no1,White,2,PLN\no1,White,2,PLN\n"),
        (
            "contracts",
            "contract,customer,product,start,end\nc1,1,cd,2026-11-01,2026-11-30\nc2,2,cd,2026-11-01,2026-11-30\n"
            "c1,1,cd,2026-11-01,2026-12-31\nc1,1,cd,2026-11-01,2026-12-31\n",
        ),
    ],
)
def test_rows_that_disagree_change_nothing_when_they_come_a_second_time(
    load: Load, store: Store, kind: str, text: str, lot: int
) -> None:
    first = load(kind, text, lot=lot)
    assert (first.added, first.changed, first.unchanged) == (2, 1, 1)
    tables = (t.product, t.offer, t.contract, t.event, t.import_change)
    held = [rows(store, table, *table.c.keys()) for table in tables]
    again = load(kind, text, lot=lot)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 4)
    assert [rows(store, table, *table.c.keys()) for table in tables] == held


# --- events ----------------------------------------------------------------------------------------------------------


def test_events_carry_their_data(load: Load, store: Store) -> None:
    text = (
        "id;email;zdarzenie;data i godzina;data.url;data\n"
        "e1;anna@x.pl;page.visited;2026-11-20 10:00;/garden/;\n"
        ';jan@x.pl;nps.answered;2026-11-20;;"{""score"": 9}"\n'
    )
    assert load("events", text, quiet=False).added == 2
    assert rows(store, t.event, "contact", "kind", "data", "quiet", "source") == [
        (1, "page.visited", {"url": "/garden/"}, False, "import"),
        (3, "nps.answered", {"score": 9}, False, "import"),
    ]
    assert load("events", text).unchanged == 2


def test_events_that_cannot_be_are_refused(load: Load, store: Store) -> None:
    report = load(
        "events",
        "id,customer,kind,at,data.score\n"
        "1,1,visited,2026-11-20,\n"
        "2,1,purchase.made,2026-11-20,\n"
        "3,1,nps.answered,2026-11-20,11\n"
        "4,1,nps.answered,2026-11-20,7.5\n"
        "5,1,page.visited,,\n"
        "6,1,page.visited,2026-11-20,1\n"
        "6,1,page.visited,2026-11-20,2\n",
    )
    assert [(row, column) for row, column, _ in reasons(report)] == [
        (2, "kind"),
        (3, "kind"),
        (4, ""),
        (5, ""),
        (6, "at"),
        (8, "id"),
    ]
    texts = [reason for _, _, reason in reasons(report)]
    assert texts[1] == "Events “purchase.made” are made by the store itself and cannot be imported; import purchases."
    assert texts[2] == "An NPS score is a whole number from 0 to 10; 11 is none."
    assert texts[5] == "Event 6 is already in the store with other content. It is left as it is."
    assert rows(store, t.event, "data") == [{"score": 1}]


# --- consents --------------------------------------------------------------------------------------------------------


def test_consents_are_logged_and_hold(load: Load, store: Store) -> None:
    text = "customer,channel,purpose,given,at\n1,email,newsletter,yes,2026-01-01\n2,email,newsletter,no,2026-01-02\n"
    assert load("consents", text).added == 2
    assert rows(store, t.consent_now, "contact", "given", "at") == [
        (1, True, at("2026-01-01")),
        (2, False, at("2026-01-02")),
    ]
    assert rows(store, t.consent, "reason", "source") == [("", "import"), ("imported", "import")]
    assert load("consents", text).unchanged == 2


def test_a_grant_older_than_the_withdrawal_is_a_refused_row(load: Load, store: Store) -> None:
    load("consents", "customer,channel,purpose,given,at\n1,email,newsletter,no,2026-02-01\n")
    report = load("consents", "customer,channel,purpose,given,at\n1,email,newsletter,yes,2026-01-01\n")
    assert reasons(report) == [
        (2, "given", "Contact 1 withdrew the consent for email, newsletter after this one was given.")
    ]
    assert rows(store, t.consent_now, "given") == [False]


def test_no_imported_grant_overcomes_a_complaint_or_a_bounce_or_is_of_the_future(load: Load, store: Store) -> None:
    report = load(
        "consents",
        "customer,channel,purpose,given,at,reason\n"
        "1,email,newsletter,no,2026-01-01,Complaint\n"
        "1,email,newsletter,yes,2026-02-01,\n"
        "2,email,newsletter,yes,2036-02-01,\n",
    )
    assert reasons(report) == [
        (3, "given", "Contact 1 cannot be given a consent for email: complaint, bounce or erased address."),
        (
            4,
            "given",
            "The consent of contact 2 for email, newsletter is dated in the future. Correct the day on which it was given.",
        ),
    ]
    assert rows(store, t.consent_now, "contact", "given") == [(1, False)]


def test_consents_take_what_is_missing_from_the_defaults(load: Load, store: Store) -> None:
    report = load(
        "consents",
        "customer\n1\n2\n2\n",
        defaults={"channel": "email", "purpose": "newsletter", "given": "yes", "at": "1997-01-01"},
    )
    assert (report.added, report.unchanged) == (2, 1)
    assert rows(store, t.consent_now, "at") == [at("1997-01-01")] * 2


def test_unknown_purposes_and_channels_are_refused_or_defined(load: Load, store: Store) -> None:
    text = "customer,channel,purpose,given,at\n1,email,news,yes,2026-01-01\n1,fax,newsletter,yes,2026-01-01\n"
    report = load("consents", text)
    assert [reason for _, _, reason in reasons(report)] == [
        "There is no purpose “news”.",
        "There is no channel “fax”. The channels are: email, sms, push, phone, post.",
    ]
    assert load("consents", text, create_names=True).added == 1
    assert rows(store, t.purpose, "key") == ["news", "newsletter"]
