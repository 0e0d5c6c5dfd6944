"""`kanwa suppress`: addresses that are never written to again."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.here import Here, in_workspace
from journeys.base.errors import UsageError
from journeys.base.i18n import N_, _, ngettext

app = typer.Typer()


class NotSuppressed(UsageError):
    text = N_("{address} is not on the list of addresses never written to.")


@app.command("suppress", help=_("Never write to addresses again, or say whether one is on the list."))
@in_workspace
def suppress(
    here: Here,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help=_("E-mail addresses."))],
    *,
    reason: Annotated[str, typer.Option(help=_("Why, in a word; kept with them."))] = "by hand",
    release: Annotated[
        bool, typer.Option("--release", help=_("Take them off the list, at the wish of the person."))
    ] = False,
    check: Annotated[bool, typer.Option("--check", help=_("Only say whether they are on it."))] = False,
) -> None:
    from journeys.store import suppression
    from journeys.store.fields import email_address

    given = [email_address(address) for address in addresses]
    if check:
        with here.store.read() as conn:
            found = suppression.suppressed(conn, "email", given)
        if here.out.as_json:
            here.out.data({address: found.get(address) for address in given})
        for address in given:
            if address in found:
                here.out.say(_("{address} is on the list: {reason}.").format(address=address, reason=found[address]))
            else:
                here.out.say(_("{address} is not on the list.").format(address=address))
        return
    with here.store.write() as conn:
        if release:
            for address in given:
                if not suppression.release(conn, "email", address):
                    raise NotSuppressed(address=address)
        else:
            suppression.suppress(conn, "email", given, reason=reason, at=here.clock.now())
    sentence = (
        ngettext("{n} address may be written to again.", "{n} addresses may be written to again.", len(given))
        if release
        else ngettext("{n} address is never written to again.", "{n} addresses are never written to again.", len(given))
    )
    here.out.result(sentence.format(n=len(given)), {"addresses": given, "released": release})
