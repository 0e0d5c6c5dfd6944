"""What an import must remember of the whole file without holding it in memory.

A private SQLite file that the system deletes with the process. A dictionary of a million 16-byte hashes takes some
170 MB; here it is 16 MB of cache at most, however long the file, at 3 µs a row. Shorter hashes in an array would be
smaller still, and would take two different rows for one now and then.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from journeys.store.identity import content_digest


class Scratch:
    """Occurrences of rows, and rows put in another order."""

    def __init__(self) -> None:
        self._seen = _file("CREATE TABLE seen (hash BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        # a file of its own: the one is read to its end while transactions come and go in the other
        self._held = _file(
            "CREATE TABLE held (number INTEGER PRIMARY KEY, grp TEXT NOT NULL, cells TEXT NOT NULL)",
            "CREATE INDEX held_grp ON held (grp, number)",
            "CREATE TABLE owned (name TEXT PRIMARY KEY, grp TEXT NOT NULL) WITHOUT ROWID",
            "BEGIN",
        )
        #: how many rows were put aside
        self.held = 0

    def close(self) -> None:
        self._seen.close()
        self._held.close()

    def begin(self) -> None:
        self._seen.execute("BEGIN")

    def commit(self) -> None:
        self._seen.execute("COMMIT")

    def rollback(self) -> None:
        self._seen.execute("ROLLBACK")

    def row_identity(self, *content: object) -> str:
        """Who a row without an id is: its content, and the how many-th row with that content in the file it is."""
        digest = content_digest(content)
        ((n,),) = self._seen.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n", (digest,)
        ).fetchall()
        return f"row:{digest.hex()}:{n}"

    def hold(self, number: int, names: Sequence[str], cells: list[str]) -> None:
        """Put a row aside, to come again with the others known by the first of its names.

        A row that has but a weaker name goes with the first that has the name beside a surer one.
        """
        group, *weaker = names
        for name in weaker:
            if self._held.execute("INSERT OR IGNORE INTO owned VALUES (?, ?)", (name, group)).rowcount:
                self._held.execute("UPDATE held SET grp = ? WHERE grp = ?", (group, name))
        if not weaker:
            owner = self._held.execute("SELECT grp FROM owned WHERE name = ?", (group,)).fetchone()
            group = owner[0] if owner else group
        self._held.execute("INSERT INTO held VALUES (?, ?, ?)", (number, group, json.dumps(cells, ensure_ascii=False)))
        self.held += 1

    def longer_groups(self, most: int) -> set[str]:
        """The groups of more rows than that."""
        rows = self._held.execute("SELECT grp FROM held GROUP BY grp HAVING count(*) > ?", (most,))
        return {group for (group,) in rows}

    def groups(self) -> Iterator[tuple[int, str, list[str]]]:
        """The rows put aside, those of one group together, groups in the order of their first rows."""
        rows = self._held.execute(
            "SELECT number, grp, cells, min(number) OVER (PARTITION BY grp) AS first FROM held ORDER BY first, number"
        )
        for number, group, cells, _first in rows:
            yield number, group, json.loads(cells)


def unnamed_identities(contents: Iterable[Sequence[object]]) -> set[str]:
    """What `row_identity` calls these contents; of rows that came into the store otherwise and have no identity."""
    counts = Counter(map(content_digest, contents))
    return {f"row:{digest.hex()}:{n}" for digest, count in counts.items() for n in range(1, count + 1)}


def _file(*statements: str) -> sqlite3.Connection:
    # an empty name is a temporary file of SQLite's own
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for statement in (
        "PRAGMA journal_mode=MEMORY",
        "PRAGMA synchronous=OFF",
        "PRAGMA cache_size=-16384",
        "PRAGMA temp_store=FILE",
        *statements,
    ):
        db.execute(statement)
    return db
