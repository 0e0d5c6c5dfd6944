from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from journeys.store import settings
from journeys.store.settings import UnknownCountry, UnknownTimeZone, workspace_zone
from journeys.store.store import Store


def test_a_setting_is_read_as_it_was_put(store: Store) -> None:
    with store.write() as conn:
        settings.put(conn, "name", "Sklep Łąka")
        settings.put(conn, "name", {"any": [1, None]})
        assert settings.get(conn, "name") == {"any": [1, None]}


def test_what_was_never_set_has_a_default(store: Store) -> None:
    with store.read() as conn:
        assert settings.get(conn, "country") == "PL"
        assert settings.get(conn, "country", "DE") == "DE"
        assert settings.get(conn, "never heard of") is None
        assert workspace_zone(conn) == ZoneInfo("Europe/Warsaw")


def test_the_workspace_has_the_zone_it_was_given(store: Store) -> None:
    with store.write() as conn:
        settings.put(conn, "time_zone", " America/New_York ")
        assert workspace_zone(conn) == ZoneInfo("America/New_York")


def test_a_zone_that_does_not_exist_is_refused(store: Store) -> None:
    with store.write() as conn, pytest.raises(UnknownTimeZone) as refused:
        settings.put(conn, "time_zone", "Europe/Warsav")
    assert str(refused.value) == (
        "There is no time zone “Europe/Warsav”. The nearest is “Europe/Warsaw”. Zones are named like Europe/Warsaw."
    )


def test_a_country_is_two_letters(store: Store) -> None:
    with store.write() as conn:
        settings.put(conn, "country", "de")
        assert settings.get(conn, "country") == "DE"
        with pytest.raises(UnknownCountry) as refused:
            settings.put(conn, "country", "Polska")
    assert str(refused.value) == "There is no country “Polska”. A country is two letters, such as PL."
