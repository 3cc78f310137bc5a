"""By what doses are found."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar
from uuid import UUID

import django_filters as filters
from django.db.models import Q, QuerySet

from records import access
from records.api.filters import Bounded, Reference
from records.models import Dose, DoseStatus, Lot, Vaccine

DAYS = ("administered_on", "administered_from", "administered_to")
NAMED = ("patient", "clinic", "lot", "manufacturer", "volunteer", *DAYS)


class DoseFilter(Bounded):
    """Doses by what they name, and by day."""

    patient = Reference("patient")
    clinic = Reference("clinic")
    lot = filters.UUIDFilter(method="by_lot")
    vaccine = filters.UUIDFilter(method="by_vaccine", help_text="By the lot where it is known.")
    manufacturer = Reference("manufacturer")
    volunteer = Reference("volunteer")
    status = filters.ChoiceFilter(choices=DoseStatus.choices)
    administered_on = filters.DateFilter()
    administered_from = filters.DateFilter("administered_on", lookup_expr="gte")
    administered_to = filters.DateFilter("administered_on", lookup_expr="lte")
    external_source = filters.CharFilter()
    external_id = filters.CharFilter()

    beside: ClassVar[dict[str, tuple[str, ...]]] = {
        "status": NAMED,
        "external_id": ("external_source",),
    }

    def by_lot(self, rows: QuerySet[Any], name: str, value: UUID) -> QuerySet[Any]:
        """Keep the doses of a lot."""
        if rows.model is Dose:
            return rows.filter(of_lots(Lot.objects.filter(public_id=value)))
        # All names that it ever had first: few versions are left.
        return rows.filter(of_lots(Lot.history.filter(public_id=value)), lot_ref=value)

    def by_vaccine(self, rows: QuerySet[Any], name: str, value: UUID) -> QuerySet[Any]:
        """Keep the doses of a vaccine, whether they name it or a lot of it."""
        vaccine = access.visible_to(self.request.user, Vaccine).filter(public_id=value).first()
        if vaccine is None:
            return rows.none()
        if rows.model is Dose:
            return rows.filter(of_vaccine(vaccine))
        lots = Lot.history.filter(vaccine=vaccine)
        return rows.filter(Q(vaccine=vaccine) | of_lots(lots), vaccine_ref=value)


def of_vaccine(vaccine: Vaccine) -> Q:
    """Return the condition that a dose is of a vaccine, by its lot or by name."""
    return Q(vaccine=vaccine) | of_lots(Lot.objects.filter(vaccine=vaccine))


def of_lots(lots: QuerySet[Lot]) -> Q:
    """Return the condition that a dose is of one of these lots.

    They are named as the dose has them: then its indexes find the doses, also none.
    """
    chosen = Q(pk__in=())
    names = lots.order_by("manufacturer").values_list("manufacturer", "number")
    for maker, numbers in groupby(names, key=itemgetter(0)):
        chosen |= Q(manufacturer=maker, lot_number__in=[number for _, number in numbers])
    return chosen
