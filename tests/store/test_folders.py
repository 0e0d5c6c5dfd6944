from __future__ import annotations

from pathlib import Path

import pytest

from journeys.store import opening
from journeys.store.errors import NetworkFolder
from journeys.store.folders import network_kind

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/share /srv/share nfs4 rw 0 0
//nas/office /srv/with\\040blank cifs rw 0 0
/dev/sdb1 /srv/share/local ext4 rw 0 0
user@host: /home/me/remote fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/share/store.sqlite", "nfs4"),
        ("/srv/with blank/deep/store.sqlite", "cifs"),
        ("/srv/share/local/store.sqlite", None),
        ("/srv/sharee/store.sqlite", None),
        ("/home/me/remote/store.sqlite", "fuse.sshfs"),
        ("/home/me/store.sqlite", None),
    ],
)
def test_the_nearest_mount_says_what_the_folder_is(path: str, kind: str | None) -> None:
    assert network_kind(Path(path), MOUNTS) == kind


def test_a_root_that_is_a_network_is_let_be() -> None:
    assert network_kind(Path("/data/store.sqlite"), "none / 9p rw 0 0\n") is None


def test_a_link_into_a_network_is_followed(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    mounts = f"x {tmp_path / 'far'} smb3 rw 0 0\n"
    assert network_kind(tmp_path / "near" / "store.sqlite", mounts) == "smb3"


def test_this_machine_is_read_where_no_mounts_are_given(tmp_path: Path) -> None:
    assert network_kind(tmp_path / "store.sqlite") is None


def test_a_store_in_a_network_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "network_kind", lambda path: "nfs4")
    path = tmp_path / "store.sqlite"
    with pytest.raises(NetworkFolder) as refused:
        opening.open_store(str(path), create=True)
    assert str(refused.value) == (
        f"The store {path} lies in a network folder (nfs4), where SQLite loses data. Keep it on a disk of this "
        "computer, or use PostgreSQL to share it."
    )
    assert not path.exists()
