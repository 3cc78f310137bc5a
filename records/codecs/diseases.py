"""English names of the diseases that vaccines protect against (SNOMED CT)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

COVID_19 = "840539006"
SHIPPED = Path(__file__).resolve().parent.parent / "data" / "diseases.csv"


@cache
def disease_names() -> Mapping[str, str]:
    """Return all names that are shipped, by SNOMED CT code."""
    with SHIPPED.open(encoding="utf-8", newline="") as rows:
        return {row["code"]: row["display"] for row in csv.DictReader(rows)}


def disease_name(code: str) -> str:
    """Return the name of a SNOMED CT code, or the code itself where none is shipped."""
    return disease_names().get(code, f"SNOMED CT {code}")
