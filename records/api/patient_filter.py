"""By what patients are found."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import django_filters as filters
from django.db.models import Q, QuerySet

from records import access
from records.api.filters import Bounded, Known
from records.domain.patients import starts_with
from records.history import as_of
from records.models import Clinic, Enrolment, Patient, PatientIdentifier
from records.models.fields import fold_name


class PatientFilter(Bounded):
    """Patients by name, birth date, clinic and number; beside ``as_of`` as they were then."""

    last_name = filters.CharFilter(
        method="by_name", help_text="How the surname begins; case and accents do not count."
    )
    first_name = filters.CharFilter(
        method="by_name", help_text="How the given name begins; case and accents do not count."
    )
    date_of_birth = filters.DateFilter()
    clinic = filters.UUIDFilter(method="by_clinic", help_text="Who belongs to it on its own today.")
    identifier = filters.CharFilter(
        method="by_identifier", help_text="`system|value`; leads to the record that remains, too."
    )
    merged = Known("merged_into")

    beside: ClassVar[dict[str, tuple[str, ...]]] = {"first_name": ("last_name", "date_of_birth")}

    def by_name(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep the names that begin so; a version has no search column, so accents count there."""
        if rows.model is not Patient:
            return rows.filter(**{f"{name}__istartswith": value})
        prefix = fold_name(value)
        return rows.filter(starts_with(f"{name}_key", prefix)) if prefix else rows.none()

    def by_clinic(self, rows: QuerySet[Any], name: str, value: UUID) -> QuerySet[Any]:
        """Keep who is enrolled at a clinic on the day that it has there."""
        clinic = access.visible_to(self._view().request.user, Clinic).filter(public_id=value)
        found = clinic.first()
        if found is None:
            return rows.none()
        moment: dt.datetime | None = self._view().moment()
        if moment is None:
            return rows.filter(id__in=access.enrolled_at([found]))
        day = moment.astimezone(ZoneInfo(found.time_zone)).date()
        enrolled = as_of(Enrolment, moment).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day), clinic=found.pk, starts_on__lte=day
        )
        return rows.filter(id__in=enrolled.values("patient_id"))

    def by_identifier(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep who has this number, and the records into which theirs was merged."""
        system, _, number = value.partition("|")
        return rows.filter(id__in=holders_of(system, number))

    def _view(self) -> Any:
        return self.request.parser_context["view"]


def holders_of(system: str, number: str) -> list[int]:
    """Return the keys of who has a number, and of the records into which theirs was merged."""
    numbers = PatientIdentifier.objects.filter(system=system, value=number)
    holder = Patient.objects.filter(pk__in=numbers.values("patient")).first()
    keys = []
    while holder is not None:
        keys.append(holder.pk)
        holder = holder.merged_into
    return keys
