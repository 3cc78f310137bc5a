"""The kinds of reference data and staffing: how each is made, listed, added and by whom kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.roles import DBA, LOGISTICS, SALES
from records.domain import reference
from tests.records import factories as make

WHY = "A typing error."


@dataclass(frozen=True)
class Kind:
    """One resource: its path, a row of it, its keeper, and the body of a new one.

    ``queries`` is how many read the record store for a list, however long it is.
    """

    path: str
    make: Callable[[], Any]
    keeper: str
    body: Callable[[], dict[str, Any]]
    wrong: dict[str, Any] = field(default_factory=dict)
    queries: int = 1

    def __str__(self) -> str:
        return self.path


def product() -> Any:
    row = make.make_lot()  # for a number of its own
    return reference.add_eu_product(
        by=make.system(),
        code=f"EU/{row.pk}",
        name=f"Brand {row.pk}",
        org_code="ORG-1",
        prophylaxis_code="J07BX03",
    )


def lot_body() -> dict[str, Any]:
    return {
        "manufacturer": str(make.make_manufacturer().public_id),
        "vaccine": str(make.make_vaccine().public_id),
        "number": "AB1",
        "expires_on": "2030-12-31",
    }


def assignment() -> Any:
    return make.make_assignment(make.make_volunteer(), make.make_clinic())


def assignment_body() -> dict[str, Any]:
    return {
        "volunteer": str(make.make_volunteer().public_id),
        "clinic": str(make.make_clinic().public_id),
        "starts_on": "2026-01-01",
    }


KINDS = (
    Kind(
        "clinics",
        make.make_clinic,
        SALES.name,
        lambda: {"code": "N1", "name": "North", "time_zone": "Europe/Oslo"},
        {"time_zone": "Mars/Olympus"},
    ),
    Kind(
        "manufacturers",
        make.make_manufacturer,
        LOGISTICS.name,
        lambda: {"mvx_code": "NOR", "name": "Nordic", "city": "Oslo"},
        {"name": ""},
    ),
    Kind(
        "vaccines",
        make.make_vaccine,
        LOGISTICS.name,
        lambda: {"cvx_code": "900", "short_name": "Shot", "diseases": ["840539006", "14189004"]},
        {"doses_in_series": 0},
        queries=2,  # the diseases are in a table of their own
    ),
    Kind(
        "eu-products",
        product,
        LOGISTICS.name,
        lambda: {"code": "EU/1", "name": "X", "org_code": "ORG-1", "prophylaxis_code": "J07"},
        {"code": "x" * 41},
    ),
    Kind("lots", make.make_lot, LOGISTICS.name, lot_body, {"number": "→"}),
    Kind(
        "volunteers",
        make.make_volunteer,
        DBA.name,
        lambda: {"code": "B1", "first_name": "Vera", "last_name": "Novak", "birth_year": 1990},
        {"birth_year": 1800},
    ),
    Kind("assignments", assignment, SALES.name, assignment_body, {"ends_on": "2025-12-31"}),
)
RETIRABLE = tuple(kind for kind in KINDS if kind.path in ("clinics", "manufacturers", "vaccines"))
