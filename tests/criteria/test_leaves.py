"""Single kinds of leaves, by rows of the requirements where one stands behind them."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.criteria import never_true, parse_criterion, words


def event(kind: str, **asked: Any) -> dict[str, Any]:
    return {"leaf": "event", "event": kind, **asked}


def purchase(**asked: Any) -> dict[str, Any]:
    return {"leaf": "purchase", **asked}


def is_(op: str, value: Any) -> dict[str, Any]:
    return {"op": op, "value": value}


def last(amount: int, unit: str = "days") -> dict[str, Any]:
    return {"type": "last", "amount": amount, "unit": unit}


# --- events and purchases --------------------------------------------------------------------------------------------


def test_E7_the_fifth_visit_without_a_download(base: Any) -> None:
    for name, visits, downloads in (("four", 4, 0), ("five", 5, 0), ("six", 6, 0), ("loaded", 5, 1)):
        base.contact(name)
        for _n in range(visits):
            base.event(name, "page.visited", base.days_ago(1))
        for _n in range(downloads):
            base.event(name, "ebook.downloaded", base.days_ago(1))
    fifth = {"all": [event("page.visited", count=is_("=", 5)), event("ebook.downloaded", count=is_("=", 0))]}
    assert base.matches(fifth) == {"five"}


COUNTS: list[tuple[dict[str, Any], set[int]]] = [
    (is_("=", 0), {0}),
    (is_("!=", 0), {1, 2, 3}),
    (is_("!=", 2), {0, 1, 3}),
    (is_("<", 2), {0, 1}),
    (is_("<", 0), set()),
    (is_("<=", 2), {0, 1, 2}),
    (is_(">", 1), {2, 3}),
    (is_(">=", 0), {0, 1, 2, 3}),
    (is_("between", [1, 2]), {1, 2}),
    (is_("between", [2, 1]), set()),
]


def test_counts_compare(base: Any) -> None:
    for n in range(4):
        base.contact(str(n))
        for _n in range(n):
            base.event(str(n), "page.visited", base.days_ago(1))
    for comparison, fit in COUNTS:
        leaf = event("page.visited", count=comparison)
        assert base.matches(leaf) == {str(n) for n in fit}, comparison
        assert base.matches({"none": [leaf]}) == {str(n) for n in {0, 1, 2, 3} - fit}, comparison


def test_what_lies_after_now_has_not_happened(base: Any) -> None:
    base.contact("Anna")
    base.event("Anna", "page.visited", "2026-11-22 12:01")
    base.purchase("Anna", "2026-11-22 12:01")
    assert base.matches({"any": [event("page.visited"), purchase()]}) == set()


def test_C12_long_since_login_or_no_sign_of_life(base: Any) -> None:
    base.attribute("last_login", "date")
    dormant = {
        "any": [
            {"leaf": "attribute", "attribute": "last_login", "op": "more than days ago", "value": 90},
            {
                "none": [
                    event("email.opened", scope=last(180)),
                    event("email.clicked", scope=last(180)),
                    purchase(scope=last(180)),
                ]
            },
        ]
    }
    for name, login in (("91", 91), ("90", 90), ("unknown", None)):
        base.contact(name, last_login=None if login is None else base.days_ago(login)[:10])
        base.event(name, "email.opened", base.days_ago(180, "00:00"))
    base.contact("silent", last_login=base.days_ago(1)[:10])
    base.event("silent", "email.opened", base.days_ago(181, "23:59"))
    base.purchase("silent", base.days_ago(181))
    assert base.matches(dormant) == {"91", "silent"}


def test_D16_has_not_visited_for_five_days_and_prefers_a_channel(base: Any) -> None:
    for name, days in (("5", 5), ("6", 6), ("never", None)):
        base.contact(name)
        if days is not None:
            base.event(name, "page.visited", base.days_ago(days))
    assert base.matches(event("page.visited", last_days_ago=is_(">", 5))) == {"6"}
    assert base.matches({"none": [event("page.visited", scope=last(5))]}) == {"6", "never"}


def test_D16_the_declared_channel_counts_before_the_one_clicked_most(base: Any) -> None:
    base.contact("declares", preferred_channel="sms")
    base.contact("clicks")
    base.contact("neither")
    base.contact("equally")
    for name in ("declares", "clicks"):
        for _n in range(2):
            base.event(name, "email.clicked", base.days_ago(1))
        base.event(name, "push.clicked", base.days_ago(1))
    base.event("equally", "push.clicked", base.days_ago(1))
    base.event("equally", "email.clicked", base.days_ago(1))

    def prefers(channel: str) -> dict[str, Any]:
        return {"leaf": "preferred channel", "channel": channel}

    assert base.matches(prefers("sms")) == {"declares"}
    assert base.matches(prefers("email")) == {"clicks", "equally"}
    assert base.matches({"none": [prefers("email")]}) == {"declares", "neither"}


def test_D10_no_order_yet(base: Any) -> None:
    base.contact("new")
    base.contact("buyer")
    base.purchase("buyer", base.days_ago(400))
    assert base.matches(purchase(count=is_("=", 0))) == {"new"}
    assert words(parse_criterion(purchase(count=is_("=", 0)))) == "has never ordered"


def test_B3_half_as_many_orders_as_in_the_days_before(base: Any) -> None:
    for before, now in ((4, 2), (4, 3), (2, 0), (0, 0), (0, 2), (3, 1)):
        name = f"{before} then {now}"
        base.contact(name)
        for _n in range(before):
            base.purchase(name, base.days_ago(90, "00:00"))
        for _n in range(now):
            base.purchase(name, base.days_ago(89, "00:00"))
        base.purchase(name, base.days_ago(180, "23:59"))
    fewer = purchase(change={"of": "count", "days": 90, "op": "<=", "percent": -50})
    assert base.matches(fewer) == {"4 then 2", "2 then 0", "3 then 1"}


def test_B3_a_category_bought_for_the_first_time(base: Any) -> None:
    base.product("tea", "garden")
    base.product("pot", "kitchen")
    for name, days in (("new", 10), ("old", 100)):
        base.contact(name)
        base.purchase(name, base.days_ago(days), lines=(("tea", 1000),))
    base.purchase("old", base.days_ago(3), lines=(("tea", 1000), ("pot", 1000)))
    assert base.matches(purchase(category="garden", first_days_ago=is_("<=", 30))) == {"new"}
    assert base.matches(purchase(category="kitchen")) == {"old"}
    assert base.matches(purchase(product="tea", count=is_(">=", 2))) == {"old"}


def test_sums_are_of_one_currency_and_of_the_lines_that_fit(base: Any) -> None:
    base.product("tea", "garden")
    base.product("pot", "kitchen")
    base.contact("Anna")
    base.contact("nobody")
    base.purchase("Anna", base.days_ago(1), 7000, lines=(("tea", 2000), ("pot", 5000)))
    base.purchase("Anna", base.days_ago(2), 9000, currency="EUR")

    def sum_(op: str, value: int, **more: Any) -> dict[str, Any]:
        return purchase(total=is_(op, value), currency="PLN", **more)

    assert base.matches(sum_("=", 7000)) == {"Anna"}
    assert base.matches(sum_("=", 2000, product="tea")) == {"Anna"}
    assert base.matches(sum_("=", 5000, category="kitchen")) == {"Anna"}
    assert base.matches(sum_("<=", 0)) == {"nobody"}


def test_days_since_the_last_order_are_calendar_days(base: Any) -> None:
    # 25 October, when clocks go back, lies between
    for name, n, clock in (("89", 89, "00:00"), ("90", 90, "23:59"), ("91", 91, "00:00")):
        base.contact(name)
        base.purchase(name, base.days_ago(n, clock))
        base.purchase(name, base.days_ago(n + 200))
    assert base.matches(purchase(last_days_ago=is_(">=", 90))) == {"90", "91"}
    assert base.matches(purchase(last_days_ago=is_("<=", 89))) == {"89"}
    assert base.matches(purchase(last_days_ago=is_("=", 90))) == {"90"}
    assert base.matches(purchase(last_days_ago=is_("!=", 90))) == {"89", "91"}
    assert base.matches(purchase(last_days_ago=is_(">=", 0))) == {"89", "90", "91"}


# --- filters on data -------------------------------------------------------------------------------------------------

CROSSES_200 = event(
    "contact.changed",
    where=[
        {"field": "field", "op": "=", "value": "points"},
        {"field": "old", "op": "<", "value": 200},
        {"field": "new", "op": ">=", "value": 200},
    ],
)


def test_trap_4_points_fire_where_the_value_crosses(base: Any) -> None:
    for old, new in ((199, 201), (199, 200), (200, 201), (150, 199), (None, 250), ("1", "300")):
        name = f"{old} to {new}"
        base.contact(name)
        base.event(name, "contact.changed", base.days_ago(0), {"field": "points", "old": old, "new": new})
        base.event(name, "contact.changed", base.days_ago(0), {"field": "other", "old": 1, "new": 300})
    assert base.matches(CROSSES_200) == {"199 to 201", "199 to 200"}


def test_trap_5_an_unchanged_write_leaves_nothing_to_fire_on(base: Any) -> None:
    from journeys.store.contacts import change

    base.attribute("city", "text")
    anna = base.contact("Anna", city="Łódź")
    changed = event("contact.changed", where=[{"field": "field", "op": "=", "value": "city"}])
    for city, fit in (("Łódź", set()), ("Gdańsk", {"Anna"})):
        with base.store.write() as conn:
            change(conn, [(anna, {"city": city})], now=base.now, source="test")
        assert base.matches(changed) == fit


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    (is_("=", "/Garden/"), {"text"}),
    (is_("=", "/garden/"), set()),
    (is_("contains", "Gard"), {"text"}),
    (is_("starts with", "/G"), {"text"}),
    (is_("!=", "x"), {"text"}),
    (is_("=", 5), {"number"}),
    (is_("in", [5, "/Garden/"]), {"number", "text"}),
    (is_("between", [4, 5.5]), {"number"}),
    (is_("=", True), {"yes"}),
    (is_("!=", False), {"yes"}),
    ({"op": "exists"}, {"text", "number", "yes"}),
]


def test_a_filter_compares_values_of_its_own_type_only(base: Any) -> None:
    for name, data in (
        ("text", {"url": "/Garden/"}),
        ("number", {"url": 5}),
        ("yes", {"url": True}),
        ("null", {"url": None}),
        ("missing", {}),
    ):
        base.contact(name)
        base.event(name, "page.visited", base.days_ago(1), data)
    for filter_, fit in FILTERS:
        assert base.matches(event("page.visited", where=[{"field": "url", **filter_}])) == fit, filter_


# --- attributes ------------------------------------------------------------------------------------------------------


def attribute(key: str, op: str, *value: Any, **more: Any) -> dict[str, Any]:
    return {"leaf": "attribute", "attribute": key, "op": op, **({"value": value[0]} if value else {}), **more}


TEXTS: list[tuple[tuple[Any, ...], set[str]]] = [
    (("=", "łódź"), {"upper", "lower"}),
    (("=", "Lodz"), {"ascii"}),
    (("contains", "ÓD"), {"upper", "lower"}),
    (("starts with", "Łó"), {"upper", "lower"}),
    (("in", ["LODZ", "ŁÓDŹ"]), {"upper", "lower", "ascii"}),
    (("!=", "łódź"), {"ascii"}),
    (("has a value",), {"upper", "lower", "ascii"}),
    (("has none",), {"none"}),
]


def test_text_is_folded_and_letters_matter(base: Any) -> None:
    base.attribute("city", "text")
    for name, city in (("upper", "ŁÓDŹ"), ("lower", "Łódź"), ("ascii", "lodz"), ("none", None)):
        base.contact(name, city=city)
    for asked, fit in TEXTS:
        leaf = attribute("city", *asked)
        assert base.matches(leaf) == fit, asked
        assert base.matches({"none": [leaf]}) == set(base.ids) - fit, asked


def test_columns_are_attributes_too(base: Any) -> None:
    base.contact("Żaneta", email="Zaneta@Example.com", language="pl")
    base.contact("Anna", language="en")
    assert base.matches(attribute("first_name", "=", "żaneta")) == {"Żaneta"}
    assert base.matches(attribute("email", "=", "zaneta@example.com")) == {"Żaneta"}
    assert base.matches(attribute("email", "has none")) == {"Anna"}
    assert base.matches(attribute("language", "in", ["PL", "de"])) == {"Żaneta"}
    assert base.matches(attribute("created_at", "=", "2020-01-01")) == {"Żaneta", "Anna"}


def test_lists_numbers_and_choices(base: Any) -> None:
    base.attribute("interests", "list")
    base.attribute("points", "number")
    base.attribute("plan", "choice", ("Gold", "Silver"))
    base.attribute("vip", "boolean")
    base.contact("a", interests=["Ogród", "Kuchnia"], points=10, plan="Gold", vip=True)
    base.contact("b", interests=["Ogródek"], points=9.5, plan="Silver", vip=False)
    base.contact("c")
    assert base.matches(attribute("interests", "contains", "ogród", type="list")) == {"a"}
    assert base.matches(attribute("points", "between", [9, 9.9])) == {"b"}
    assert base.matches(attribute("points", ">=", 10)) == {"a"}
    assert base.matches(attribute("plan", "=", "gold", type="choice")) == {"a"}
    assert base.matches(attribute("vip", "=", False)) == {"b"}
    assert base.matches({"none": [attribute("vip", "=", True)]}) == {"b", "c"}


def test_a_wrong_guess_at_the_type_finds_nobody_and_breaks_nothing(base: Any) -> None:
    base.attribute("city", "text")
    base.contact("Anna", city="Łódź")
    assert base.matches(attribute("city", ">", 3)) == set()
    assert base.matches(attribute("city", "=", True)) == set()
    assert base.matches(attribute("city", "days ago", 3)) == set()


RELATIVE: list[tuple[str, int, set[int]]] = [
    ("within the last days", 2, {0, 1, 2}),
    ("in the next days", 1, {0, -1}),
    ("days ago", 0, {0}),
    ("in days", 1, {-1}),
    ("more than days ago", 2, {3}),
]


@pytest.mark.parametrize("type_", ["date", "datetime"])
def test_relative_days(base: Any, type_: Any) -> None:
    base.attribute("day", type_)
    for ago in (-2, -1, 0, 1, 2, 3):
        day = base.days_ago(ago, "23:59")
        base.contact(str(ago), day=day[:10] if type_ == "date" else day.replace(" ", "T") + "+01:00")
    for op, value, fit in RELATIVE:
        assert base.matches(attribute("day", op, value, type=type_)) == {str(n) for n in fit}, op


def test_a_moment_is_compared_with_a_whole_day_or_with_a_moment(base: Any) -> None:
    base.attribute("seen", "datetime")
    base.contact("before", seen="2026-11-19T23:59:59+01:00")
    base.contact("start", seen="2026-11-20T00:00:00+01:00")
    base.contact("end", seen="2026-11-20T23:59:59+01:00")
    base.contact("after", seen="2026-11-21T00:00:00+01:00")

    def seen(op: str, value: Any) -> set[str]:
        found: set[str] = base.matches(attribute("seen", op, value, type="datetime"))
        return found

    assert seen("=", "2026-11-20") == {"start", "end"}
    assert seen("<=", "2026-11-20") == {"before", "start", "end"}
    assert seen(">", "2026-11-20") == {"after"}
    assert seen(">", "2026-11-20T00:00+01:00") == {"end", "after"}
    assert seen("between", ["2026-11-20", "2026-11-21"]) == {"start", "end", "after"}


# --- the rest --------------------------------------------------------------------------------------------------------


def test_the_ends_of_the_calendar_are_days_like_others(base: Any) -> None:
    base.attribute("valid_until", "datetime")
    base.contact("Anna", valid_until="9999-12-31T23:59:59Z")
    lasts = {"leaf": "attribute", "attribute": "valid_until", "op": ">=", "value": "9999-12-30", "type": "datetime"}
    assert base.matches(lasts) == {"Anna"}
    (seen,) = base.explained(lasts, "Anna")
    assert (seen.holds, seen.observed) == (True, "9999-12-31 23:59")
    assert base.matches(lasts | {"value": "0001-01-02"}) == {"Anna"}


def test_consent_is_given_withdrawn_or_was_never_asked(base: Any) -> None:
    for name, given in (("given", True), ("withdrawn", False), ("never asked", None)):
        base.contact(name, email=f"{name.replace(' ', '')}@example.com")
        if given is not None:
            base.consent(name, given=given)
    for state in ("given", "withdrawn", "never asked"):
        leaf = {"leaf": "consent", "channel": "email", "purpose": "newsletter", "state": state}
        assert base.matches(leaf) == {state}
        assert base.matches({"none": [leaf]}) == {"given", "withdrawn", "never asked"} - {state}


def test_reachable_is_an_address_and_a_consent(base: Any) -> None:
    base.contact("both", email="both@example.com")
    base.contact("address", email="address@example.com")
    base.contact("consent")
    base.consent("both", given=True)
    base.consent("consent", given=True)
    leaf = {"leaf": "reachable", "channel": "email", "purpose": "newsletter"}
    assert base.matches(leaf) == {"both"}
    assert [str(base.explained(leaf, name)[0]) for name in ("both", "address", "consent")] == [
        "reachable by e-mail for “newsletter”: address and consent",
        "reachable by e-mail for “newsletter”: no consent; asked for: address and consent",
        "reachable by e-mail for “newsletter”: no address; asked for: address and consent",
    ]


def test_tags_run_out(base: Any) -> None:
    from journeys.store.tables import contact_tag, tag

    for name in ("now", "over", "later", "without"):
        base.contact(name)
    base.rows(tag, {"key": "vip", "label": "VIP"})
    base.rows(
        contact_tag,
        {"contact": base.ids["now"], "tag": "vip", "added_at": 0, "expires_at": base.now + 1},
        {"contact": base.ids["over"], "tag": "vip", "added_at": 0, "expires_at": base.now},
        {"contact": base.ids["later"], "tag": "vip", "added_at": base.now + 1},
    )
    assert base.matches({"leaf": "tag", "tag": "vip"}) == {"now"}


SCORES = {0: "detractor", 6: "detractor", 7: "passive", 8: "passive", 9: "promoter", 10: "promoter"}


def test_D11_scores_have_their_names_and_the_newest_counts(base: Any) -> None:
    base.contact("silent")
    for score in SCORES:
        base.contact(str(score))
        base.event(str(score), "nps.answered", base.days_ago(9), {"survey": "nps", "score": 10 - score})
        base.event(str(score), "nps.answered", base.days_ago(1), {"survey": "nps", "score": score})
    for answer in ("promoter", "passive", "detractor"):
        fit = {str(score) for score, name in SCORES.items() if name == answer}
        assert base.matches({"leaf": "nps", "answer": answer, "survey": "nps"}) == fit
        assert base.matches({"leaf": "nps", "answer": answer, "survey": "other"}) == set()
    assert base.matches({"leaf": "nps", "answer": "no answer"}) == {"silent"}
    assert base.matches({"leaf": "nps", "score": is_(">=", 9)}) == {"9", "10"}


def test_D4_loyalty_has_an_answer_for_everybody(base: Any) -> None:
    for name, kinds in (
        ("joined", ("asked", "declined", "joined")),
        ("declined", ("joined", "declined")),
        ("no answer", ("asked",)),
        ("not asked", ()),
    ):
        base.contact(name)
        for days, kind in zip((3, 2, 1), kinds, strict=False):
            base.event(name, f"loyalty.{kind}", base.days_ago(days), {"programme": "club"})
    for state in ("joined", "declined", "no answer", "not asked"):
        assert base.matches({"leaf": "loyalty", "programme": "club", "state": state}) == {state}
    assert len(base.matches({"leaf": "loyalty", "programme": "other", "state": "not asked"})) == 4


#: (born, today, rule for 29 February, whether it is a birthday)
BIRTHDAYS = [
    ("1990-11-22", "2026-11-22", "28 Feb", True),
    ("1990-11-21", "2026-11-22", "28 Feb", False),
    ("2026-11-22", "2026-11-22", "28 Feb", False),
    ("2030-11-22", "2026-11-22", "28 Feb", False),
    ("2000-02-29", "2026-02-28", "28 Feb", True),
    ("2000-02-29", "2026-03-01", "28 Feb", False),
    ("2000-02-29", "2026-02-28", "1 Mar", False),
    ("2000-02-29", "2026-03-01", "1 Mar", True),
    ("2000-02-29", "2028-02-28", "28 Feb", False),
    ("2000-02-29", "2028-02-29", "28 Feb", True),
    ("2000-02-29", "2028-02-29", "1 Mar", True),
    ("2000-02-29", "2028-03-01", "1 Mar", False),
    ("2000-02-28", "2026-02-28", "28 Feb", True),
    ("2000-03-01", "2026-03-01", "1 Mar", True),
    ("2001-03-01", "2028-02-29", "1 Mar", False),
    ("2001-02-28", "2028-02-29", "28 Feb", False),
]


@pytest.mark.parametrize("of", ["attribute", "first purchase"])
def test_C10_birthdays_and_anniversaries_keep_the_leap_day_by_rule(base: Any, moment_at: Any, of: str) -> None:
    base.attribute("birth_date", "date")
    base.contact("nobody")
    for born in {case[0] for case in BIRTHDAYS}:
        base.contact(born, **({"birth_date": born} if of == "attribute" else {}))
        if of != "attribute":
            base.purchase(born, moment_at(f"{born} 00:00"))
            base.purchase(born, moment_at("2031-05-05 00:00"))
    day = {"type": of} | ({"attribute": "birth_date"} if of == "attribute" else {})
    for born, today, leap_day, birthday in BIRTHDAYS:
        leaf = {"leaf": "anniversary", "of": day, "leap_day": leap_day}
        base.now = moment_at(f"{today} 23:30")
        fit = base.matches(leaf)
        assert (born in fit) == birthday, (born, today, leap_day)
        assert "nobody" not in fit
        assert base.explained(leaf, born)[0].holds == birthday, (born, today, leap_day)
        assert not base.explained(leaf, "nobody")[0].holds


def test_C10_first_order_of_4_march_2025_returns_on_4_march_2026(base: Any, moment_at: Any) -> None:
    base.contact("Anna")
    base.event("Anna", "app.opened", "2025-03-04 08:00")
    base.purchase("Anna", "2025-03-04 23:59")
    base.purchase("Anna", "2025-09-09 12:00")
    first = {"leaf": "anniversary", "of": {"type": "first purchase"}, "leap_day": "28 Feb"}
    opened = {"leaf": "anniversary", "of": {"type": "last event", "event": "app.opened"}, "leap_day": "28 Feb"}
    for day, fit in (("2026-03-03", set()), ("2026-03-04", {"Anna"}), ("2026-03-05", set())):
        assert base.matches(first, now=moment_at(f"{day} 00:00")) == fit
        assert base.matches(opened, now=moment_at(f"{day} 00:00")) == fit
    assert base.matches({**first, "in_days": 7}, now=moment_at("2026-02-25 09:00")) == {"Anna"}


def test_segments_and_stages(base: Any) -> None:
    from journeys.store.tables import contact_stage, funnel, membership, segment, stage

    for name in ("in", "was", "out"):
        base.contact(name)
    base.rows(segment, {"key": "loyal", "label": "Loyal", "criterion": {"all": []}})
    base.rows(
        membership,
        {"segment": "loyal", "contact": base.ids["in"], "from_at": 5, "reason": "time"},
        {"segment": "loyal", "contact": base.ids["was"], "from_at": 5, "to_at": 9, "reason": "time"},
    )
    assert base.matches({"leaf": "segment", "segment": "loyal"}) == {"in"}
    base.rows(funnel, {"key": "sales", "label": "Sales"})
    base.rows(stage, {"funnel": "sales", "key": "lead", "label": "Lead", "n": 1})
    base.rows(
        contact_stage, {"contact": base.ids["in"], "funnel": "sales", "stage": "lead", "entered_at": base.now - 86400}
    )
    assert base.matches({"leaf": "stage", "funnel": "sales", "stage": "lead"}) == {"in"}
    assert base.matches({"leaf": "stage", "funnel": "sales", "stage": "won"}) == set()
    assert base.matches({"leaf": "stage", "funnel": "sales", "entered_days_ago": is_("=", 1)}) == {"in"}
    assert str(base.explained({"leaf": "stage", "funnel": "sales", "stage": "won"}, "in")[0]) == (
        "stage of “sales”: “lead” since 2026-11-21 12:00; asked for: stands in the stage “won” of “sales”"
    )


def test_journeys(base: Any) -> None:
    from journeys.store.tables import hop

    for name in ("in", "done", "goal", "out"):
        base.contact(name)
    base.enrollment("in", base.days_ago(3))
    base.enrollment("done", base.days_ago(3), state="finished")
    goal = base.enrollment("goal", base.days_ago(3), state="goal", goal_at=base.now)
    for n, node in enumerate(("A", "B", "A", "B", "A")):
        base.rows(
            hop,
            {
                "enrollment": goal,
                "n": n,
                "version": 1,
                "kind": "edge",
                "node": node,
                "outlet": "x",
                "entered_at": 0,
                "left_at": base.now - 9 + n,
            },
        )

    def state(name: str) -> set[str]:
        found: set[str] = base.matches({"leaf": "journey", "journey": "J", "state": name})
        return found

    assert [state(name) for name in ("in", "finished", "reached goal", "ever in")] == [
        {"in"},
        {"done"},
        {"goal"},
        {"in", "done", "goal"},
    ]
    assert base.matches({"leaf": "journey", "journey": "J", "node": "A", "visits": is_("=", 3)}) == {"goal"}
    assert base.passages({"leaf": "journey", "node": "B", "visits": is_(">=", 2)}) == {goal}
    assert base.passages({"leaf": "journey", "node": "B", "visits": is_(">=", 3)}) == set()


def test_erased_contacts_are_no_members(base: Any) -> None:
    from sqlalchemy import update

    from journeys.store.tables import contact

    anna = base.contact("Anna")
    base.contact("Ewa")
    with base.store.write() as conn:
        conn.execute(update(contact).where(contact.c.id == anna).values(erased_at=5))
    assert base.matches({"all": []}) == {"Ewa"}


def test_an_empty_sum_is_shown(base: Any) -> None:
    base.contact("Anna")
    base.purchase("Anna", base.days_ago(1), 12345)
    leaf = purchase(total=is_(">=", 20000), currency="PLN", scope=last(30))
    assert str(base.explained(leaf, "Anna")[0]) == "sum of orders (in the last 30 days): 123.45 PLN, not ≥ 200.00 PLN"
    assert never_true(parse_criterion(leaf)) is None
