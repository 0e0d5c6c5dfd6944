"""Products: cheaper, in stock again, new in a category."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, assert_never
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, select

from journeys.base.i18n import _, ngettext
from journeys.base.time import Instant
from journeys.base.validation import SettingsError
from journeys.criteria.frame import any_row, one
from journeys.criteria.part import Key as CategoryName
from journeys.criteria.saying import qualified
from journeys.nodes.keys import ProductKey
from journeys.nodes.node import Names
from journeys.nodes.triggers.on import ByThing, SubjectKind, Things, say_at
from journeys.store import tables as t


class ProductTrigger(ByThing):
    """Something happens to a product, and whoever is in the audience comes in, for that product.

    An import of products tells of it (one that lets journeys react). The audience may ask about the subject: “product.viewed
    at most 30 days ago, of what the passage is about”. Without an audience it is everybody. A passage is about the product;
    where the journey counts re-entry per subject, it counts per product.
    """

    thing: ClassVar[SubjectKind] = "product"

    type: Literal["product"] = "product"
    what: Literal["price drop", "back in stock", "new in category"] = Field(title=_("What happens"))
    product: ProductKey | None = Field(None, title=_("Product"), description=_("Empty: any product."))
    category: CategoryName | None = Field(None, title=_("Category"), description=_("Empty: any category."))
    at_least_percent: int | None = Field(
        None, title=_("By at least percent"), description=_("Empty: by anything."), ge=1, le=100
    )

    @model_validator(mode="after")
    def _goes_together(self) -> ProductTrigger:
        if self.at_least_percent is not None and self.what != "price drop":
            raise SettingsError(_("Only a price drops by some percent."), "at_least_percent")
        if self.product is not None and self.category is not None:
            raise SettingsError(_("One product or a category, not both."), "category")
        return self

    @property
    def subjects(self) -> frozenset[SubjectKind]:
        return frozenset({"product"})

    def things(self, contact: FromClause) -> Things:
        rows = t.product_event
        return Things(
            rows=rows,
            matches=self.matches(rows),
            at=rows.c.at,
            product=rows.c.product,
        )

    def matches(self, event: FromClause) -> ColumnElement[bool]:
        """Whether a row of `product_event` brings anybody in."""
        c = event.c
        asked = [self._happened(event)]
        if self.product is not None:
            asked.append(c.product == self.product)
        if self.category is not None:
            there = t.product.alias()
            asked.append(any_row(select(one).where(there.c.key == c.product, there.c.category == self.category), there))
        return and_(*asked)

    def _happened(self, event: FromClause) -> ColumnElement[bool]:
        c = event.c
        match self.what:
            case "price drop":
                fell = and_(c.kind == "price", c.new < c.old)
                if self.at_least_percent is None:
                    return fell
                return and_(fell, c.new * 100 <= c.old * (100 - self.at_least_percent))
            case "back in stock":
                return and_(c.kind == "stock", c.new > 0, c.old <= 0)
            case "new in category":
                return c.kind == "added"
            case never:
                assert_never(never)

    def words(self, names: Names) -> str:
        which = []
        if self.product is not None:
            which.append(_("of “{product}”").format(product=names.label("product", self.product)))
        if self.category is not None:
            which.append(_("of the category “{category}”").format(category=self.category))
        return qualified(self._sentence(), which)

    def _sentence(self) -> str:
        match self.what:
            case "price drop" if self.at_least_percent is not None:
                return _("the price of a product falls by at least {percent} %").format(percent=self.at_least_percent)
            case "price drop":
                return _("the price of a product falls")
            case "back in stock":
                return _("a product is in stock again")
            case _:
                return _("a product is new")

    def references(self) -> Iterator[tuple[str, str]]:
        if self.product is not None:
            yield "product", self.product

    def standing(self, conn: Connection, contact: int, names: Names, *, now: Instant, zone: ZoneInfo) -> Iterator[str]:
        happened = t.product_event
        matched = select(func.count(), func.max(happened.c.at)).where(self.matches(happened), happened.c.at <= now)
        loud, last = conn.execute(matched.where(~happened.c.quiet)).one()
        if not loud:
            yield _("No product has done so yet in an import that lets journeys react.")
        else:
            yield ngettext(
                "This has happened to {n} product, last on {at}; the contact was not in the audience then, or the journey was not there yet.",
                "This has happened to products {n} times, last on {at}; the contact was not in the audience then, or the journey was not there yet.",
                loud,
            ).format(n=loud, at=say_at(last, zone))
