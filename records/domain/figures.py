"""Figures of doses without identity: what supply needs, and what may be published."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Coalesce, TruncMonth

from records import access
from records.codecs.csv_lines import harmless
from records.domain import unit
from records.domain.context import channel, request_id
from records.models import AuditEntry, Dose, DoseStatus, Lot

K = TypeVar("K", bound=Hashable)

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
class OfLot:
    """Whom one lot reached: numbers by clinic, and doses by clinic and day, latest first."""

    affected: list[Affected]
    days: list[Supplied]


@dataclass(frozen=True, slots=True)
class Covered:
    """How many doses of one vaccine a clinic gave in a month; None: to fewer than five people."""

    month: dt.date
    vaccine: str
    cvx_code: str
    clinic: str
    clinic_code: str
    doses: int | None


EXPORTED = ("month", "cvx_code", "vaccine", "clinic_code", "clinic", "doses")
"""The columns of a file of such rows."""


@dataclass(frozen=True, slots=True)
class Total:
    """The doses of a vaccine in all groups that are shown; ``has_small``: some are not."""

    vaccine: str
    cvx_code: str
    doses: int
    has_small: bool


class Sum(NamedTuple):
    """The doses of some groups, without those that are left out; ``has_small``: some are."""

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
    return _supplied(rows)


def affected_by_clinic(*, by: Any, lot: Lot) -> list[Affected]:
    """Return whom a lot reached, as numbers by clinic, in the order of their names.

    Raises ``PermissionDenied``, and ``OutOfSight`` for a lot that ``by`` cannot see.
    """
    access.require(by, "view_supply_figures", lot)
    return _affected(lot)


def lot_figures(*, by: Any, lot: Lot) -> OfLot:
    """Return all figures of one lot, at most ``MOST`` + 1 days.

    Raises ``PermissionDenied``, and ``OutOfSight`` for a lot that ``by`` cannot see.
    """
    access.require(by, "view_supply_figures", lot)
    return OfLot(_affected(lot), _supplied(_of_lot(lot)))


def _of_lot(lot: Lot) -> QuerySet[Dose]:
    return Dose.objects.filter(manufacturer=lot.manufacturer_id, lot_number=lot.number)


def _supplied(rows: QuerySet[Dose]) -> list[Supplied]:
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


def _affected(lot: Lot) -> list[Affected]:
    rows: QuerySet[Any, Any] = _of_lot(lot).filter(status=DoseStatus.COMPLETED)
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


def summed(rows: Iterable[Covered], key: Callable[[Covered], K]) -> dict[K, Sum]:
    """Return the sums of the groups that share a key; what is left out is in none of them."""
    sums: dict[K, Sum] = {}
    for row in rows:
        doses, has_small = sums.get(key(row), Sum(0, False))
        sums[key(row)] = Sum(doses + (row.doses or 0), has_small or row.doses is None)
    return sums


def narrowed(rows: Iterable[Covered], *, clinic_code: str, cvx_code: str) -> list[Covered]:
    """Return the groups of one clinic, of one vaccine, or of both; empty: of all.

    What is left out was decided before, so no choice brings it back.
    """
    return [
        row
        for row in rows
        if clinic_code in ("", row.clinic_code) and cvx_code in ("", row.cvx_code)
    ]


def exported(row: Covered) -> list[str]:
    """Return a group as harmless cells, in the order of ``EXPORTED``."""
    doses = f"<{SMALLEST}" if row.doses is None else str(row.doses)
    named = (row.cvx_code, row.vaccine, row.clinic_code, row.clinic)
    return [f"{row.month:%Y-%m}", *map(harmless, named), doses]


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
    totals = summed(rows, lambda row: (row.vaccine, row.cvx_code))
    return Coverage(rows, [Total(*key, *totals[key]) for key in sorted(totals)])


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
