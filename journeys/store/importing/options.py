"""How an import is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every choice of an import; the defaults recognise what can be recognised and change as little as possible."""

    #: field → name of the column, or #3 for the third; an empty name leaves the field out
    mapping: Mapping[str, str] = field(default_factory=dict)
    #: field → value, as it would stand in a cell, for rows that have none: the currency, a product, a purpose …
    defaults: Mapping[str, str] = field(default_factory=dict)
    #: history must not start journeys
    quiet: bool = True
    #: everything is worked out and nothing is kept
    dry_run: bool = False
    #: makes addresses for new contacts that have none: {customer}@cdnow.test
    address_template: str = ""
    #: contacts that rows of other kinds name and the store does not have are added
    create_contacts: bool = False
    #: products that rows name and the store does not have are added under their key
    create_products: bool = False
    #: tags and purposes that rows name and the store does not have are added
    create_names: bool = False
    #: columns of contacts that nothing else recognises become attributes
    create_attributes: bool = False
    #: an empty cell clears the field of a contact instead of leaving it
    clear_empty: bool = False
    #: empty: recognised
    encoding: str = ""
    #: empty: recognised; " " stands for any number of blanks
    delimiter: str = ""
    #: of a workbook; empty: the first
    sheet: str = ""
    #: whether the first row names the columns
    header: bool = True
    #: "dmy" or "mdy" for days such as 11/12/2026; empty: they are refused
    slashes: str = ""
    #: "," or "."; empty: recognised number by number
    decimal: str = ""
    #: refused rows are written here, with their reason
    refused_file: Path | None = None
    #: what events of this import name as their source
    source: str = "import"
    #: rows of one commit: the write lock is held for some 100 ms
    lot: int = 2_000
