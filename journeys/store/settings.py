"""Settings of the workspace that running needs: its time zone, its country, its name."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sqlalchemy import Connection, bindparam, select, update

from journeys.base.errors import UsageError, suggestion
from journeys.base.i18n import N_
from journeys.store.dialect import upsert
from journeys.store.tables import setting

#: the key under which the engine keeps the moment of its last tick
LAST_TICK_AT = "last_tick_at"
#: whether webhooks may call this machine and its own network, whatever their nodes say
PRIVATE_WEBHOOKS = "private_webhooks"

#: where nothing was set
DEFAULTS: dict[str, Any] = {"time_zone": "Europe/Warsaw", "country": "PL", "name": ""}


# made once: asked and set in every tick
_GET = select(setting.c.value).where(setting.c.key == bindparam("wanted"))
_SET = (
    update(setting)
    .where(setting.c.key == bindparam("wanted"))
    .values(value=bindparam("new", type_=setting.c.value.type))
)


class UnknownTimeZone(UsageError):
    """A time zone that this machine's zone data does not have."""

    text = N_("There is no time zone “{value}”.{suggestion} Zones are named like Europe/Warsaw.")


class UnknownCountry(UsageError):
    """Not a country of the phone number plan."""

    text = N_("There is no country “{value}”. A country is two letters, such as PL.")


def get(conn: Connection, key: str, default: Any = None) -> Any:
    """The value of a setting; where it was never set, `default`, else the one of `DEFAULTS`."""
    row = conn.execute(_GET, {"wanted": key}).one_or_none()
    if row is not None:
        return row.value
    return DEFAULTS.get(key) if default is None else default


def put(conn: Connection, key: str, value: Any) -> None:
    """Set it. Raises UnknownTimeZone and UnknownCountry for the settings of these names."""
    if key == "time_zone":
        value = time_zone_named(value).key
    elif key == "country":
        value = country_named(value)
    if conn.execute(_SET, {"wanted": key, "new": value}).rowcount:
        return
    statement = upsert(conn, setting).values(key=key, value=value)
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value}))


def workspace_zone(conn: Connection) -> ZoneInfo:
    """The zone in which the workspace's calendar days are counted."""
    return time_zone_named(get(conn, "time_zone"))


def time_zone_named(name: object) -> ZoneInfo:
    """The zone of that IANA name. Raises UnknownTimeZone."""
    wanted = str(name).strip()
    try:
        return ZoneInfo(wanted)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZone(value=wanted, suggestion=suggestion(wanted, available_timezones())) from None


def country_named(code: object) -> str:
    """The two letters of a country, in capitals. Raises UnknownCountry."""
    import phonenumbers  # slow to import, and only needed to set

    wanted = str(code).strip().upper()
    if wanted not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownCountry(value=str(code).strip())
    return wanted
