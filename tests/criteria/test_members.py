"""Random criteria over random small bases: SQLite, PostgreSQL and a plain walk in Python find the same contacts.

The walk reads the JSON of a criterion and the lists below, and shares nothing with the models but folding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from journeys.base.text import fold
from journeys.criteria import (
    Frame,
    compile_criterion,
    dump_criterion,
    evidence,
    explain,
    parse_criterion,
    select_members,
    words,
)
from journeys.store import tables as t
from journeys.store.moments import Moments
from journeys.store.store import Store

ZONE = ZoneInfo("Europe/Warsaw")
NOWS = [
    int(datetime(*when, tzinfo=ZONE).timestamp())
    for when in ((2026, 11, 22, 12), (2026, 3, 29, 12), (2026, 10, 26, 0, 30), (2027, 2, 28, 23, 59), (2028, 2, 29, 1))
]
TEXTS = ["Łódź", "ŁÓDŹ", "łódź", "Lodz", "Żory", "żory", "a", "straße", "STRASSE", "İ", "100%", "a_b", "o'x"]
NUMBERS = [-1, 0, 0.5, 1, 199, 200, 200.0, 2**40]


# --- the walk --------------------------------------------------------------------------------------------------------


def day_of(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(ZONE).date()


def start(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


def compares(comparison: dict[str, Any], number: Any) -> bool:
    value = comparison["value"]
    match comparison["op"]:
        case "=":
            return number == value
        case "!=":
            return number != value
        case "<":
            return number < value
        case "<=":
            return number <= value
        case ">":
            return number > value
        case ">=":
            return number >= value
        case "between":
            return value[0] <= number <= value[1]
        case "in":
            return number in value
    raise AssertionError(comparison)


def in_scope(leaf: dict[str, Any], at: int, now: int) -> bool:
    scope = leaf.get("scope", {"type": "ever"})
    if at > now:
        return False
    if scope["type"] == "ever":
        return True
    if scope["unit"] == "days":
        return at >= start(day_of(now) - timedelta(days=scope["amount"]))
    return at > now - scope["amount"] * 3600


def same_type(one: Any, other: Any) -> bool:
    def kind(value: Any) -> Any:
        return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value)

    return bool(kind(one) == kind(other))


def filter_fits(filter_: dict[str, Any], data: dict[str, Any]) -> bool:
    member, op, value = data.get(filter_["field"]), filter_["op"], filter_.get("value")
    if member is None:
        return False
    if op == "exists":
        return True
    if op == "in":
        return any(same_type(member, one) and member == one for one in value)
    if not same_type(member, value[0] if op == "between" else value):
        return False
    if op == "contains":
        return value in member
    if op == "starts with":
        return bool(member.startswith(value))
    return compares(filter_, member)


def counted(leaf: dict[str, Any], ats: list[int], now: int) -> bool:
    for measure, edge in (("last_days_ago", max), ("first_days_ago", min)):
        if measure in leaf:
            return bool(ats) and compares(leaf[measure], (day_of(now) - day_of(edge(ats))).days)
    return compares(leaf.get("count", {"op": ">=", "value": 1}), len(ats))


def attribute_fits(leaf: dict[str, Any], who: dict[str, Any], now: int) -> bool:
    key, op, value = leaf["attribute"], leaf["op"], leaf.get("value")
    seen = who.get(key) if key in ("first_name", "language") else who["attributes"].get(key)
    if op in ("has a value", "has none"):
        return (seen is not None) == (op == "has a value")
    if seen is None:
        return False
    today = day_of(now)
    kind = leaf.get("type", "text")
    if kind == "list":
        return bool({fold(item) for item in seen} & {fold(one) for one in (value if op == "in" else [value])})
    if kind == "text":
        key_ = fold(seen)
        match op:
            case "contains":
                return fold(value) in key_
            case "starts with":
                return key_.startswith(fold(value))
            case "in":
                return key_ in [fold(one) for one in value]
            case _:
                return (key_ == fold(value)) == (op == "=")
    if op in ("within the last days", "in the next days", "days ago", "in days", "more than days ago"):
        ago = (today - (date.fromisoformat(seen) if kind == "date" else day_of(seen))).days
        return {
            "within the last days": 0 <= ago <= value,
            "in the next days": 0 <= -ago <= value,
            "days ago": ago == value,
            "in days": ago == -value,
            "more than days ago": ago > value,
        }[op]
    if kind == "datetime":
        return compares(leaf, day_of(seen).isoformat())
    return compares(leaf, seen)


def clicked_most(who: dict[str, Any], now: int) -> str | None:
    clicks = [e["kind"].split(".")[0] for e in who["events"] if e["kind"].endswith(".clicked") and e["at"] <= now]
    return min(set(clicks), key=lambda channel: (-clicks.count(channel), channel), default=None)


def consent_of(leaf: dict[str, Any], who: dict[str, Any], now: int) -> str:
    for one in who["consents"]:
        if (one["channel"], one["purpose"]) == (leaf["channel"], leaf["purpose"]) and one["at"] <= now:
            return "given" if one["given"] else "withdrawn"
    return "never asked"


def orders(leaf: dict[str, Any], who: dict[str, Any], now: int) -> list[tuple[int, int]]:
    """(at, amount) of the orders a leaf speaks of."""
    found = []
    for one in who["purchases"]:
        lines = [
            line
            for line in one["lines"]
            if ("product" not in leaf or line["product"] == leaf["product"])
            and ("category" not in leaf or CATEGORIES[line["product"]] == leaf["category"])
        ]
        narrowed = "product" in leaf or "category" in leaf
        if not in_scope(leaf, one["at"], now) or (narrowed and not lines):
            continue
        if "currency" in leaf and one["currency"] != leaf["currency"]:
            continue
        found.append((one["at"], sum(line["amount"] for line in lines) if narrowed else one["total"]))
    return found


def purchase_fits(leaf: dict[str, Any], who: dict[str, Any], now: int) -> bool:
    found = orders(leaf, who, now)
    if "total" in leaf:
        return compares(leaf["total"], sum(amount for _at, amount in found))
    if "change" not in leaf:
        return counted(leaf, [at for at, _amount in found], now)
    change = leaf["change"]
    middle = start(day_of(now) - timedelta(days=change["days"] - 1))
    first = start(day_of(now) - timedelta(days=2 * change["days"] - 1))
    value = (lambda amount: amount) if change["of"] == "total" else (lambda amount: 1)
    later = sum(value(amount) for at, amount in found if at >= middle)
    before = sum(value(amount) for at, amount in found if first <= at < middle)
    if before <= 0:
        return False
    percent = (later - before) * 100 / before
    return percent <= change["percent"] if change["op"] == "<=" else percent >= change["percent"]


def contract_fits(leaf: dict[str, Any], who: dict[str, Any], now: int) -> bool:
    today = day_of(now)

    def fits(row: dict[str, Any]) -> bool:
        ago = (today - date.fromisoformat(row["start_on"])).days
        return (
            ("product" not in leaf or row["product"] == leaf["product"])
            and ("end" not in leaf or compares(leaf["end"], (date.fromisoformat(row["end_on"]) - today).days + 1))
            and ("duration_days" not in leaf or compares(leaf["duration_days"], row["duration_days"]))
            and ("started_days_ago" not in leaf or (ago >= 0 and compares(leaf["started_days_ago"], ago)))
            and all(leaf[name] == row[name] for name in ("recurring_now", "recurring_initially") if name in leaf)
        )

    return compares(leaf.get("count", {"op": ">=", "value": 1}), sum(map(fits, who["contracts"])))


def nps_fits(leaf: dict[str, Any], who: dict[str, Any], now: int) -> bool:
    answers = [
        (e["at"], e["id"], e["data"]["score"])
        for e in who["events"]
        if e["kind"] == "nps.answered" and in_scope(leaf, e["at"], now)
        if "survey" not in leaf or e["data"].get("survey") == leaf["survey"]
    ]
    score = max(answers)[2] if answers else None
    if "score" in leaf:
        return score is not None and compares(leaf["score"], score)
    name = "no answer" if score is None else "promoter" if score > 8 else "passive" if score > 6 else "detractor"
    return bool(name == leaf["answer"])


def loyalty_of(leaf: dict[str, Any], who: dict[str, Any], now: int) -> str:
    mine = [e for e in who["events"] if e["at"] <= now and e["data"].get("programme") == leaf["programme"]]
    answers = [(e["at"], e["id"], e["kind"]) for e in mine if e["kind"] in ("loyalty.joined", "loyalty.declined")]
    if answers:
        return max(answers)[2].removeprefix("loyalty.")
    return "no answer" if any(e["kind"] == "loyalty.asked" for e in mine) else "not asked"


def anniversary_fits(leaf: dict[str, Any], who: dict[str, Any], now: int) -> bool:
    of = leaf["of"]
    target = day_of(now) + timedelta(days=leaf.get("in_days", 0))
    if of["type"] == "attribute":
        text = who["attributes"].get(of["attribute"])
        day = date.fromisoformat(text) if text else None
    else:
        rows = who["purchases"] if "purchase" in of["type"] else [e for e in who["events"] if e["kind"] == of["event"]]
        ats = [row["at"] for row in rows if row["at"] <= now]
        edge = (min if of["type"].startswith("first") else max)(ats, default=None)
        day = None if edge is None else day_of(edge)
    if day is None or day >= target:
        return False
    try:
        kept = day.replace(year=target.year)
    except ValueError:
        kept = date(target.year, 2, 28) if leaf["leap_day"] == "28 Feb" else date(target.year, 3, 1)
    return kept == target


def share_fits(leaf: dict[str, Any], who: dict[str, Any]) -> bool:
    digest = hashlib.sha256(f"12:random share{leaf['salt']}".encode()).digest()
    prime = 2**31 - 1
    a = int.from_bytes(digest[:8], "big") % (prime - 1) + 1
    b = int.from_bytes(digest[8:16], "big") % prime
    return bool((who["draw"] * a + b) % prime / prime * 100 < leaf["percent"])


def fits(criterion: dict[str, Any], who: dict[str, Any], now: int) -> bool:
    match criterion:
        case {"all": parts}:
            return all(fits(part, who, now) for part in parts)
        case {"any": parts}:
            return any(fits(part, who, now) for part in parts)
        case {"none": parts}:
            return not any(fits(part, who, now) for part in parts)
    leaf = criterion
    match leaf["leaf"]:
        case "attribute":
            return attribute_fits(leaf, who, now)
        case "tag":
            return any(
                tag["tag"] == leaf["tag"]
                and tag["added_at"] <= now
                and (tag["expires_at"] is None or tag["expires_at"] > now)
                for tag in who["tags"]
            )
        case "consent":
            return consent_of(leaf, who, now) == leaf["state"]
        case "reachable":
            return bool(who["email_key"]) and consent_of(leaf, who, now) == "given"
        case "preferred channel":
            return (who["preferred_channel"] or clicked_most(who, now)) == leaf["channel"]
        case "event":
            ats = [
                e["at"]
                for e in who["events"]
                if e["kind"] == leaf["event"] and in_scope(leaf, e["at"], now)
                if all(filter_fits(filter_, e["data"]) for filter_ in leaf.get("where", []))
            ]
            return counted(leaf, ats, now)
        case "purchase":
            return purchase_fits(leaf, who, now)
        case "contract":
            return contract_fits(leaf, who, now)
        case "segment":
            return any(
                m["segment"] == leaf["segment"] and m["to_at"] is None and m["from_at"] <= now
                for m in who["memberships"]
            )
        case "nps":
            return nps_fits(leaf, who, now)
        case "loyalty":
            return loyalty_of(leaf, who, now) == leaf["state"]
        case "stage":
            return any(
                s["funnel"] == leaf["funnel"]
                and s["entered_at"] <= now
                and ("stage" not in leaf or s["stage"] == leaf["stage"])
                and (
                    "entered_days_ago" not in leaf
                    or compares(leaf["entered_days_ago"], (day_of(now) - day_of(s["entered_at"])).days)
                )
                for s in who["stages"]
            )
        case "anniversary":
            return anniversary_fits(leaf, who, now)
        case "random share":
            return share_fits(leaf, who)
    raise AssertionError(leaf)


def leaves_of(criterion: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "leaf" in criterion:
        yield criterion
    else:
        for part in next(iter(criterion.values())):
            yield from leaves_of(part)


# --- random bases ----------------------------------------------------------------------------------------------------

CATEGORIES = {"tea": "garden", "pot": "kitchen"}
KINDS = ["page.visited", "email.clicked", "push.clicked", "loyalty.asked", "loyalty.joined", "loyalty.declined"]


def ats(now: int) -> st.SearchStrategy[int]:
    """Moments around the edges of the days that criteria ask for, the future included."""
    edges = [start(day_of(now) - timedelta(days=n)) for n in (0, 1, 2, 3, 4, 6, 365, 366)]
    near = [edge + shift for edge in edges for shift in (-1, 0)]
    return st.sampled_from([*near, now, now + 1, now - 7200, now - 7199, now - 7201])


def days(now: int) -> st.SearchStrategy[str]:
    today = day_of(now)
    near = st.integers(-4, 4).map(lambda n: (today + timedelta(days=n)).isoformat())
    return near | st.sampled_from(["2000-02-29", "2000-02-28", "2001-03-01", f"1999-{today.isoformat()[5:7]}-22"])


def people(now: int) -> st.SearchStrategy[dict[str, Any]]:
    at = ats(now)
    scalars = st.sampled_from([*TEXTS[:4], *NUMBERS[:6], True, False, None]) | st.just(["Łódź"])
    data = st.fixed_dictionaries({}, optional={"x": scalars, "programme": st.sampled_from(["club", "other"])})
    event = st.fixed_dictionaries({"kind": st.sampled_from(KINDS), "at": at, "data": data}) | st.fixed_dictionaries(
        {
            "kind": st.just("nps.answered"),
            "at": at,
            "data": st.fixed_dictionaries({"score": st.integers(0, 10), "survey": st.sampled_from(["nps", "other"])}),
        }
    )
    line = st.fixed_dictionaries({"product": st.sampled_from(list(CATEGORIES)), "amount": st.sampled_from([100, 250])})
    purchase = st.fixed_dictionaries(
        {
            "at": at,
            "total": st.sampled_from([100, 200, 1000]),
            "currency": st.sampled_from(["PLN", "EUR"]),
            "lines": st.lists(line, max_size=2),
        }
    )
    contract = st.fixed_dictionaries(
        {
            "product": st.sampled_from(list(CATEGORIES)),
            "start_on": days(now),
            "end_on": days(now),
            "duration_days": st.sampled_from([29, 30, 31]),
            "recurring_now": st.booleans(),
            "recurring_initially": st.booleans(),
        }
    )
    consent = st.fixed_dictionaries(
        {
            "channel": st.sampled_from(["email", "sms"]),
            "purpose": st.just("news"),
            "given": st.booleans(),
            "at": at,
        }
    )
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "city": st.sampled_from(TEXTS),
            "points": st.sampled_from(NUMBERS),
            "born": days(now),
            "seen": at,
            "vip": st.booleans(),
            "likes": st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2),
        },
    )
    return st.fixed_dictionaries(
        {
            "first_name": st.none() | st.sampled_from(TEXTS),
            "language": st.none() | st.sampled_from(["pl", "en"]),
            "preferred_channel": st.none() | st.sampled_from(["email", "push"]),
            "has_address": st.booleans(),
            "draw": st.integers(0, 2**31 - 1),
            "attributes": attributes,
            "tags": st.lists(
                st.fixed_dictionaries({"tag": st.just("vip"), "added_at": at, "expires_at": st.none() | at}), max_size=1
            ),
            "consents": st.lists(consent, max_size=2, unique_by=lambda one: one["channel"]),
            "events": st.lists(event, max_size=4),
            "purchases": st.lists(purchase, max_size=3),
            "contracts": st.lists(contract, max_size=2),
            "memberships": st.lists(
                st.fixed_dictionaries({"segment": st.just("loyal"), "from_at": at, "to_at": st.none() | at}), max_size=1
            ),
            "stages": st.lists(
                st.fixed_dictionaries(
                    {"funnel": st.just("sales"), "stage": st.sampled_from(["lead", "won"]), "entered_at": at}
                ),
                max_size=1,
            ),
        }
    )


def fill(conn: Connection, base: list[dict[str, Any]]) -> None:
    """Write the base as the doors of the store would, in as few statements as there are tables."""

    def put(table: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            conn.execute(insert(table), rows)

    put(t.product, [{"key": key, "name": key, "category": name} for key, name in CATEGORIES.items()])
    put(t.tag, [{"key": "vip", "label": "VIP"}])
    put(t.purpose, [{"key": "news", "label": "News"}])
    put(t.segment, [{"key": "loyal", "label": "Loyal", "criterion": {"all": []}}])
    put(t.funnel, [{"key": "sales", "label": "Sales"}])
    columns = ("first_name", "language", "preferred_channel", "email", "email_key", "draw", "attributes", "keys")
    put(t.contact, [{"id": who["id"], "created_at": 0} | {name: who[name] for name in columns} for who in base])
    mine = [(who["id"], name, row) for who in base for name in LISTS for row in who[name]]
    for name, table in LISTS.items():
        extra = {"recorded_at": 0, "source": "test", "quiet": False} if name == "events" else {}
        extra |= {"consent": 1} if name == "consents" else {}
        extra |= {"reason": "time"} if name == "memberships" else {}
        put(
            table,
            [
                {"contact": id_, **extra, **{key: value for key, value in row.items() if key != "lines"}}
                for id_, of, row in mine
                if of == name
            ],
        )
    put(
        t.purchase_line,
        [
            {"purchase": row["id"], "n": n, "quantity": 1, **line}
            for _id, of, row in mine
            if of == "purchases"
            for n, line in enumerate(row["lines"])
        ],
    )


LISTS = {
    "tags": t.contact_tag,
    "consents": t.consent_now,
    "events": t.event,
    "purchases": t.purchase,
    "contracts": t.contract,
    "memberships": t.membership,
    "stages": t.contact_stage,
}


def complete(base: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give ids, addresses and folded keys."""
    ids = {"events": 0, "purchases": 0}
    for n, who in enumerate(base, start=1):
        who["id"] = n
        who["email"] = who["email_key"] = f"c{n}@example.com" if who["has_address"] else None
        texts = {name: who[name] for name in ("first_name", "language", "preferred_channel", "email")}
        texts |= {key: value for key, value in who["attributes"].items() if key in ("city", "likes")}
        who["keys"] = {
            key: [fold(item) for item in value] if isinstance(value, list) else fold(value)
            for key, value in texts.items()
            if value is not None
        }
        for name in ids:
            for row in who[name]:
                ids[name] += 1
                row["id"] = ids[name]
    return base


