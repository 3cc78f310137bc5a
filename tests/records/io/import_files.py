"""CSV files of records, made for tests."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from records.domain.dose_codes import DoseRow
from records.io.csv_files import COLUMNS


def text_of(kind: str, rows: Iterable[dict[str, Any]]) -> str:
    """Return a file of a kind; a column that a row lacks is empty."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS[kind], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def cells_of(row: DoseRow) -> dict[str, Any]:
    """Return a row of doses as the cells that tell it."""
    cells = row._asdict()
    del cells["row"]
    return cells | {"primary_source": str(row.primary_source).lower()}


def write_doses(path: Path, rows: Iterable[DoseRow]) -> Path:
    """Write a file of doses and return where it is."""
    path.write_text(text_of("doses", map(cells_of, rows)))
    return path
