"""What a sink that is no database holds of a range of dates, for the verdicts: a request on standard input,
the answer on standard output (src/kinds/backfill/sinks/delta.ts).

`{path, commodity, version, first, last, paths, horizon}` answers `{table, version, foreign, lost, dates,
found, sound, first, last, cutoffs}`, from `dates` on lists over the dates that have a row; `table` is null
where there is no table, `foreign` names which of the newest versions somebody else has made, `lost` the files
that are damaged or gone.
"""

import sys
from typing import Any

import numpy as np

from sevenfold_jobs.common.asked import answer_request, go_without_pandas
from sevenfold_jobs.sinks.delta.place import file_system, refuse_place
from sevenfold_jobs.sinks.delta.reading import count_dates
from sevenfold_jobs.sinks.delta.table import find_snapshot, overlapping

# Versions whose writer is looked at: each is a small file to be read.
_NEWEST = 20


def look(request: dict[str, Any]) -> dict[str, Any]:
    """The counts of a range, from the newest version of the table."""
    path, paths = request["path"], request["paths"]
    refuse_place(path)
    snapshot = find_snapshot(path)
    names = ("dates", "found", "sound", "first", "last", "cutoffs")
    if snapshot is None:
        return {"table": None, "version": None, "foreign": [], "lost": [], **{name: [] for name in names}}
    first, last = (int(np.datetime64(request[name], "D").astype(int)) for name in ("first", "last"))
    files = overlapping(snapshot.files(request["commodity"], request["version"]), np.arange(first, last + 1))
    counts = count_dates(
        file_system(path), [file.path for file in files], first, last, paths, request["horizon"]
    )
    return {
        "table": snapshot.table_id,
        "version": snapshot.version,
        "foreign": snapshot.foreign_writes(_NEWEST),
        "lost": counts.lost.tolist(),
        "dates": counts.days.astype("datetime64[D]").astype(str).tolist(),
        "found": counts.found.tolist(),
        "sound": counts.sound.tolist(),
        "first": counts.first.tolist(),
        "last": counts.last.tolist(),
        "cutoffs": counts.cutoffs.astype("datetime64[D]").astype(str).tolist(),
    }


if __name__ == "__main__":
    go_without_pandas()
    sys.exit(answer_request(look))
