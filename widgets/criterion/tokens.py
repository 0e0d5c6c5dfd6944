"""What a rule shows: its subject, its operator, its value. Of unfinished rules what there is so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from journeys.base.i18n import _, ngettext
from journeys.criteria import Names
from journeys.criteria.comparison import SIGNS
from widgets.form.labels import word
from widgets.form.times import say_day

#: stands for what is still to be filled in
OPEN = "…"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The three tokens of a rule; the second is an operator and stands back. An empty one is not shown."""

    subject: str
    operator: str
    value: str


def tokens(leaf: Mapping[str, Any], names: Names, today: date) -> Tokens:
    """The tokens of a leaf's data."""
    made = _SAID.get(str(leaf.get("leaf")))
    if made is None:
        return Tokens(word(str(leaf.get("leaf", "")), "leaf"), "", OPEN)
    return made(_Reader(leaf, names, today))


@dataclass(frozen=True, slots=True)
class _Reader:
    leaf: Mapping[str, Any]
    names: Names
    today: date

    def name(self, field: str, kind: str = "") -> str:
        key = self.leaf.get(field)
        return self.names.label(kind or field, str(key)) if key else OPEN

    def word(self, field: str) -> str:
        value = self.leaf.get(field)
        return word(str(value), field) if value else OPEN

    def when(self) -> str:
        """The scope, in words; empty for the default of the place."""
        scope = self.leaf.get("scope")
        if not isinstance(scope, Mapping):
            return ""
        kind = str(scope.get("type"))
        if kind == "last":
            return _("{when} {amount} {unit}").format(
                when=word(kind, "scope"), amount=scope.get("amount", OPEN), unit=word(str(scope.get("unit", "days")))
            )
        return "" if kind == "ever" else word(kind, "scope")


def _with(value: str, *more: str) -> str:
    return _(", ").join(part for part in (value, *more) if part)


def _compared(test: Any, say: Callable[[Any], str] = str) -> tuple[str, str]:
    """Operator and number of a comparison; the sign where there is one."""
    if not isinstance(test, Mapping):
        return "", ""
    op, value = str(test.get("op", "")), test.get("value")
    if op == "between" and isinstance(value, list | tuple) and len(value) == 2:
        return word(op), _("{low} to {high}").format(low=say(value[0]), high=say(value[1]))
    return SIGNS.get(op, word(op)), OPEN if value is None else say(value)


def _times(n: Any) -> str:
    return ngettext("{n} time", "{n} times", n).format(n=n) if isinstance(n, int) else str(n)


def _ago(n: Any) -> str:
    return ngettext("{n} day ago", "{n} days ago", n).format(n=n) if isinstance(n, int) else str(n)


def _days(n: Any) -> str:
    return ngettext("{n} day", "{n} days", n).format(n=n) if isinstance(n, int) else str(n)


def _scalar(value: Any) -> str:
    match value:
        case None | "":
            return OPEN
        case bool():
            return _("yes") if value else _("no")
        case list() | tuple():
            return _(", ").join(map(_scalar, value)) or OPEN
        case _:
            return str(value)


def _attribute(read: _Reader) -> Tokens:
    op = str(read.leaf.get("op") or "=")
    value = "" if op in ("has a value", "has none") else _scalar(read.leaf.get("value"))
    if op == "between" and isinstance(read.leaf.get("value"), list | tuple):
        value = _(" to ").join(map(_scalar, read.leaf["value"]))
    subject = read.name("attribute") if read.leaf.get("attribute") else word("attribute", "leaf")
    return Tokens(subject, word(op), value)


def _consent(read: _Reader) -> Tokens:
    subject = _("{channel} consent").format(channel=read.word("channel"))
    state = word(str(read.leaf.get("state") or "given"), "state")
    return Tokens(subject, state, read.name("purpose"))


def _event(read: _Reader) -> Tokens:
    kind, when = read.name("event"), read.when()
    where = read.leaf.get("where") or []
    narrowed = ngettext("{n} condition", "{n} conditions", len(where)).format(n=len(where)) if where else ""
    for field, said in (("last_days_ago", _("last {event}")), ("first_days_ago", _("first {event}"))):
        if read.leaf.get(field):
            op, number = _compared(read.leaf[field], _ago)
            return Tokens(said.format(event=kind), op, _with(number, when, narrowed))
    op, number = _compared(read.leaf.get("count"), _times)
    return Tokens(kind, op or SIGNS[">="], _with(number or _times(1), when, narrowed))


