"""A patient's passport: all completed doses, as they were on their day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BigIntegerField, FilteredRelation, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from records import access
from records.domain.reading import LIST, PASSPORT, note_known, note_read
from records.domain.series import diseases_of, ranks
from records.history import as_of as versions_as_of
from records.history import effective_version, lots_as_of
from records.models import Clinic, Dose, DoseStatus, Manufacturer, Patient, Vaccine
from records.sight import seen


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


class Passport(NamedTuple):
    """Whose it is (key and public_id), and the completed doses, newest first."""

    patient: int
    public_id: UUID
    doses: list[PassportDose]


def read_passport(
    *, by: Any, patient: Patient, moment: dt.datetime | None = None
) -> list[PassportDose]:
    """Return the patient's completed doses, newest first, as now or as the records said then.

    Leaves an audit entry. Raises ``OutOfSight`` when ``by`` cannot see the patient.
    """
    return passport_of(by=by, public_id=patient.public_id, moment=moment).doses


def passport_of(*, by: Any, public_id: UUID, moment: dt.datetime | None = None) -> Passport:
    """Return the passport of the patient with this public_id, as now or as of a moment.

    Leaves an audit entry. Raises ``OutOfSight`` when ``by`` cannot see the patient.
    """
    if moment is None:
        lines = [Line(*row) for row in seen(by, _present, patient=public_id)]
    else:
        lines = _past(by, public_id, moment)
    if not lines:
        raise access.OutOfSight("Patient not found.")
    patient = lines[0].patient
    note_known(by=by, patients={patient: public_id}, what=PASSPORT)
    return Passport(patient, public_id, _doses(lines))


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


class Line(NamedTuple):
    """One disease of one dose, or a dose against none that is known, or a patient without one."""

    patient: int
    dose: int | None
    public_id: Any
    administered_on: dt.date
    vaccine_name: str | None
    cvx_code: str | None
    manufacturer_name: str | None
    lot_number: str | None
    lot_recalled_on: dt.date | None
    clinic_name: str | None
    first_name: str | None
    last_name: str | None
    site: str
    route: str
    primary_source: bool
    disease: str | None


def _present(viewer: Any, patient: UUID) -> QuerySet[Any, Any]:
    """Return the lines of a patient whom the viewer sees, in series order."""
    return (
        access.visible_to(viewer, Patient)
        .filter(public_id=patient)
        .annotate(
            given=FilteredRelation("doses", condition=Q(doses__status=DoseStatus.COMPLETED)),
            given_vaccine=Coalesce("given__vaccine_id", "given__lot__vaccine_id"),
            **_names(None, "given__"),
        )
        .order_by("given__administered_on", "given__id")
        .values_list(
            "pk",
            "given__id",
            "given__public_id",
            "given__administered_on",
            "vaccine_name",
            "cvx_code",
            "manufacturer_name",
            "given__lot_number",
            "given__lot__recalled_on",
            "clinic_name",
            "given__volunteer__first_name",
            "given__volunteer__last_name",
            "given__site",
            "given__route",
            "given__primary_source",
            Coalesce("given__vaccine__targets__disease", "given__lot__vaccine__targets__disease"),
        )
    )


def _past(by: Any, public_id: UUID, moment: dt.datetime) -> list[Line]:
    """Return the lines of a patient whom ``by`` sees now, as the records said at a moment."""
    patient = access.visible_to(by, Patient).filter(public_id=public_id).values_list("pk").first()
    if patient is None:
        return []
    lots = lots_as_of(moment)
    vaccine = Subquery(lots.values("vaccine_id")[:1])
    rows = (
        versions_as_of(Dose, moment)
        .filter(patient_id=patient[0], status=DoseStatus.COMPLETED)
        .annotate(
            given_vaccine=Coalesce("vaccine_id", vaccine, output_field=BigIntegerField()),
            lot_recalled_on=Subquery(lots.values("recalled_on")[:1]),
            **_names(moment, ""),
        )
        .order_by("administered_on", "id")
        .values_list(
            "id",
            "public_id",
            "administered_on",
            "vaccine_name",
            "cvx_code",
            "manufacturer_name",
            "lot_number",
            "lot_recalled_on",
            "clinic_name",
            "volunteer__first_name",
            "volunteer__last_name",
            "site",
            "route",
            "primary_source",
            "given_vaccine",
        )
    )
    diseases = diseases_of({row[-1] for row in rows}, moment)
    lines = [
        Line._make((*patient, *row[:-1], disease))
        for row in rows
        for disease in diseases.get(row[-1], [None])
    ]
    return lines or [Line._make((*patient, *[None] * (len(Line._fields) - 1)))]


def _names(moment: dt.datetime | None, path: str) -> dict[str, Subquery]:
    """Return the names on the day of the dose at ``path``, as known at the moment."""
    names: dict[str, tuple[Any, str, str]] = {
        "vaccine_name": (Vaccine, "given_vaccine", "short_name"),
        "cvx_code": (Vaccine, "given_vaccine", "cvx_code"),
        "manufacturer_name": (Manufacturer, f"{path}manufacturer_id", "name"),
        "clinic_name": (Clinic, f"{path}clinic_id", "name"),
    }
    return {
        name: effective_version(
            model, owner=owner, day=f"{path}administered_on", known_by=moment, value=value
        )
        for name, (model, owner, value) in names.items()
    }


def _doses(lines: Iterable[Line]) -> list[PassportDose]:
    """Return the doses, newest first, each with its rank in the series of its diseases."""
    given = [(line.dose, line) for line in lines if line.dose is not None]
    positions = ranks(
        (line.patient, dose, line.disease) for dose, line in given if line.disease is not None
    )
    return [_dose(line, positions.get(dose, {})) for dose, line in dict(given).items()][::-1]


def _dose(line: Line, positions: dict[str, int]) -> PassportDose:
    return PassportDose(
        public_id=line.public_id,
        administered_on=line.administered_on,
        vaccine_name=line.vaccine_name or "",
        cvx_code=line.cvx_code or "",
        manufacturer_name=line.manufacturer_name or "",
        lot_number=line.lot_number or "",
        lot_recalled_on=line.lot_recalled_on,
        clinic_name=line.clinic_name or "",
        volunteer_name=" ".join(part for part in (line.first_name, line.last_name) if part),
        site=line.site,
        route=line.route,
        primary_source=line.primary_source,
        positions=positions,
    )
