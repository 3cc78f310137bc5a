"""Figures of doses without identity: what supply needs, and what may be published."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Coalesce, TruncMonth

from records import access
from records.domain import unit
from records.domain.context import channel, request_id
from records.models import AuditEntry, Dose, DoseStatus, Lot

SMALLEST = 5
"""Figures about fewer people than this are left out."""

MOST = 500


@dataclass(frozen=True, slots=True)
class Supplied:
    """How many doses of one lot a clinic gave on one day, by status; ``clinic`` may be unknown."""

    lot: str
    manufacturer: str
    vaccine: str
    clinic: str
    day: dt.date
    status: DoseStatus
    doses: int


@dataclass(frozen=True, slots=True)
class Affected:
    """How many completed doses of one lot a clinic gave, and to how many people."""

    clinic: uuid.UUID | None
    clinic_name: str
    doses: int
    people: int


@dataclass(frozen=True, slots=True)
class Covered:
    """How many doses of one vaccine a clinic gave in a month; None: to fewer than five people."""

    month: dt.date
    vaccine: str
    cvx_code: str
    clinic: str
    clinic_code: str
    doses: int | None


@dataclass(frozen=True, slots=True)
class Total:
    """The doses of a vaccine in all groups that are shown; ``has_small``: some are not."""

    vaccine: str
    cvx_code: str
    doses: int
    has_small: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """The groups of a year, and the total of each vaccine.

    A total never counts a group that is left out. So it tells nothing that the groups shown do
    not tell, and there is nothing from which a group that is left out could be computed back;
    leaving out further groups, as exact totals would require, is not needed.
    """

    rows: list[Covered]
    totals: list[Total]


def supply_figures(
    *, by: Any, since: dt.date, until: dt.date, lot_number: str = "", clinic_code: str = ""
) -> list[Supplied]:
    """Return doses by lot, clinic, day and status, latest first, at most ``MOST`` + 1 rows.

    Raises ``PermissionDenied``. Doses of an unknown lot are nobody's supply.
    """
    access.require(by, "view_supply_figures")
    rows = Dose.objects.filter(
        lot_number__isnull=False, administered_on__gte=since, administered_on__lte=until
    )
    if lot_number:
        lots = access.visible_to(by, Lot).filter(number=lot_number)
        rows = rows.filter(lot_number=lot_number, manufacturer__in=lots.values("manufacturer"))
    if clinic_code:
        rows = rows.filter(clinic__code=clinic_code)
    figures = (
        rows.order_by("-administered_on", "lot_number", "clinic__name", "status")
        .values_list(
            "lot_number",
            "manufacturer__name",
            "lot__vaccine__short_name",
            Coalesce("clinic__name", Value("")),
            "administered_on",
            "status",
        )
        .annotate(doses=Count("id"))
    )
    return [
        Supplied(lot, maker, vaccine, clinic, day, DoseStatus(status), doses)
        for lot, maker, vaccine, clinic, day, status, doses in figures[: MOST + 1]
    ]


def affected_by_clinic(*, by: Any, lot: Lot) -> list[Affected]:
    """Return whom a lot reached, as numbers by clinic, in the order of their names.

    Raises ``PermissionDenied``, and ``OutOfSight`` for a lot that ``by`` cannot see.
    """
    access.require(by, "view_supply_figures", lot)
    rows: QuerySet[Any, Any] = Dose.objects.filter(
        manufacturer=lot.manufacturer_id, lot_number=lot.number, status=DoseStatus.COMPLETED
    )
    figures = (
        rows.order_by("clinic__name", "clinic")
        .values_list("clinic__public_id", Coalesce("clinic__name", Value("")))
        .annotate(doses=Count("id"), people=Count("patient", distinct=True))
    )
    return [Affected(*row) for row in figures]


def coverage_figures(*, by: Any, year: int) -> Coverage:
    """Return the doses of a year by month, vaccine and clinic, small figures left out.

    Raises ``PermissionDenied``.
    """
    access.require(by, "view_coverage_figures")
    return _coverage(year)


@unit.transactional
def export_coverage(*, by: Any, year: int) -> list[Covered]:
    """Return the rows that are about to leave as a file, and note that they do.

    Raises ``PermissionDenied``.
    """
    access.require(by, "view_coverage_figures")
    AuditEntry.objects.create(
        actor=by,
        action="coverage.exported",
        subject_type="export",
        subject_id=uuid.uuid4(),
        fields=["month", "vaccine", "clinic", "doses"],
        channel=channel.get(),
        request_id=request_id.get(),
    )
    return _coverage(year).rows


def _coverage(year: int) -> Coverage:
    rows = [
        Covered(**row, doses=doses if people >= SMALLEST else None)
        for row, doses, people in _counted(year)
    ]
    totals: dict[tuple[str, str], int] = defaultdict(int)
    small: set[tuple[str, str]] = set()
    for row in rows:
        vaccine = (row.vaccine, row.cvx_code)
        totals[vaccine] += row.doses or 0
        if row.doses is None:
            small.add(vaccine)
    return Coverage(rows, [Total(*key, totals[key], key in small) for key in sorted(totals)])


def _counted(year: int) -> Iterator[tuple[dict[str, Any], int, int]]:
    """Yield each group with its number of doses and of people, latest month first."""
    groups = {
        "month": TruncMonth("administered_on"),
        "vaccine": Coalesce("lot__vaccine__short_name", "vaccine__short_name"),
        "cvx_code": Coalesce("lot__vaccine__cvx_code", "vaccine__cvx_code"),
        "clinic": Coalesce("clinic__name", Value("")),
        "clinic_code": Coalesce("clinic__code", Value("")),
    }
    rows = Dose.objects.filter(
        administered_on__gte=dt.date(year, 1, 1),
        administered_on__lte=dt.date(year, 12, 31),
        status=DoseStatus.COMPLETED,
    )
    # Named apart from the columns of Dose, which a group may not be called like.
    named: QuerySet[Any, Any] = rows.values(**{f"of_{name}": of for name, of in groups.items()})
    figures = named.annotate(doses=Count("id"), people=Count("patient", distinct=True))
    for row in figures.order_by("-of_month", "of_vaccine", "of_clinic"):
        yield {name: row[f"of_{name}"] for name in groups}, row["doses"], row["people"]
