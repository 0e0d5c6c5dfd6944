"""What must hold of any store at any time between two transactions, said by plain Python over its rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Table, select

from journeys.base.time import DAY, Instant, day_of
from journeys.criteria import drifts, parse_criterion, select_members
from journeys.graph.file import read_journey
from journeys.graph.journey import Journey
from journeys.nodes.node import Arrival, Node
from journeys.nodes.trigger import Trigger
from journeys.store import settings
from journeys.store import tables as t
from tests.engine.conftest import World

Row = Mapping[str, Any]
#: states of a message that is still on its way and not in a server's hands
ON_ITS_WAY = ("pending", "held", "claimed")


def broken(world: World) -> list[str]:
    """Every invariant that does not hold, in words."""
    with world.store.read() as conn:
        return list(_Look(conn).broken())


def broken_when_run(world: World) -> list[str]:
    """The same, and what holds only after everything due now was done."""
    with world.store.read() as conn:
        look = _Look(conn)
        return [*look.broken(), *look.left_over(world.now), *look.memberships_differ(conn, world.now)]


class _Look:
    def __init__(self, conn: Connection) -> None:
        def rows(table: Table, *order: str) -> list[Row]:
            return list(conn.execute(select(table).order_by(*(table.c[name] for name in order))).mappings())

        self.zone = settings.workspace_zone(conn)
        self.enrollments = rows(t.enrollment, "id")
        self.messages = rows(t.message, "id")
        self.memberships = rows(t.membership, "id")
        self.segments = rows(t.segment, "key")
        self.counters = rows(t.counter, "id")
        self.codes = rows(t.code, "id")
        self.contacts = {row["id"]: row for row in rows(t.contact, "id")}
        self.journeys = {row["id"]: row for row in rows(t.journey, "id")}
        self.fresh = rows(t.fresh, "event")
        self.graphs: dict[int, Journey] = {row["id"]: read_journey(row["graph"]) for row in rows(t.version, "id")}
        self.all_hops = rows(t.hop, "enrollment", "n")
        self.hops: dict[int, list[Row]] = defaultdict(list)
        for hop in self.all_hops:
            self.hops[hop["enrollment"]].append(hop)

    def broken(self) -> Iterator[str]:
        for enrollment in self.enrollments:
            for said in (*self._standing(enrollment), *self._walked(enrollment), *self._wrote(enrollment)):
                yield f"passage {enrollment['id']}: {said}"
        yield from self._counters_differ()
        yield from self._re_entered()
        yield from self._codes()
        yield from self._erased()
        yield from self._members_twice()

    # --- one passage -------------------------------------------------------------------------------------------------

    def _standing(self, e: Row) -> Iterator[str]:
        graph = self.graphs[e["version"]]
        if e["node"] not in graph:
            yield f"stands on {e['node']}, which its version does not have"
        if e["state"] == "active":
            if e["ended_at"] is not None or e["goal_at"] is not None:
                yield "is active and has ended"
            return
        if e["ended_at"] is None or e["due_at"] is not None or e["woken_by"] is not None:
            yield "has ended and still waits"
        elif e["ended_at"] < e["entered_at"]:
            yield "ended before it began"
        if (e["goal_at"] is not None) != (e["state"] == "goal"):
            yield f"is {e['state']} and goal_at is {e['goal_at']}"
        if not e["reason"] and e["state"] in ("goal", "exited", "failed") and graph.kind(e["node"]) != "goal":
            yield f"is {e['state']} for no reason"

    def _walked(self, e: Row) -> Iterator[str]:
        """Whether its hops are a way through its version that leads to where it stands."""
        graph, hops = self.graphs[e["version"]], self.hops[e["id"]]
        if not isinstance(self._entered_by(e).node(e["trigger"]), Trigger):
            yield f"came in by {e['trigger']}, which is no trigger"
        if [hop["n"] for hop in hops] != list(range(len(hops))):
            yield f"has hops {[hop['n'] for hop in hops]}"
        for hop, following in pairwise([*hops, e]):
            if hop["version"] != following["version"] and hop["kind"] != "migrate":
                yield f"came to another version at {hop['n']} without having been moved there"
        node: str | None = e["trigger"]
        since = e["entered_at"]
        for hop in hops:
            if hop["node"] != node:
                yield f"left {hop['node']} and stood on {node}"
            if hop["entered_at"] != since or hop["left_at"] < since:
                yield f"was at {hop['node']} from {hop['entered_at']} to {hop['left_at']}, and came at {since}"
            if hop["kind"] == "migrate":
                following = hops[hop["n"] + 1] if hop["n"] + 1 < len(hops) else e
                node = following["node"]
                if _goes_on(hop):
                    if node != hop["node"]:
                        yield f"went on at {node} with the time waited at {hop['node']}"
                else:
                    since = hop["left_at"]
                if node not in self.graphs[following["version"]]:
                    yield f"was moved to {node}, which its version does not have"
                continue
            since, node = hop["left_at"], None
            graph = self.graphs[hop["version"]]
            if hop["kind"] == "edge":
                step = graph.node(hop["node"])
                if step is None or hop["outlet"] not in {outlet.id for outlet in step.outlets()}:
                    yield f"took the outlet {hop['outlet']} of {hop['node']}, which has none such"
                elif graph.is_off(hop["node"]) != (hop["reason"] == "off"):
                    yield f"passed {hop['node']} with the reason {hop['reason']!r}"
                node = graph.target(hop["node"], hop["outlet"])
        yield from self._arrived(e, self.graphs[e["version"]], hops, node, since)

    def _arrived(self, e: Row, graph: Journey, hops: Sequence[Row], node: str | None, since: int) -> Iterator[str]:
        last = hops[-1] if hops else None
        if e["state"] == "active" or e["state"] == "failed":
            if e["node"] != node or e["n"] != len(hops) or e["arrived_at"] != since:
                yield f"stands on {e['node']} since {e['arrived_at']}, and its hops lead to {node} at {since}"
            return
        if last is None or last["left_at"] != e["ended_at"] or e["node"] != last["node"]:
            yield f"ended at {e['node']} at {e['ended_at']}, and its last hop is {last and dict(last)}"
            return
        match e["state"], last["kind"]:
            case ("goal", "goal") | ("exited", "exit"):
                pass
            case ("finished", "exit") if graph.kind(e["node"]) == "exit":
                pass
            case ("finished", "jump") if graph.kind(e["node"]) == "jump":
                pass
            case ("finished", "edge") if graph.target(last["node"], last["outlet"]) is None:
                pass
            case how:
                yield f"ended as {how}"
        if any(hop["kind"] not in ("edge", "migrate") for hop in hops[:-1]):
            yield "went on after its end"

    def _wrote(self, e: Row) -> Iterator[str]:
        """Whether every stay at a send has its one message, and no message is without its stay."""
        graph, hops = self.graphs[e["version"]], self.hops[e["id"]]
        # a change of ours may end a passage on its way to the next node, before that has done anything
        stays = [
            (hop["n"], hop["node"], hop["version"])
            for hop in hops
            if hop["kind"] == "edge" or hop["kind"] == "migrate" or hop["left_at"] > hop["entered_at"]
            # who came too late, or whom no step of a ladder reaches, passes without a message
            if not _goes_on(hop) and hop["reason"] not in ("late", "no reachable channel")
        ]
        if e["state"] == "active":
            stays.append((e["n"], e["node"], e["version"]))
        # a stay that goes on in another version takes its message along, unless that was called back to be made anew
        went_on = {(hop["n"], hop["node"]) for hop in hops if _goes_on(hop)}
        # whoever was moved may have been moved on before it arrived
        unsure = {hop["n"] + 1 for hop in hops if hop["kind"] == "migrate"}
        unsure |= {hop["n"] for hop in hops if hop["kind"] == "migrate" and hop["left_at"] == hop["entered_at"]}
        mine = [one for one in self.messages if one["enrollment"] == e["id"]]
        if any((one["visit"], one["node"]) in went_on and one["state"] != "cancelled" for one in mine):
            yield "left a message behind in a stay that went on"
        written = sorted((one["visit"], one["node"]) for one in mine if (one["visit"], one["node"]) not in went_on)
        sends = [
            (n, node)
            for n, node, version in stays
            if _hands_over(self.graphs[version].node(node))
            and not self.graphs[version].is_off(node)
            and (n not in unsure or (n, node) in written)
        ]
        ended_at_once = e["state"] in ("exited", "goal") and e["arrived_at"] == e["ended_at"]
        if written != sends and not (ended_at_once and written == [*sends, (e["n"], e["node"])]):
            yield f"stayed at sends {sends} and has messages {written}"
        if e["state"] != "active":
            # who came to the end by itself has left behind only what nobody was to wait for
            by_itself = e["state"] == "finished" or (e["state"] == "goal" and graph.kind(e["node"]) == "goal")
            for one in mine:
                step = self.graphs[one["version"]].node(one["node"])
                left_behind = by_itself and step is not None and not step.parcel().waits
                if one["state"] in ON_ITS_WAY and not left_behind:
                    yield f"is {e['state']}, and its message from {one['node']} is {one['state']}"

    def _entered_by(self, e: Row) -> Journey:
        """The version that let a passage in."""
        return self.graphs[next(iter(self.hops[e["id"]]), e)["version"]]

    # --- all of them -------------------------------------------------------------------------------------------------

    def _counters_differ(self) -> Iterator[str]:
        counted: Counter[tuple[Any, ...]] = Counter()
        for row in self.counters:
            counted[row["version"], row["node"], row["outlet"], row["reason"], row["day"]] += row["delta"]
        walked = Counter(
            (hop["version"], hop["node"], hop["outlet"], hop["reason"], day_of(hop["left_at"], self.zone).isoformat())
            for hop in self.all_hops
        )
        if counted != walked:
            yield f"counted and not walked: {counted - walked}; walked and not counted: {walked - counted}"

    def _re_entered(self) -> Iterator[str]:
        by_key: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for e in self.enrollments:
            by_key[e["journey"], e["contact"], e["key"]].append(e)
        for key, entries in by_key.items():
            if [e["entry"] for e in entries] != list(range(1, len(entries) + 1)):
                yield f"{key} has entries {[e['entry'] for e in entries]}"
            for n, e in enumerate(entries):
                rule = self._entered_by(e).settings.re_entry
                if rule.rule == "always":
                    continue
                earlier = entries[:n]
                if any(f["ended_at"] is None or f["ended_at"] > e["entered_at"] for f in earlier):
                    yield f"{key} came in for the {n + 1}. time while inside"
                if rule.rule == "never" and earlier:
                    yield f"{key} may never come back and did"
            for e, f in pairwise(entries):
                rule = self._entered_by(f).settings.re_entry
                if rule.rule == "after days" and f["since_at"] - e["since_at"] < rule.days * DAY:
                    yield f"{key} came back after {f['since_at'] - e['since_at']} seconds"

    def _codes(self) -> Iterator[str]:
        """Whether every stay that was given a code has one, and no other stay has."""
        given = {
            (e["id"], hop["n"])
            for e in self.enrollments
            # of an erased contact nobody knows any more which codes it took
            if self.contacts[e["contact"]]["erased_at"] is None
            for hop in self.hops[e["id"]]
            if self.graphs[hop["version"]].kind(hop["node"]) == "code"
            and hop["outlet"] == "done"
            # a node that is off lets pass and gives none
            and hop["reason"] != "off"
        }
        has = {(row["enrollment"], row["visit"]) for row in self.codes if row["enrollment"] is not None}
        if given != has:
            yield f"codes were given to {sorted(given)}, and taken by {sorted(has)}"

    def _erased(self) -> Iterator[str]:
        for e in self.enrollments:
            gone = self.contacts[e["contact"]]["erased_at"]
            if gone is not None and (e["state"] == "active" or e["entered_at"] > gone):
                yield f"passage {e['id']} of the erased {e['contact']} is {e['state']} since {e['entered_at']}"

    def _members_twice(self) -> Iterator[str]:
        stays: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for row in self.memberships:
            stays[row["segment"], row["contact"]].append(row)
        for key, rows in stays.items():
            for before, after in pairwise(rows):
                if before["to_at"] is None or before["to_at"] > after["from_at"]:
                    yield f"{key} was in the segment twice"
            if any(row["to_at"] is not None and row["to_at"] < row["from_at"] for row in rows):
                yield f"{key} left the segment before it came"

    # --- after a tick ------------------------------------------------------------------------------------------------

    def left_over(self, now: Instant) -> Iterator[str]:
        """What a tick leaves undone of what is due."""
        if any(row["at"] <= now for row in self.fresh):
            yield "an event was not heard"
        for e in self.enrollments:
            if e["state"] != "active" or self.journeys[e["journey"]]["state"] == "paused":
                continue
            at_send = _hands_over(self.graphs[e["version"]].node(e["node"]))
            if e["due_at"] is None and not at_send:
                yield f"passage {e['id']} waits at {e['node']} for nothing"
            if e["due_at"] is not None and e["due_at"] <= now:
                yield f"passage {e['id']} is still due at {e['node']}"
        for one in self.messages:
            waits = one["state"] in ("pending", "held") and one["not_before_at"] <= now
            if one["state"] in ("claimed", "started") or (waits and self.journeys[one["journey"]]["state"] != "paused"):
                yield f"message {one['id']} is still {one['state']}"

    def memberships_differ(self, conn: Connection, now: Instant) -> Iterator[str]:
        """Segments whose members are not those of their criterion; who drifts in or out is looked at once a day."""
        for row in self.segments:
            criterion = parse_criterion(row["criterion"])
            if row["computed_at"] is None or drifts(criterion):
                continue
            inside = {m["contact"] for m in self.memberships if m["segment"] == row["key"] and m["to_at"] is None}
            statement, moments = select_members(criterion, conn.dialect.name)
            meant = {found[0] for found in conn.execute(statement, moments.values(now, self.zone))}
            if inside != meant:
                yield f"segment {row['key']} has {sorted(inside)} and means {sorted(meant)}"


def _goes_on(hop: Row) -> bool:
    """Whether the stay that ends with this hop goes on in another version, at the same node and since the same moment."""
    return bool(hop["kind"] == "migrate" and hop["reason"] == "edited")


def _hands_over(node: Node | None) -> bool:
    return node is not None and node.arrival is Arrival.HANDS_OVER
