"""What kind of folder a path lies in. SQLite's write-ahead log needs memory shared by all who write: no network has it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

#: file systems that reach over a network, as /proc/mounts names them; 9p is how WSL and virtual machines show the
#: host's folders
NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "glusterfs",
        "ncpfs",
        "nfs",
        "nfs4",
        "prl_fs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
    }
)

MOUNTS = Path("/proc/mounts")


def network_kind(path: Path, mounts: str | None = None) -> str | None:
    """The kind of network file system that the path lies on; None on a disk, or where it cannot be told.

    `mounts` is the text of /proc/mounts; read from the system where it is not given.
    """
    if sys.platform == "win32":
        return _network_kind_windows(path)
    if mounts is None:
        try:
            mounts = MOUNTS.read_text(errors="replace")
        except OSError:
            return None
    real = path.resolve()
    best, kind = "", None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # the kernel writes blanks and the like as three octal digits
        point = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1])
        # a root that is a network itself is how some containers are made: everything there is on it, so it is let be
        if point != "/" and real.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind if kind in NETWORK else None


def _network_kind_windows(path: Path) -> str | None:
    if sys.platform == "win32":
        import ctypes

        drive = str(path.resolve().drive)
        remote = 4  # DRIVE_REMOTE
        if drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == remote:
            return "network drive"
    return None
