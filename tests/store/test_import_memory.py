"""A file of any length is imported in the same memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="the system does not say how much memory a process took")

#: megabytes; a million rows take 195, of which 64 are SQLite's cache
MOST = 300

IMPORT = """
import resource, sys
from pathlib import Path
from journeys.base.clock import SetClock
from journeys.base.time import Instant
from journeys.store.importing import Options, import_file
from journeys.store.opening import open_store

store = open_store(sys.argv[1], create=True)
options = Options(create_contacts=True, defaults={"currency": "PLN"})
report = import_file(store, "purchases", Path(sys.argv[2]), options=options, clock=SetClock(Instant(1_795_000_000)))
store.close()
if sys.platform == "linux":
    # rusage counts what the process that started this one held at that moment
    [peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    megabytes = int(peak.split()[1]) >> 10
else:
    # macOS counts in bytes
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
print(report.added, report.refused_count, megabytes)
"""


@pytest.mark.parametrize(
    "rows", [pytest.param(50_000, marks=pytest.mark.long), pytest.param(1_000_000, marks=pytest.mark.proof)]
)
def test_a_long_file_is_imported_in_bounded_memory(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "orders.csv"
    with path.open("w") as file:
        file.write("order_id,customer,date,amount\n")
        file.writelines(
            f"O{n},C{n % 100_000},2026-{n % 12 + 1:02d}-{n % 28 + 1:02d},{n % 900 + 1}.50\n" for n in range(rows)
        )
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT, str(tmp_path / "store.sqlite"), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    added, refused, peak = map(int, ran.stdout.split())
    assert (added, refused) == (rows, 0)
    assert peak < MOST
