"""Consents: permissions given or withdrawn elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from journeys.base.errors import suggestion
from journeys.base.i18n import N_
from journeys.base.text import fold
from journeys.store.consent import NewConsent, UnknownPurpose, record_consent
from journeys.store.definitions import define_purpose
from journeys.store.dialect import in_ids
from journeys.store.fields import BadKey, checked_channel, validate_text
from journeys.store.importing.errors import ConsentRefused, Missing
from journeys.store.importing.kind import Kind, Parsed
from journeys.store.importing.mapping import Field, field_words
from journeys.store.importing.people import WHO, check_named, with_contacts
from journeys.store.importing.report import Tally
from journeys.store.importing.values import Reading, read_moment, read_truth
from journeys.store.suppression import HARD
from journeys.store.tables import consent, purpose


def _channel(text: str, _reading: Reading) -> str:
    return checked_channel(text)


def _short_text(text: str, _reading: Reading) -> str:
    value = validate_text(text, field="consent", most=200, one_line=True)
    assert value is not None
    return value


def _reason(text: str, reading: Reading) -> str:
    """A reason that bars every later grant is known in whatever case it is written."""
    value = _short_text(text, reading)
    return fold(value) if fold(value) in HARD else value


class Consents(Kind):
    """Permissions. Known by contact, channel, purpose, word and time: the same said twice is the same."""

    name = "consents"
    noun = N_("consents")
    fields = (
        *WHO,
        Field("channel", field_words("kanal, medium"), _channel),
        Field("purpose", field_words("goal, consent, cel, zgoda, cel zgody, rodzaj zgody"), _short_text),
        Field(
            "given",
            field_words("state, status, granted, opt in, value, stan, wyrazona, udzielona, czy zgoda"),
            read_truth,
        ),
        Field(
            "at",
            field_words(
                "date, time, given at, consent date, timestamp, datetime, created at, day, "
                "data, data zgody, data i godzina, czas, kiedy, dzien"
            ),
            read_moment,
        ),
        Field("reason", field_words("powod, przyczyna"), _reason),
        Field("text_version", field_words("version, wersja, wersja tresci, wersja zgody"), _short_text),
        Field("ip", field_words("ip address, adres ip"), _short_text),
        Field("confirmed_at", field_words("confirmed, double opt in, potwierdzona, data potwierdzenia"), read_moment),
    )
    needs = (("customer", "email"), ("channel",), ("purpose",), ("given",), ("at",))

    def check(self, values: dict[str, Any]) -> None:
        check_named(values)
        for name in ("channel", "purpose", "given", "at"):
            if name not in values:
                raise Missing(column=name)
        if not values["given"]:
            values.setdefault("reason", "imported")

    def write(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> None:
        run, options = self.run, self.run.options
        named = self._with_purposes(conn, rows, tally)
        about = list(with_contacts(run, conn, named, tally))
        wanted = [
            NewConsent(
                contact=id_,
                channel=row.values["channel"],
                purpose=row.values["purpose"],
                given=row.values["given"],
                at=row.values["at"],
                source=options.source,
                reason="" if row.values["given"] else row.values["reason"],
                text_version=row.values.get("text_version"),
                ip=row.values.get("ip"),
                confirmed_at=row.values.get("confirmed_at"),
                identity=_identity(id_, row.values),
                import_batch=run.batch,
            )
            for row, id_ in about
        ]
        there = _said(conn, {id_ for _, id_ in about})
        new: list[NewConsent] = []
        numbers: list[int] = []
        for (row, _), one in zip(about, wanted, strict=True):
            said = (one.contact, one.channel, one.purpose, one.given, one.at)
            if said in there:
                tally.unchanged += 1
                continue
            there.add(said)
            new.append(one)
            numbers.append(row.number)
        refused = record_consent(conn, new, now=run.now, quiet=options.quiet)
        tally.added += len(new) - len(refused)
        tally.refused += [run.refused(numbers[one.index], ConsentRefused(why=one.words()), "given") for one in refused]

    def _with_purposes(self, conn: Connection, rows: Sequence[Parsed], tally: Tally) -> list[Parsed]:
        keys = set(conn.execute(select(purpose.c.key)).scalars())
        named: list[Parsed] = []
        for row in rows:
            key = row.values["purpose"]
            if key not in keys and self.run.options.create_names:
                try:
                    define_purpose(conn, key)
                except BadKey as error:
                    tally.refused.append(self.run.refused(row.number, error, "purpose"))
                    continue
                keys.add(key)
            if key in keys:
                named.append(row)
            else:
                problem = UnknownPurpose(purpose=key, suggestion=suggestion(key, keys))
                tally.refused.append(self.run.refused(row.number, problem, "purpose"))
        return named


def _said(conn: Connection, contacts: set[int]) -> set[tuple[int, str, str, bool, int]]:
    """What these contacts have said so far, wherever it came from: a form's word in a file is no second word."""
    c = consent.c
    rows = conn.execute(select(c.contact, c.channel, c.purpose, c.given, c.at).where(in_ids(c.contact, contacts)))
    return {tuple(row) for row in rows}


def _identity(contact: int, values: dict[str, Any]) -> str:
    said = "given" if values["given"] else "withdrawn"
    return f"consent:{contact}:{values['channel']}:{values['purpose']}:{said}:{values['at']}"
