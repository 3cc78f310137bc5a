"""A patient's passport: all completed doses, as they were on their day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from records import access
from records.domain.reading import LIST, PASSPORT, note_read
from records.history import as_of as versions_as_of
from records.history import effective_version
from records.models import (
    Clinic,
    Dose,
    DoseStatus,
    Lot,
    Manufacturer,
    Patient,
    Record,
    Vaccine,
    VaccineTarget,
)


@dataclass(frozen=True, slots=True)
class PassportDose:
    """One completed dose; names of vaccine, maker and clinic are those of the dose's day.

    ``positions`` maps each disease (SNOMED CT) to the dose's rank in that series.
    """

    public_id: Any
    administered_on: dt.date
    vaccine_name: str
    cvx_code: str
    manufacturer_name: str
    lot_number: str
    lot_recalled_on: dt.date | None
    clinic_name: str
    volunteer_name: str
    site: str
    route: str
    primary_source: bool
    positions: dict[str, int] = field(default_factory=dict)


VERSIONS: dict[str, type[Record]] = {
    "vaccine_version": Vaccine,
    "manufacturer_version": Manufacturer,
    "clinic_version": Clinic,
}
COLUMNS = (
    "public_id",
    "administered_on",
    "lot_number",
    "site",
    "route",
    "primary_source",
    "volunteer__first_name",
    "volunteer__last_name",
)


def read_passport(
    *, by: Any, patient: Patient, moment: dt.datetime | None = None
) -> list[PassportDose]:
    """Return the patient's completed doses, newest first, as now or as the records said then.

    Leaves an audit entry. Raises ``OutOfSight`` when ``by`` cannot see the patient.
    """
    if not access.visible_to(by, Patient).filter(pk=patient.pk).exists():
        raise access.OutOfSight("Patient not found.")
    note_read(by=by, patients=[patient], what=PASSPORT)
    rows = list(_rows(patient, moment))
    names = _names(rows)
    targets: dict[int, list[str]] = {}
    pairs: QuerySet[Any] = (
        versions_as_of(VaccineTarget, moment) if moment else VaccineTarget.objects.all()
    )
    given = pairs.filter(vaccine_id__in={row["given_vaccine"] for row in rows})
    for vaccine, disease in given.values_list("vaccine_id", "disease"):
        targets.setdefault(vaccine, []).append(disease)
    counts: Counter[str] = Counter()
    doses = []
    for row in rows:
        diseases = targets.get(row["given_vaccine"], [])
        counts.update(diseases)
        doses.append(_dose(row, names, {disease: counts[disease] for disease in diseases}))
    return doses[::-1]


def last_doses(*, by: Any, patients: Iterable[Patient]) -> dict[int, Dose]:
    """Return the last completed dose of each of a few patients, by the patient's key.

    Leaves an audit entry for every patient, with or without a dose: a list shows them all.
    """
    patients = list(patients)
    note_read(by=by, patients=patients, what=LIST)
    doses = (
        access.visible_to(by, Dose)
        .filter(patient__in=patients, status=DoseStatus.COMPLETED)
        .select_related("vaccine", "lot__vaccine")
        .order_by("administered_on", "id")
    )
    return {dose.patient_id: dose for dose in doses}


def _rows(patient: Patient, moment: dt.datetime | None) -> QuerySet[Any, dict[str, Any]]:
    """Return the completed doses in series order, each with the versions true on its day."""
    doses: QuerySet[Any] = versions_as_of(Dose, moment) if moment else Dose.objects.all()
    lots: QuerySet[Any] = versions_as_of(Lot, moment) if moment else Lot.objects.all()
    lot = lots.filter(manufacturer_id=OuterRef("manufacturer_id"), number=OuterRef("lot_number"))
    day = "administered_on"
    return (
        doses.filter(patient_id=patient.pk, status=DoseStatus.COMPLETED)
        .annotate(
            given_vaccine=Coalesce(
                "vaccine_id",
                Subquery(lot.values("vaccine_id")[:1]),
                output_field=BigIntegerField(),
            ),
            lot_recalled_on=Subquery(lot.values("recalled_on")[:1]),
        )
        .annotate(
            vaccine_version=effective_version(
                Vaccine, owner="given_vaccine", day=day, known_by=moment
            ),
            manufacturer_version=effective_version(
                Manufacturer, owner="manufacturer_id", day=day, known_by=moment
            ),
            clinic_version=effective_version(Clinic, owner="clinic_id", day=day, known_by=moment),
        )
        .order_by(day, "id")
        .values(*COLUMNS, *VERSIONS, "given_vaccine", "lot_recalled_on")
    )


def _names(rows: list[dict[str, Any]]) -> dict[str, dict[int, Any]]:
    """Return the versions that the rows name, by kind and ``history_id``: one query a kind."""
    names = {}
    for column, model in VERSIONS.items():
        keys = {row[column] for row in rows} - {None}
        names[column] = model.history.in_bulk(keys) if keys else {}
    return names


def _dose(
    row: dict[str, Any], names: dict[str, dict[int, Any]], positions: dict[str, int]
) -> PassportDose:
    vaccine, manufacturer, clinic = (names[column].get(row[column]) for column in VERSIONS)
    given_by = (row["volunteer__first_name"], row["volunteer__last_name"])
    return PassportDose(
        public_id=row["public_id"],
        administered_on=row["administered_on"],
        vaccine_name=vaccine.short_name if vaccine else "",
        cvx_code=vaccine.cvx_code if vaccine else "",
        manufacturer_name=manufacturer.name if manufacturer else "",
        lot_number=row["lot_number"] or "",
        lot_recalled_on=row["lot_recalled_on"],
        clinic_name=clinic.name if clinic else "",
        volunteer_name=" ".join(part for part in given_by if part),
        site=row["site"],
        route=row["route"],
        primary_source=row["primary_source"],
        positions=positions,
    )