# --- random criteria -------------------------------------------------------------------------------------------------


def comparison(values: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.fixed_dictionaries({"op": st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), "value": values})
    two = st.fixed_dictionaries({"op": st.just("between"), "value": st.lists(values, min_size=2, max_size=2)})
    return one | two


SMALL = comparison(st.integers(0, 4))
SCOPES = st.sampled_from(
    [
        {"type": "ever"},
        {"type": "last", "amount": 1, "unit": "days"},
        {"type": "last", "amount": 3, "unit": "days"},
        {"type": "last", "amount": 2, "unit": "hours"},
    ]
)


def dicts(given: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    as_strategy = {
        key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in given.items()
    }
    return st.fixed_dictionaries(as_strategy, optional=optional or {})


def attribute_leaves(now: int) -> st.SearchStrategy[dict[str, Any]]:
    order = ["=", "!=", "<", "<=", ">", ">="]
    relative = ["within the last days", "in the next days", "days ago", "in days", "more than days ago"]
    text = st.sampled_from(TEXTS)
    texts = st.sampled_from(["city", "first_name", "language"])
    common = {"leaf": "attribute"}
    asked_days = st.integers(-4, 4).map(lambda n: (day_of(now) + timedelta(days=n)).isoformat())

    def dated(key: str, kind: str) -> list[st.SearchStrategy[dict[str, Any]]]:
        typed = common | {"attribute": key, "type": kind}
        return [
            dicts(typed | {"op": st.sampled_from(order), "value": asked_days}),
            dicts(typed | {"op": "between", "value": st.lists(asked_days, min_size=2, max_size=2)}),
            dicts(typed | {"op": st.sampled_from(relative), "value": st.integers(0, 4)}),
        ]

    number = common | {"attribute": "points", "type": "number"}
    return st.one_of(
        dicts(
            common | {"attribute": texts, "op": st.sampled_from(["=", "!=", "contains", "starts with"]), "value": text}
        ),
        dicts(common | {"attribute": texts, "op": "in", "value": st.lists(text, min_size=1, max_size=3)}),
        dicts(
            common
            | {
                "attribute": st.sampled_from(["city", "points", "born", "vip", "likes", "language"]),
                "op": st.sampled_from(["has a value", "has none"]),
            }
        ),
        dicts(number | {"op": st.sampled_from(order), "value": st.sampled_from(NUMBERS)}),
        dicts(number | {"op": "in", "value": st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3)}),
        dicts(number | {"op": "between", "value": st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=2)}),
        dicts(
            common | {"attribute": "vip", "type": "boolean", "op": st.sampled_from(["=", "!="]), "value": st.booleans()}
        ),
        dicts(common | {"attribute": "likes", "type": "list", "op": "contains", "value": text}),
        dicts(
            common | {"attribute": "likes", "type": "list", "op": "in", "value": st.lists(text, min_size=1, max_size=2)}
        ),
        *dated("born", "date"),
        *dated("seen", "datetime"),
    )


