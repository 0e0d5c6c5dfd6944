"""`kanwa contacts|events|purchases|products|offers|contracts|consent …`: people and what is known of them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from app.cli.here import Here, in_workspace
from app.cli.imports import add_export, add_import
from app.cli.out import Column, grouped, when
from journeys.base.errors import UsageError
from journeys.base.i18n import NN_, _, ngettext

app = typer.Typer()

#: name → (help of the group, of its import, of its export)
_GROUPS = {
    "contacts": (
        _("Contacts: import, export, erase."),
        _("Import contacts; who is known by number or address is changed."),
        _("Export contacts with their attributes and tags."),
    ),
    "events": (_("Events: import, export."), _("Import events."), _("Export events.")),
    "purchases": (
        _("Purchases: import, export."),
        _("Import purchases: a row an order, or a row a line."),
        _("Export purchases with their lines."),
    ),
    "products": (_("Products: import, export."), _("Import the catalogue of products."), _("Export products.")),
    "offers": (_("Offers: import, export."), _("Import terms that products are sold on."), _("Export offers.")),
    "contracts": (
        _("Contracts: import, export."),
        _("Import contracts: products held from a day to a day."),
        _("Export contracts."),
    ),
    "consent": (
        _("Consent: import, export, show."),
        _("Import permissions given or withdrawn elsewhere."),
        _("Export the whole history of consent."),
    ),
}

groups: dict[str, typer.Typer] = {}
for _name, (_help, _import_help, _export_help) in _GROUPS.items():
    _kind = "consents" if _name == "consent" else _name
    groups[_name] = typer.Typer(help=_help, no_args_is_help=True)
    add_import(groups[_name], _kind, _import_help)
    add_export(groups[_name], _kind, _export_help)
    app.add_typer(groups[_name], name=_name)

ContactArgument = Annotated[
    str, typer.Argument(metavar="CONTACT", help=_("An address, a customer number, or the contact's own number."))
]


@groups["consent"].command("show", help=_("Show what a contact agreed to and when it changed."))
@in_workspace
def show_consent(here: Here, contact: ContactArgument) -> None:
    from sqlalchemy import select

    from journeys.store.contacts import find
    from journeys.store.tables import consent

    with here.store.read() as conn:
        id_ = find(conn, contact)
        log = select(consent).where(consent.c.contact == id_).order_by(consent.c.at, consent.c.id)
        rows = [dict(row) for row in conn.execute(log).mappings()]
    zone = here.zone
    here.out.table(
        (
            Column("at", _("When"), lambda at: when(at, zone)),
            Column("channel", _("Channel")),
            Column("purpose", _("Purpose")),
            Column("given", _("Consent"), lambda given: _("given") if given else _("withdrawn")),
            Column("reason", _("Reason")),
            Column("source", _("Source")),
        ),
        rows,
    )


class EraseNotConfirmed(UsageError):
    plural = NN_(
        "Erasing cannot be undone. Say --yes to erase {n} contact.",
        "Erasing cannot be undone. Say --yes to erase {n} contacts.",
    )


@groups["contacts"].command("erase", help=_("Erase people at their wish: values, history, messages on their way."))
@in_workspace
def erase(
    here: Here,
    contacts: Annotated[
        list[str], typer.Argument(metavar="CONTACT…", help=_("Addresses, customer numbers or the contacts' numbers."))
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help=_("Erase without asking."))] = False,
) -> None:
    from dataclasses import asdict

    from journeys.store.contacts import find
    from journeys.store.erasing import erase as erase_contacts

    with here.store.read() as conn:
        ids = [find(conn, name) for name in contacts]
    if not yes:
        if not sys.stdin.isatty():
            raise EraseNotConfirmed(n=len(set(ids)))
        question = ngettext(
            "Erase {n} contact? This cannot be undone.", "Erase {n} contacts? This cannot be undone.", len(set(ids))
        )
        typer.confirm(question.format(n=grouped(len(set(ids)))), abort=True, err=True)
    with here.store.write() as conn:
        erased = erase_contacts(conn, ids, now=here.clock.now())
    if here.out.as_json:
        here.out.data(asdict(erased) | {"words": erased.words()})
    for sentence in erased.words():
        here.out.say(sentence)
