from __future__ import annotations

from pathlib import Path

import pytest

from app import workspace
from app.workspace import (
    InTheWay,
    NoSuchJourneyFile,
    NoWorkspace,
    NoWorkspaceThere,
    WorkspaceExists,
    WorkspaceIncomplete,
    WorkspaceUnreadable,
)
from journeys.store.fields import BadLanguage
from journeys.store.settings import UnknownCountry, UnknownTimeZone


def test_a_workspace_reads_back_as_it_was_made(tmp_path: Path) -> None:
    made = workspace.create(tmp_path / "shop", name="Żabka & Co", country="gb", time_zone="Europe/London")
    assert workspace.read(tmp_path / "shop") == made
    assert (made.name, made.country) == ("Żabka & Co", "GB")


def test_a_workspace_is_named_after_its_folder(tmp_path: Path) -> None:
    assert workspace.create(tmp_path / "shop").name == "shop"


def test_its_own_store_lies_in_its_folder(tmp_path: Path) -> None:
    made = workspace.create(tmp_path / "shop")
    assert made.store_url == f"sqlite:///{tmp_path}/shop/store.sqlite"


@pytest.mark.parametrize("url", ["postgresql://host/base", "sqlite:////srv/store.sqlite"])
def test_a_store_elsewhere_stays_where_it_is(tmp_path: Path, url: str) -> None:
    assert workspace.create(tmp_path, store=url).store_url == url


def test_the_nearest_workspace_upwards_is_found(tmp_path: Path) -> None:
    made = workspace.create(tmp_path / "shop")
    deep = made.journeys / "a" / "b"
    deep.mkdir(parents=True)
    assert workspace.locate(start=deep, environ={}) == made


def test_the_variable_goes_before_the_present_folder_and_the_option_before_the_variable(tmp_path: Path) -> None:
    here, named, given = (workspace.create(tmp_path / name) for name in ("here", "named", "given"))
    environ = {"KANWA_WORKSPACE": str(named.folder)}
    assert workspace.locate(start=here.folder, environ=environ) == named
    assert workspace.locate(given.folder, start=here.folder, environ=environ) == given


def test_nothing_upwards_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace) as caught:
        workspace.locate(start=tmp_path, environ={})
    assert str(caught.value) == (
        f"There is no workspace in {tmp_path} or above it. Make one with kanwa init, or name one with --workspace."
    )


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspaceThere):
        workspace.read(tmp_path)


def test_a_workspace_is_not_made_twice(tmp_path: Path) -> None:
    before = workspace.create(tmp_path)
    with pytest.raises(WorkspaceExists):
        workspace.create(tmp_path)
    assert workspace.read(tmp_path) == before


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("mine")
    with pytest.raises(InTheWay):
        workspace.create(tmp_path / "shop")
    assert (tmp_path / "shop").read_text() == "mine"


def test_an_unknown_time_zone_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UnknownTimeZone):
        workspace.create(tmp_path / "shop", time_zone="Europe/Warszawa")
    with pytest.raises(UnknownCountry):
        workspace.create(tmp_path / "shop", country="Poland")
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("language", ["", " ", "polski"])
def test_an_unknown_language_makes_no_folder(tmp_path: Path, language: str) -> None:
    with pytest.raises(BadLanguage, match="Write it as a short code, such as pl or en-GB"):
        workspace.create(tmp_path / "shop", language=language)
    assert not (tmp_path / "shop").exists()


def test_a_language_is_written_as_usual(tmp_path: Path) -> None:
    assert workspace.create(tmp_path / "shop", language="EN-gb").language == "en-GB"


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    workspace.create(tmp_path)
    (tmp_path / "workspace.toml").write_text('id = "a"\nname = \n')
    with pytest.raises(WorkspaceUnreadable, match="line 2"):
        workspace.read(tmp_path)


@pytest.mark.parametrize("content", ["", 'id = "a"\n', "id = 7\n"])
def test_a_missing_field_is_named(tmp_path: Path, content: str) -> None:
    workspace.create(tmp_path)
    (tmp_path / "workspace.toml").write_text(content)
    with pytest.raises(WorkspaceIncomplete):
        workspace.read(tmp_path)


def test_binary_rubbish_is_one_sentence(tmp_path: Path) -> None:
    workspace.create(tmp_path)
    (tmp_path / "workspace.toml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(WorkspaceUnreadable):
        workspace.read(tmp_path)


def test_a_journey_is_found_by_its_name_or_its_path(tmp_path: Path) -> None:
    made = workspace.create(tmp_path)
    file = made.journeys / "welcome.journey"
    file.write_text("{}")
    assert made.journey_file("welcome") == made.journey_file("welcome.journey") == made.journey_file(str(file)) == file


def test_an_unknown_journey_names_the_nearest(tmp_path: Path) -> None:
    made = workspace.create(tmp_path)
    (made.journeys / "welcome.journey").write_text("{}")
    with pytest.raises(NoSuchJourneyFile, match="The nearest is “welcome”"):
        made.journey_file("welcom")
