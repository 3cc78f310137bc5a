"""English names of the codes in EU certificates: prophylaxis, manufacturer, disease."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "eu_codes.csv"


@cache
def eu_names(value_set: str) -> Mapping[str, str]:
    """Return the names of a value set by their codes, those of withdrawn codes too."""
    with SHIPPED.open(encoding="utf-8", newline="") as rows:
        return {
            row["code"]: row["display"]
            for row in csv.DictReader(rows)
            if row["value_set"] == value_set
        }