def event_filters() -> st.SearchStrategy[dict[str, Any]]:
    scalar = st.sampled_from([*TEXTS[:4], *NUMBERS[:6]])
    number, text = st.sampled_from(NUMBERS[:6]), st.sampled_from(TEXTS[:4])
    return st.one_of(
        dicts({"field": "x", "op": st.sampled_from(["=", "!="]), "value": scalar | st.booleans()}),
        dicts({"field": "x", "op": st.sampled_from(["<", "<=", ">", ">="]), "value": scalar}),
        dicts({"field": "x", "op": "between", "value": st.lists(number, min_size=2, max_size=2)}),
        dicts({"field": "x", "op": "between", "value": st.lists(text, min_size=2, max_size=2)}),
        dicts({"field": "x", "op": "in", "value": st.lists(scalar | st.booleans(), min_size=1, max_size=3)}),
        dicts(
            {"field": "x", "op": st.sampled_from(["contains", "starts with"]), "value": st.sampled_from(["Ł", "Lo"])}
        ),
        dicts({"field": "x", "op": "exists"}),
    )


def other_leaves() -> list[st.SearchStrategy[dict[str, Any]]]:
    event = {"leaf": "event", "event": st.sampled_from(KINDS[:2])}
    event_extra = {"where": st.lists(event_filters(), max_size=2), "scope": SCOPES}
    order = {"leaf": "purchase"}
    narrowed = {
        "product": st.sampled_from(["tea", "pot"]),
        "category": st.sampled_from(["garden", "kitchen"]),
        "currency": st.just("PLN"),
    }
    change = dicts(
        {
            "of": st.sampled_from(["count", "total"]),
            "days": st.integers(1, 3),
            "op": st.sampled_from(["<=", ">="]),
            "percent": st.sampled_from([-100, -50, 0, 50, 100]),
        }
    )
    channel = st.sampled_from(["email", "sms"])
    return [
        dicts({"leaf": "tag", "tag": "vip"}),
        dicts(
            {
                "leaf": "consent",
                "channel": channel,
                "purpose": "news",
                "state": st.sampled_from(["given", "withdrawn", "never asked"]),
            }
        ),
        dicts({"leaf": "reachable", "channel": "email", "purpose": "news"}),
        dicts({"leaf": "preferred channel", "channel": st.sampled_from(["email", "push", "sms"])}),
        dicts(event | {"count": SMALL}, event_extra),
        dicts(event | {"last_days_ago": SMALL}, event_extra),
        dicts(event | {"first_days_ago": SMALL}, event_extra),
        dicts(order | {"count": SMALL}, narrowed | {"scope": SCOPES}),
        dicts(order | {"last_days_ago": SMALL}, narrowed | {"scope": SCOPES}),
        dicts(order | {"first_days_ago": SMALL}, narrowed | {"scope": SCOPES}),
        dicts(
            order | {"total": comparison(st.sampled_from([0, 100, 300])), "currency": "PLN"},
            {"product": narrowed["product"], "scope": SCOPES},
        ),
        dicts(order | {"change": change, "currency": "PLN"}, {"category": narrowed["category"]}),
        dicts(
            {"leaf": "contract"},
            {
                "product": narrowed["product"],
                "end": comparison(st.integers(-1, 5)),
                "duration_days": comparison(st.integers(29, 31)),
                "started_days_ago": SMALL,
                "recurring_now": st.booleans(),
                "recurring_initially": st.booleans(),
                "count": comparison(st.integers(0, 2)),
            },
        ),
        dicts({"leaf": "segment", "segment": "loyal"}),
        dicts(
            {"leaf": "nps", "answer": st.sampled_from(["promoter", "passive", "detractor", "no answer"])},
            {"survey": st.just("nps"), "scope": SCOPES},
        ),
        dicts({"leaf": "nps", "score": comparison(st.integers(0, 10))}, {"scope": SCOPES}),
        dicts(
            {
                "leaf": "loyalty",
                "programme": "club",
                "state": st.sampled_from(["joined", "declined", "no answer", "not asked"]),
            }
        ),
        dicts(
            {"leaf": "stage", "funnel": "sales"}, {"stage": st.sampled_from(["lead", "won"]), "entered_days_ago": SMALL}
        ),
        dicts(
            {
                "leaf": "anniversary",
                "leap_day": st.sampled_from(["28 Feb", "1 Mar"]),
                "of": st.sampled_from(
                    [
                        {"type": "attribute", "attribute": "born"},
                        {"type": "first purchase"},
                        {"type": "last event", "event": "page.visited"},
                    ]
                ),
            },
            {"in_days": st.integers(0, 2)},
        ),
        dicts({"leaf": "random share", "percent": st.sampled_from([0, 12.5, 50, 100]), "salt": st.sampled_from("ab")}),
    ]


