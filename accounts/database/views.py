"""The views through which roles read doses by SQL: figures, never a patient or a dose.

They are what ``records.domain.figures`` computes for the pages, and a test holds both together.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from records.domain.figures import SMALLEST


@dataclass(frozen=True, slots=True)
class View:
    """A view: who may read it, its query, and the columns that the query reads by table."""

    name: str
    permission: str
    query: str
    reads: dict[str, tuple[str, ...]]

    @property
    def definition(self) -> str:
        """Return the query with its own digest in a condition that always holds.

        MariaDB rewrites a query when it keeps it; the digest survives and tells whether the view
        is still the one that stands here.
        """
        digest = hashlib.sha256(self.query.encode()).hexdigest()[:16]
        return self.query.replace("WHERE ", f"WHERE '{digest}' IS NOT NULL AND ", 1)

    @property
    def digest(self) -> str:
        """Return what the kept definition holds when it is this one."""
        return f"'{hashlib.sha256(self.query.encode()).hexdigest()[:16]}'"


SUPPLY = View(
    "figures_supply",
    "records.view_supply_figures",
    "SELECT m.name AS manufacturer, l.number AS lot, v.cvx_code, v.short_name AS vaccine,"
    " c.code AS clinic_code, c.name AS clinic, d.administered_on, d.status, COUNT(*) AS doses"
    " FROM records_dose d"
    " JOIN records_lot l ON l.manufacturer_id = d.manufacturer_id AND l.number = d.lot_number"
    " JOIN records_manufacturer m ON m.id = d.manufacturer_id"
    " JOIN records_vaccine v ON v.id = l.vaccine_id"
    " LEFT JOIN records_clinic c ON c.id = d.clinic_id"
    " WHERE d.lot_number IS NOT NULL"
    " GROUP BY d.manufacturer_id, d.lot_number, d.clinic_id, d.administered_on, d.status",
    {
        "records_dose": (
            "manufacturer_id",
            "lot_number",
            "clinic_id",
            "administered_on",
            "status",
        ),
        "records_lot": ("manufacturer_id", "number", "vaccine_id"),
        "records_manufacturer": ("id", "name"),
        "records_vaccine": ("id", "cvx_code", "short_name"),
        "records_clinic": ("id", "code", "name"),
    },
)
COVERAGE = View(
    "figures_coverage",
    "records.view_coverage_figures",
    "SELECT v.cvx_code, v.short_name AS vaccine, c.code AS clinic_code, c.name AS clinic,"
    " DATE_FORMAT(d.administered_on, '%Y-%m-01') AS month,"
    " CASE WHEN COUNT(DISTINCT d.patient_id) >= SMALLEST THEN COUNT(*) END AS doses"
    " FROM records_dose d"
    " LEFT JOIN records_lot l ON l.manufacturer_id = d.manufacturer_id AND l.number = d.lot_number"
    " JOIN records_vaccine v ON v.id = COALESCE(l.vaccine_id, d.vaccine_id)"
    " LEFT JOIN records_clinic c ON c.id = d.clinic_id"
    " WHERE d.status = 'completed'"
    " GROUP BY v.id, d.clinic_id, month".replace("SMALLEST", str(SMALLEST)),
    {
        "records_dose": (
            "patient_id",
            "manufacturer_id",
            "lot_number",
            "vaccine_id",
            "clinic_id",
            "administered_on",
            "status",
        ),
        "records_lot": ("manufacturer_id", "number", "vaccine_id"),
        "records_vaccine": ("id", "cvx_code", "short_name"),
        "records_clinic": ("id", "code", "name"),
    },
)
VIEWS = (SUPPLY, COVERAGE)
