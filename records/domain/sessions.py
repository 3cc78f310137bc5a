"""What a clinic gave on a day, for who works there: figures, and one's own doses by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from records import access
from records.models import Clinic, Dose, DoseStatus


@dataclass(frozen=True, slots=True)
class Given:
    """How many doses of one lot were given, and how many of them one recorded oneself."""

    vaccine: str
    manufacturer: str
    lot_number: str
    doses: int
    mine: int


def given_today(*, by: Any, clinic: Clinic) -> list[Given]:
    """Return the completed doses of the clinic's today that ``by`` sees, counted by lot."""
    names = ("lot__vaccine__short_name", "manufacturer__name", "lot_number")
    rows = (
        _today(by, clinic)
        .filter(status=DoseStatus.COMPLETED)
        .order_by(*names)
        .values_list(*names)
        .annotate(doses=Count("pk"), mine=Count("pk", filter=Q(recorded_by=by.pk)))
    )
    return [Given(*row) for row in rows]


def recorded_today(*, by: Any, clinic: Clinic) -> QuerySet[Dose]:
    """Return what ``by`` recorded for the clinic's today, newest first, voided doses too."""
    rows = with_recorded_at(_today(by, clinic)).filter(recorded_by=by.pk)
    return rows.select_related("patient", "vaccine", "lot__vaccine").order_by("-id")


def with_recorded_at(rows: QuerySet[Dose]) -> QuerySet[Dose]:
    """Add to each dose the moment at which it was recorded, as ``recorded_at``."""
    first = Dose.history.filter(id=OuterRef("pk"), version=1).values("history_date")
    return rows.annotate(recorded_at=Subquery(first))


def _today(by: Any, clinic: Clinic) -> QuerySet[Dose]:
    return access.at_work(by, Dose).filter(clinic=clinic, administered_on=clinic.today())
