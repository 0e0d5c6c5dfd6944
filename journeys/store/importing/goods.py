"""Products and offers, as kinds of file and as what rows of other kinds name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_
from journeys.store.definitions import MOST_LABEL
from journeys.store.events import checked_data
from journeys.store.fields import validate_text
from journeys.store.importing.errors import Missing, NegativeAmount, NoCurrency, OfferNotFound, ProductNotFound
from journeys.store.importing.kind import Kind, Parsed, Run, known
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.report import Tally
from journeys.store.importing.values import Money, Reading, read_currency, read_money, read_object, whole
from journeys.store.product_events import differences, record_product_events
from journeys.store.tables import offer, product


def read_key(text: str, _reading: Reading) -> str:
    """A key that an index holds. Raises TooLong."""
    key = validate_text(text, field="key", most=MOST_LABEL, one_line=True)
    assert key is not None
    return key


def read_name(text: str, _reading: Reading) -> str:
    """A name. Raises TooLong."""
    name = validate_text(text, field="name", most=MOST_LABEL, one_line=True)
    assert name is not None
    return name


_KEY_WORDS = "id, sku, code, symbol, kod, indeks, identyfikator, ean"
_NAME_WORDS = "title, label, nazwa, tytul"
_PRICE_WORDS = field_words("unit price, gross price, cena, cena brutto, cena jednostkowa")
_STOCK_WORDS = field_words("in stock, stock level, inventory, stan, stan magazynowy, ilosc w magazynie, dostepna ilosc")
#: pieces that a product may have in stock
MOST_STOCK = 10**12
_CURRENCY_WORDS = field_words("waluta, currency code, kod waluty")


def with_products(run: Run, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> dict[int, str | None]:
    """Row number → key of the product the row names, or None where it names none. Unknown products are refused.

    A product is found by its key, else by its name where only one has it.
    """
    wanted = {row.values["product"] for row in rows if "product" in row.values}
    keys = found_keys(conn, product, wanted)
    missing = sorted(wanted - set(keys))
    if missing and run.options.create_products:
        conn.execute(
            insert(product), [{"key": key, "name": key, "data": {}, "import_batch": run.batch} for key in missing]
        )
        keys |= {key: key for key in missing}
    goods: dict[int, str | None] = {}
    for row in rows:
        name = row.values.get("product")
        if name is None or name in keys:
            goods[row.number] = None if name is None else keys[name]
        else:
            tally.refused.append(run.refused(row.number, ProductNotFound(value=name), "product"))
    return goods


def found_keys(conn: Connection, table: Table, wanted: set[str]) -> dict[str, str]:
    """Key or name as written → key, for the products or offers that are there."""
    keys = {key: key for key in known(conn, table.c.key, wanted)}
    left = wanted - set(keys)
    if left:
        named: dict[str, list[str]] = {}
        for row in conn.execute(select(table.c.key, table.c.name).where(table.c.name.in_(sorted(left)))):
            named.setdefault(row.name, []).append(row.key)
        keys |= {name: found[0] for name, found in named.items() if len(found) == 1}
    return keys


class _Catalogue(Kind):
    """Rows with a key that are added, or changed where they are there."""

    takes_data = True
    table: ClassVar[Table]
    columns: ClassVar[tuple[str, ...]]
    needs = (("key",),)
    grouped_by = ("key",)

    def check(self, values: dict[str, Any]) -> None:
        if "key" not in values:
            raise Missing(column="key")
        data = values.pop("data", {}) | {
            name[5:]: values.pop(name) for name in [one for one in values if one.startswith("data.")]
        }
        if data:
            values["data"] = checked_data(self.name, data)
        money: Money | None = values.pop("price", None)
        if money is not None:
            currency = values.get("currency") or money.currency or self.run.currency
            if not currency:
                raise NoCurrency(column="currency")
            if money.amount < 0:
                raise NegativeAmount(column="price", value=str(money.amount))
            values["price"], values["currency"] = money.minor(currency), currency

    @abstractmethod
    def resolved(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> Sequence[Parsed]:
        """The rows whose references exist, by key."""

    def happened(
        self, conn: Connection, before: dict[str, dict[str, Any] | None], after: dict[str, dict[str, Any]]
    ) -> None:
        """Tell of what is new or changed, by key; None before: it was not there. Only products are told of."""

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        good = self.resolved(conn, rows, tally)
        there = known(conn, self.table.c.key, (row.values["key"] for row in good), *self.table.c)
        now = {key: {name: getattr(row, name) for name in self.columns} for key, row in there.items()}
        added: dict[str, dict[str, Any]] = {}
        before: dict[str, dict[str, Any]] = {}
        #: rows that differ from the one before them
        steps: dict[str, int] = {}
        for row in good:
            key = row.values["key"]
            held = now.get(key)
            given = {name: row.values[name] for name in self.columns if name in row.values}
            if held is None:
                fresh: dict[str, Any] = dict.fromkeys(self.columns) | {"name": key, "data": {}} | given
                now[key] = added[key] = fresh
                tally.added += 1
                continue
            differs = {name: value for name, value in given.items() if held[name] != value}
            if not differs:
                tally.unchanged += 1
                continue
            if key not in added:
                before.setdefault(key, {name: held[name] for name in self.columns})
            held |= differs
            steps[key] = steps.get(key, 0) + 1
        for key, count in steps.items():
            if before.get(key) == now[key]:
                # rows that disagree with each other, the last of them not with the store
                del before[key]
                tally.unchanged += count
            else:
                tally.changed += count
        if added:
            conn.execute(
                insert(self.table),
                [{"key": key, **values, "import_batch": self.run.batch} for key, values in added.items()],
            )
        after = {key: now[key] for key in before}
        write_rows(conn, self.table, self.columns, after)
        self.happened(conn, dict.fromkeys(added) | before, added | after)
        self.changed(
            conn,
            self.table.name,
            (
                (
                    key,
                    {name: value for name, value in old.items() if value != after[key][name]},
                    {name: value for name, value in after[key].items() if value != old[name]},
                )
                for key, old in before.items()
            ),
        )


def write_rows(conn: Connection, table: Table, columns: Sequence[str], rows: dict[str, dict[str, Any]]) -> None:
    """Write these columns of products or offers, by key."""
    if rows:
        conn.execute(
            update(table)
            .where(table.c.key == bindparam("of_key"))
            .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}),
            [
                {"of_key": key, **{f"new_{name}": values[name] for name in columns}}
                for key, values in sorted(rows.items())
            ],
        )


class Products(_Catalogue):
    """The catalogue's items."""

    name = "products"
    noun = N_("products")
    table = product
    columns = ("name", "category", "price", "currency", "stock", "data")
    fields = (
        Field(
            "key",
            field_words(
                f"product key, product id, item id, product code, id produktu, kod produktu, product, {_KEY_WORDS}"
            ),
            read_key,
        ),
        Field("name", field_words(f"product name, nazwa produktu, {_NAME_WORDS}, produkt"), read_name),
        Field("category", field_words("product category, group, kategoria, kategoria produktu, grupa, dzial"), read_name),
        Field("price", _PRICE_WORDS, read_money),
        Field("currency", _CURRENCY_WORDS, read_currency),
        Field("stock", _STOCK_WORDS, whole(0, MOST_STOCK)),
        Field("data", (), read_object),
    )  # fmt: skip

    def resolved(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> Sequence[Parsed]:
        return rows

    def happened(
        self, conn: Connection, before: dict[str, dict[str, Any] | None], after: dict[str, dict[str, Any]]
    ) -> None:
        events = [event for key in sorted(before) for event in differences(key, before[key], after[key])]
        record_product_events(conn, events, now=self.run.now, quiet=self.run.options.quiet, import_batch=self.run.batch)


class Offers(_Catalogue):
    """Terms that products are sold on."""

    name = "offers"
    noun = N_("offers")
    table = offer
    columns = ("product", "name", "price", "currency", "duration_days", "data")
    fields = (
        Field("key", field_words(f"offer key, offer id, offer code, id oferty, kod oferty, offer, {_KEY_WORDS}"), read_key),
        Field("name", field_words(f"offer name, nazwa oferty, {_NAME_WORDS}, oferta"), read_name),
        Field("product", field_words("product key, product id, product name, produkt, id produktu, nazwa produktu"), read_key),
        Field("price", _PRICE_WORDS, read_money),
        Field("currency", _CURRENCY_WORDS, read_currency),
        Field(
            "duration_days",
            field_words("duration, days, length, czas trwania, liczba dni, dni, okres, okres w dniach"),
            whole(1, 100_000),
        ),
        Field("data", (), read_object),
    )  # fmt: skip

    def resolved(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> Sequence[Parsed]:
        goods = with_products(self.run, conn, rows, tally)
        good = [row for row in rows if row.number in goods]
        for row in good:
            if goods[row.number] is not None:
                row.values["product"] = goods[row.number]
        return good


def with_offers(run: Run, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> dict[int, str | None]:
    """Row number → key of the offer the row names, or None. Unknown offers are refused."""
    wanted = {row.values["offer"] for row in rows if "offer" in row.values}
    keys = found_keys(conn, offer, wanted)
    found: dict[int, str | None] = {}
    for row in rows:
        name = row.values.get("offer")
        if name is None or name in keys:
            found[row.number] = None if name is None else keys[name]
        else:
            problem: KanwaError = OfferNotFound(value=name)
            tally.refused.append(run.refused(row.number, problem, "offer"))
    return found
