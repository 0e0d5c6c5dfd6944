from __future__ import annotations

from sqlalchemy import insert, select

from journeys.store.store import Store
from journeys.store.tables import setting


def test_a_written_row_is_read(store: Store) -> None:
    with store.write(durable=True) as conn:
        conn.execute(insert(setting).values(key="a", value={"b": 1}))
    with store.read() as conn:
        assert conn.execute(select(setting.c.value).where(setting.c.key == "a")).scalar_one() == {"b": 1}