def criteria(now: int) -> st.SearchStrategy[dict[str, Any]]:
    leaf = st.one_of(attribute_leaves(now), *other_leaves())
    return st.recursive(
        leaf,
        lambda part: st.one_of(
            dicts({"all": st.lists(part, max_size=3)}),
            dicts({"any": st.lists(part, min_size=1, max_size=3)}),
            dicts({"none": st.lists(part, min_size=1, max_size=3)}),
        ),
        max_leaves=5,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """(now, base, criteria): several criteria to a base, which costs more to write than to ask."""
    now = draw(st.sampled_from(NOWS))
    base = draw(st.lists(people(now), min_size=1, max_size=4))
    return now, complete(base), draw(st.lists(criteria(now), min_size=2, max_size=4))


# --- the properties --------------------------------------------------------------------------------------------------


def ask(conn: Connection, criterion: Any, now: int) -> set[int]:
    members, moments = select_members(parse_criterion(criterion), conn.dialect.name)
    return set(conn.execute(members, moments.values(now, ZONE)).scalars())


def ask_by_id(conn: Connection, criterion: Any, now: int) -> tuple[set[int], dict[int, str]]:
    """The same where only the contact's id is at hand, as in a cohort; and the evidence."""
    e, moments = t.enrollment.c, Moments()
    frame = Frame(e.contact, moments, conn.dialect.name)
    parsed = parse_criterion(criterion)
    holds = select(e.contact).where(compile_criterion(parsed, frame))
    found = set(conn.execute(holds, moments.values(now, ZONE)).scalars())
    seen = conn.execute(select(e.contact, evidence(parsed, frame)), moments.values(now, ZONE))
    return found, {row[0]: row[1] for row in seen}


def enroll_all(conn: Connection, base: list[dict[str, Any]]) -> None:
    conn.execute(insert(t.journey).values(id=1, key="J", name="J", state="live", state_at=0))
    conn.execute(insert(t.version).values(id=1, journey=1, number=1, published_at=0, hash="", graph="{}"))
    passage = {"journey": 1, "version": 1, "entry": 1, "single": False, "trigger": "T", "since_at": 0, "node": "N"}
    passage |= {"arrived_at": 0, "n": 0, "state": "active", "entered_at": 0}
    conn.execute(insert(t.enrollment), [passage | {"contact": who["id"]} for who in base])


def check(store: Store, case: tuple[int, list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    now, base, asked = case
    with store.engine.connect() as conn, conn.begin() as transaction:
        fill(conn, base)
        enroll_all(conn, base)
        for criterion in asked:
            expected = {who["id"] for who in base if fits(criterion, who, now)}
            assert ask(conn, criterion, now) == expected, criterion
            found, seen = ask_by_id(conn, criterion, now)
            assert found == expected, criterion
            said = list(leaves_of(criterion))
            for who in base:
                rows = explain(parse_criterion(criterion), seen[who["id"]], at=now, zone=ZONE)
                assert [row.holds for row in rows] == [fits(leaf, who, now) for leaf in said], (criterion, seen)
        transaction.rollback()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=cases())
def test_sqlite_finds_whom_the_walk_finds(sqlite_store: Store, case: Any) -> None:
    check(sqlite_store, case)


@pytest.mark.postgres
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=cases())
def test_postgresql_finds_whom_the_walk_finds(postgres_store: Store, case: Any) -> None:
    check(postgres_store, case)


@pytest.mark.long
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(case=cases())
def test_both_databases_find_whom_the_walk_finds_many_times(
    sqlite_store: Store, postgres_store: Store, case: Any
) -> None:
    check(sqlite_store, case)
    check(postgres_store, case)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(criterion=criteria(NOWS[0]))
def test_json_goes_round_and_words_are_words(criterion: dict[str, Any]) -> None:
    parsed = parse_criterion(criterion)
    dumped = json.dumps(dump_criterion(parsed))
    assert parse_criterion(json.loads(dumped)) == parsed
    assert json.dumps(dump_criterion(parse_criterion(json.loads(dumped)))) == dumped
    said = words(parsed)
    assert said
    for sign in (">=", "<=", "!=", "==", "None", "True", "False", "null", "{", "}", "[", "]"):
        assert sign not in said, said
