"""People from a CSV file: validated, upserted, with consent and its proof."""

from __future__ import annotations

import tempfile
from pathlib import Path

from northpost.core import tenancy
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, memory_mb, timed


def measure(scale: int) -> Outcome:
    """Rows a second, file to committed rows."""
    workspace, _owner = shop.found()
    with tenancy.workspace(workspace.pk), tempfile.TemporaryDirectory() as place:
        path = Path(place) / "people.csv"
        shop.write_people(path, scale)
        with timed() as watch:
            shop.bring_in("contacts", path, shop.PERSON_COLUMNS)
    return Outcome("import", scale / watch.seconds, "rows/s", scale, targets={"figure": 50_000}, memory_mb=memory_mb())
