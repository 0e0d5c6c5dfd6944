"""Purchases: one row an order, or one row a line of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from journeys.base.errors import KanwaError
from journeys.base.i18n import N_, _
from journeys.store.dialect import in_ids
from journeys.store.identity import given_identity
from journeys.store.importing.errors import (
    Missing,
    NoCurrency,
    OrderBroken,
    OrderDiffers,
    OrderKnown,
    OrderWithoutAmounts,
    RowProblem,
    TwoCurrencies,
)
from journeys.store.importing.goods import with_products
from journeys.store.importing.kind import Kind, Parsed, known
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.people import WHO, check_named, with_contacts
from journeys.store.importing.report import Tally
from journeys.store.importing.values import Money, read_currency, read_moment, read_money, whole
from journeys.store.purchases import NewLine, NewPurchase, add_purchases
from journeys.store.tables import purchase, purchase_line


@dataclass(frozen=True, slots=True)
class _Order:
    rows: tuple[Parsed, ...]
    purchase: NewPurchase


class Purchases(Kind):
    """Orders. Rows with the same order id are the lines of one; a row without one is an order by itself."""

    name = "purchases"
    noun = N_("purchases")
    grouped_by = ("order_id",)
    is_whole = True
    fields = (
        Field(
            "order_id",
            field_words(
                "order number, order no, order, purchase id, transaction id, invoice number, invoice, receipt, "
                "id zamowienia, numer zamowienia, nr zamowienia, zamowienie, nr transakcji, id transakcji, "
                "numer faktury, nr faktury, paragon"
            ),
        ),
        *WHO,
        Field(
            "at",
            field_words(
                "date, order date, purchase date, day, time, ordered at, purchased at, created at, datetime, timestamp, "
                "data, data zakupu, data zamowienia, dzien, czas, data i godzina, data transakcji, data sprzedazy"
            ),
            read_moment,
        ),
        Field(
            "total",
            field_words(
                "order total, grand total, order value, order amount, total amount, total value, "
                "suma, razem, wartosc zamowienia, kwota zamowienia, do zaplaty, suma zamowienia"
            ),
            read_money,
        ),
        Field(
            "amount",
            field_words(
                "line amount, line total, line value, value, revenue, spend, kwota, wartosc, wartosc pozycji, "
                "wartosc brutto, kwota brutto, * value"
            ),
            read_money,
        ),
        Field("price", field_words("unit price, item price, cena, cena jednostkowa, cena brutto"), read_money),
        Field("quantity", field_words("qty, count, items, pieces, ilosc, sztuk, szt, liczba, number of *, liczba *"), whole()),
        Field("product", field_words("product id, product key, sku, item, produkt, id produktu, symbol, towar, indeks, kod produktu")),
        Field("currency", field_words("waluta, currency code, kod waluty"), read_currency),
    )  # fmt: skip
    needs = (("customer", "email"), ("at",), ("total", "amount", "price"))

    def check(self, values: dict[str, Any]) -> None:
        check_named(values)
        if "at" not in values:
            raise Missing(column="at")
        money = [values[name] for name in ("total", "amount", "price") if name in values]
        if not money:
            raise Missing(column="amount")
        currency = values.get("currency") or next((one.currency for one in money if one.currency), "")
        currency = currency or self.run.currency
        if not currency:
            raise NoCurrency(column="currency")
        for name in [name for name in ("total", "amount", "price") if name in values]:
            one: Money = values[name]
            if one.currency and one.currency != currency:
                raise TwoCurrencies(column=name, one=one.currency, other=currency)
            values[name] = one.minor(currency)
        values["currency"] = currency
        if "amount" not in values and "price" in values:
            values["amount"] = values["price"] * values.get("quantity", 1)

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        run = self.run
        about = {row.number: id_ for row, id_ in with_contacts(run, conn, rows, tally)}
        goods = with_products(run, conn, [row for row in rows if row.number in about], tally)
        orders: list[_Order] = []
        for order_id, group in groupby(rows, key=lambda row: row.values.get("order_id", row.number)):
            members = tuple(group)
            left = [row for row in members if row.number in about and row.number in goods]
            if len(left) < len(members):
                for row in left:
                    tally.refused.append(run.refused(row.number, OrderBroken(order=order_id), "order_id"))
                continue
            try:
                orders.append(_Order(members, self._order(members, about, goods)))
            except RowProblem as problem:
                tally.refused += [run.refused(row.number, problem, problem.column) for row in members]
        self._store(conn, orders, tally)

    def _order(self, rows: tuple[Parsed, ...], about: dict[int, int], goods: dict[int, str | None]) -> NewPurchase:
        first = rows[0].values
        order_id: str | None = first.get("order_id")
        contact = about[rows[0].number]
        if len(rows) > 1:
            _check_agreement(order_id or "", rows, about)
        lines: list[NewLine] = []
        for row in rows:
            values = row.values
            amount: int = values["amount"] if "amount" in values else values["total"]
            lines.append(NewLine(goods[row.number], values.get("quantity", 1), amount))
        total = first["total"] if "total" in first else sum([line.amount for line in lines])
        at, currency = first["at"], first["currency"]
        if order_id is not None:
            identity = given_identity(order_id)
        else:
            only = lines[0]
            identity = self.run.scratch.row_identity(
                "purchase", contact, at, total, currency, only.product, only.quantity, only.amount
            )
        given = order_id if order_id is not None and not order_id.startswith("row:") else None
        return NewPurchase(contact, at, total, currency, tuple(lines), given, identity)

    def _store(self, conn: Connection, orders: Sequence[_Order], tally: Tally) -> None:
        run, options = self.run, self.run.options
        there = known(
            conn,
            purchase.c.identity,
            (one.purchase.identity or "" for one in orders),
            purchase.c.id,
            purchase.c.contact,
            purchase.c.at,
            purchase.c.total,
            purchase.c.currency,
        )
        lines: dict[int, list[NewLine]] = {}
        given = [row.id for key, row in there.items() if key.startswith("id:")]
        for line in conn.execute(select(purchase_line).where(in_ids(purchase_line.c.purchase, given))):
            lines.setdefault(line.purchase, []).append(NewLine(line.product, line.quantity, line.amount))
        new: list[NewPurchase] = []
        for one in orders:
            wanted = one.purchase
            found = there.get(wanted.identity or "")
            if found is None:
                new.append(wanted)
            elif (found.contact, found.at, found.total, found.currency) != (
                wanted.contact,
                wanted.at,
                wanted.total,
                wanted.currency,
            ) or (found.id in lines and _sorted(lines[found.id]) != _sorted(wanted.lines)):
                problem: KanwaError = OrderKnown(order=wanted.order_id or wanted.identity)
                tally.refused += [run.refused(row.number, problem, "order_id") for row in one.rows]
            else:
                tally.unchanged += 1
        add_purchases(conn, new, now=run.now, source=options.source, quiet=options.quiet, import_batch=run.batch)
        tally.added += len(new)


def _check_agreement(order_id: str, rows: Sequence[Parsed], about: dict[int, int]) -> None:
    """Raises OrderDiffers or OrderWithoutAmounts unless the rows can be lines of one order."""
    first = rows[0]
    for row in rows[1:]:
        for same, what in (
            (about[row.number] == about[first.number], N_("the customer")),
            (row.values["at"] == first.values["at"], N_("the time")),
            (row.values["currency"] == first.values["currency"], N_("the currency")),
            (row.values.get("total") == first.values.get("total"), N_("the total")),
        ):
            if not same:
                raise OrderDiffers(column="order_id", order=order_id, what=_(what))
    if any("amount" not in row.values for row in rows):
        raise OrderWithoutAmounts(column="order_id", order=order_id, rows=len(rows))


def _sorted(lines: Sequence[NewLine]) -> list[tuple[str, int, int]]:
    return sorted((line.product or "", line.quantity, line.amount) for line in lines)
