from __future__ import annotations

from pathlib import Path

import pytest

from journeys.store.address import label, parsed
from journeys.store.errors import PasswordInAddress, UnknownDatabase, WrongAddress


@pytest.mark.parametrize("given", ["/data/shop.sqlite", "sqlite:////data/shop.sqlite", "  /data/shop.sqlite "])
def test_a_path_and_its_url_are_one_store(given: str) -> None:
    url = parsed(given)
    assert (url.get_backend_name(), url.database, label(url)) == ("sqlite", "/data/shop.sqlite", "/data/shop.sqlite")


def test_a_relative_path_is_meant_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parsed("shop.sqlite").database == str(tmp_path / "shop.sqlite")


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parsed("~/shop.sqlite").database == str(tmp_path / "shop.sqlite")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://anna@db.shop.pl:5433/kanwa", "postgresql://anna@db.shop.pl:5433/kanwa"),
        ("postgres://db/kanwa", "postgresql://db/kanwa"),
        ("postgresql+psycopg://db/kanwa", "postgresql://db/kanwa"),
        ("postgresql:///?service=shop", "postgresql:///?service=shop"),
        ("postgresql://anna:@/kanwa?host=%2Ftmp", "postgresql://anna@/kanwa?host=%2Ftmp"),
    ],
)
def test_a_server_is_shown_without_driver_and_password(given: str, shown: str) -> None:
    url = parsed(given)
    assert url.drivername == "postgresql+psycopg"
    assert label(url) == shown
    assert parsed(shown) == url


@pytest.mark.parametrize(
    "given", ["", "   ", "sqlite://", "sqlite:///:memory:", "sqlite:////a?mode=ro", "postgresql://host", "a\x00b"]
)
def test_what_names_no_store_is_refused(given: str) -> None:
    with pytest.raises(WrongAddress) as refused:
        parsed(given)
    assert str(refused.value).endswith(
        "” is not the address of a store. Write the path of a file, sqlite:///PATH, or postgresql://USER@HOST/DATABASE."
    )


def test_other_databases_are_refused() -> None:
    with pytest.raises(UnknownDatabase) as refused:
        parsed("mysql://root@host/db")
    assert str(refused.value) == (
        "A store lies in SQLite or PostgreSQL, not in “mysql”. Addresses begin with sqlite:/// or postgresql://."
    )


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://anna:hunter2@host/db",
        "postgres://anna:hunter2@host/db",
        "postgresql://host/db?user=anna&password=hunter2",
        "postgresql://anna:hunter2@[broken/db",
        "mysql://anna:hunter2@host/db",
    ],
)
def test_a_password_is_refused_and_never_repeated(given: str) -> None:
    with pytest.raises((PasswordInAddress, WrongAddress, UnknownDatabase)) as refused:
        parsed(given)
    assert "hunter2" not in str(refused.value)


def test_the_sentence_about_a_password_says_where_to_keep_it() -> None:
    with pytest.raises(PasswordInAddress) as refused:
        parsed("postgresql://anna:hunter2@host/db")
    assert str(refused.value) == (
        "The address of a store holds no password. Leave it out of postgresql://anna@host/db and keep it with kanwa "
        "store login, in the file that PGPASSFILE names, or in a service: postgresql:///?service=NAME."
    )