def _purchase(read: _Reader) -> Tokens:
    of = [read.name(field) for field in ("product", "category") if read.leaf.get(field)]
    more = (read.when(), *of)
    change = read.leaf.get("change")
    if isinstance(change, Mapping):
        op = SIGNS.get(str(change.get("op")), OPEN)
        percent = _("{percent} % in {days}").format(
            percent=change.get("percent", OPEN), days=_days(change.get("days", OPEN))
        )
        return Tokens(_("Change of orders"), op, _with(percent, *more))
    if read.leaf.get("total"):
        currency = read.leaf.get("currency") or ""

        def money(n: Any) -> str:
            return f"{n / 100:.2f} {currency}".strip() if isinstance(n, int) else str(n)

        op, number = _compared(read.leaf["total"], money)
        return Tokens(_("Sum of orders"), op, _with(number, *more))
    for field, said in (("last_days_ago", _("Last order")), ("first_days_ago", _("First order"))):
        if read.leaf.get(field):
            op, number = _compared(read.leaf[field], _ago)
            return Tokens(said, op, _with(number, *more))
    op, number = _compared(read.leaf.get("count"))
    return Tokens(_("Orders"), op or SIGNS[">="], _with(number or "1", *more))


def _contract(read: _Reader) -> Tokens:
    leaf = read.leaf
    said = [read.name(field) for field in ("product", "offer") if leaf.get(field)]
    if leaf.get("end"):

        def end(n: Any) -> str:
            if not isinstance(n, int):
                return str(n)
            return _("{n} ({day})").format(n=n, day=say_day(read.today + timedelta(days=n - 1)))

        said.append(_("end {op} {number}").format(**_named(_compared(leaf["end"], end))))
    if leaf.get("duration_days"):
        said.append(_("length {op} {number}").format(**_named(_compared(leaf["duration_days"], _days))))
    if leaf.get("started_days_ago"):
        said.append(_("start {op} {number}").format(**_named(_compared(leaf["started_days_ago"], _ago))))
    if leaf.get("recurring_now") is not None:
        said.append(_("renews itself") if leaf["recurring_now"] else _("does not renew itself"))
    if leaf.get("recurring_initially") is not None:
        said.append(_("renewed itself at first") if leaf["recurring_initially"] else _("did not renew itself at first"))
    op, number = _compared(leaf.get("count"))
    return Tokens(
        _("Contracts") if op else _("Contract"), f"{op} {number}".strip(), _with(*(said or [_("any")]), read.when())
    )


def _named(compared: tuple[str, str]) -> dict[str, str]:
    return {"op": compared[0], "number": compared[1]}


def _journey(read: _Reader) -> Tokens:
    if read.leaf.get("node") or read.leaf.get("visits"):
        op, number = _compared(read.leaf.get("visits"), _times)
        return Tokens(_("Step {step} left").format(step=read.name("node")), op or SIGNS[">="], number or _times(1))
    return Tokens(_("Journey {journey}").format(journey=read.name("journey")), "", read.word("state"))


def _nps(read: _Reader) -> Tokens:
    survey = read.name("survey") if read.leaf.get("survey") else ""
    if read.leaf.get("score"):
        op, number = _compared(read.leaf["score"])
        return Tokens(_("NPS score"), op, _with(number, read.when(), survey))
    return Tokens(_("NPS answer"), _("is"), _with(read.word("answer"), read.when(), survey))


def _stage(read: _Reader) -> Tokens:
    stage = read.leaf.get("stage")
    key = f"{read.leaf.get('funnel')}/{stage}"
    op, number = _compared(read.leaf.get("entered_days_ago"), _ago)
    entered = _("entered {op} {number}").format(op=op, number=number) if op else ""
    return Tokens(
        read.name("funnel"), _("stage is"), _with(read.names.label("stage", key) if stage else _("any"), entered)
    )


def _anniversary(read: _Reader) -> Tokens:
    of = read.leaf.get("of")
    days = read.leaf.get("in_days") or 0
    when = _("today") if days == 0 else _("in {days}").format(days=_days(days))
    if not isinstance(of, Mapping):
        return Tokens(_("Anniversary"), "", OPEN)
    if of.get("type") == "attribute":
        key = of.get("attribute")
        what = read.names.label("attribute", str(key)) if key else OPEN
    else:
        what = word(str(of.get("type", OPEN)), "of")
    return Tokens(_("Anniversary"), what, when)


def _share(read: _Reader) -> Tokens:
    percent = read.leaf.get("percent")
    said = _("{percent} %").format(percent=f"{percent:g}" if isinstance(percent, int | float) else percent or OPEN)
    return Tokens(_("Random share"), _("of"), _with(said, str(read.leaf.get("salt") or "")))


_SAID: dict[str, Callable[[_Reader], Tokens]] = {
    "attribute": _attribute,
    "tag": lambda read: Tokens(_("Tag"), _("is"), read.name("tag")),
    "consent": _consent,
    "preferred channel": lambda read: Tokens(_("Preferred channel"), _("is"), read.word("channel")),
    "reachable": lambda read: Tokens(_("Reachable by"), read.word("channel"), read.name("purpose")),
    "event": _event,
    "purchase": _purchase,
    "contract": _contract,
    "segment": lambda read: Tokens(_("Segment"), _("is"), read.name("segment")),
    "journey": _journey,
    "nps": _nps,
    "loyalty": lambda read: Tokens(read.name("programme"), _("is"), read.word("state")),
    "stage": _stage,
    "anniversary": _anniversary,
    "random share": _share,
}
