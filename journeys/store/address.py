"""The address of a store: what a person may write, and how it is shown."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from journeys.store.errors import PasswordInAddress, UnknownDatabase, WrongAddress

_POSTGRES = ("postgresql", "postgres")


def parsed(address: str) -> URL:
    """The URL that an address means: the path of a file, sqlite:///PATH or postgresql://USER@HOST/DATABASE.

    Raises WrongAddress, UnknownDatabase or PasswordInAddress.
    """
    text = address.strip()
    if not text or "\x00" in text:
        raise WrongAddress(store=text.replace("\x00", ""))
    if "://" not in text:
        return _of_file(text)
    scheme = text.partition("://")[0]
    kind = scheme.partition("+")[0].lower()
    if kind not in ("sqlite", *_POSTGRES):
        raise UnknownDatabase(kind=scheme)
    try:
        url = make_url(("sqlite" if kind == "sqlite" else "postgresql") + text[len(scheme) :])
    except (ArgumentError, ValueError):
        raise WrongAddress(store=_without_password(text)) from None
    if kind == "sqlite":
        if url.host or url.query or not url.database or url.database == ":memory:":
            raise WrongAddress(store=text)
        return _of_file(url.database)
    if url.password or "password" in url.query:
        raise PasswordInAddress(store=label(url))
    if not url.database and "service" not in url.query:
        raise WrongAddress(store=label(url))
    return URL.create("postgresql+psycopg", url.username, None, url.host, url.port, url.database, url.query)


def label(url: URL) -> str:
    """The address as it is shown: the path of a file, or the URL without password and driver."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    query = {name: value for name, value in url.query.items() if name != "password"}
    shown = URL.create(
        "postgresql", username=url.username, host=url.host, port=url.port, database=url.database, query=query
    )
    # SQLAlchemy leaves a slash out that libpq and it itself want to read
    return shown.render_as_string().replace("://?", ":///?")


def _of_file(path: str) -> URL:
    return URL.create("sqlite+pysqlite", database=str(Path(path).expanduser().absolute()))


def _without_password(text: str) -> str:
    head, at, tail = text.rpartition("@")
    if not at:
        return text
    scheme, _, login = head.partition("://")
    return f"{scheme}://{login.partition(':')[0]}@{tail}"
