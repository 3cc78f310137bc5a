"""Patients of a file: the bulk twin of ``register_patient``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from records import access
from records.domain import bulk, unit
from records.domain.imports import Outcome, refuse_all
from records.models import Gender, Patient, PatientIdentifier
from records.models.fields import fold_name

CHUNK = 50
Identifier = tuple[str, str]
Likeness = tuple[str, str, dt.date]


class PatientRow(NamedTuple):
    """One patient as a file tells it; an empty text is unknown."""

    row: int
    identifier_system: str
    identifier: str
    first_name: str
    last_name: str
    date_of_birth: dt.date
    gender: str
    street_number: str
    street_name: str
    city: str
    state: str
    zip_code: str
    country: str
    email: str
    phone: str


FIELDS = PatientRow._fields[3:]


@unit.transactional
def import_patients(
    *, by: Any, rows: Sequence[PatientRow], allow_similar: bool = False, reason: str = ""
) -> Outcome:
    """Register the patients of ``rows`` that break no rule, all in one transaction.

    The identifier recognises who is on record: a row that says nothing else than the record
    says, or said when it was made, is unchanged, any other one a conflict. Without
    ``allow_similar`` somebody new with the names and birth date of another patient is refused;
    with it, reported. Nobody is enrolled. Raises ``PermissionDenied``.
    """
    access.require(by, "import_records")
    outcome = Outcome()
    known = _on_record(rows)
    alike = _similar(rows)
    new: dict[Identifier, tuple[int, Patient]] = {}
    for row in rows:
        key = (row.identifier_system, row.identifier)
        if key in known:
            _compare(row, known[key], outcome)
            continue
        if key in new:
            _compare(row, [_said(new[key][1])], outcome)
            continue
        patient = _patient(row, outcome)
        if patient is None:
            continue
        if _likeness(row) in alike:
            message = _("Another patient has these names and this birth date.")
            if not allow_similar:
                outcome.refuse(row.row, "last_name", "similar_patient", message)
                continue
            outcome.warn(row.row, "last_name", "similar_patient", message)
        alike.add(_likeness(row))
        new[key] = (row.row, patient)
    _write(new, by=by, reason=reason)
    outcome.new = len(new)
    return outcome


def _write(new: Mapping[Identifier, tuple[int, Patient]], *, by: Any, reason: str) -> None:
    patients = [patient for _, patient in new.values()]
    saved = {
        patient.public_id: patient
        for patient in bulk.create_all(patients, by=by, event="patient.registered", reason=reason)
    }
    identifiers = [
        PatientIdentifier(patient=saved[patient.public_id], system=system, value=value)
        for (system, value), (_, patient) in new.items()
    ]
    bulk.create_all(identifiers, by=by, event="patientidentifier.added", reason=reason)


def _on_record(rows: Iterable[PatientRow]) -> dict[Identifier, list[dict[str, Any]]]:
    """Return for each known identifier what its record says now and what it said at first."""
    values: dict[str, set[str]] = {}
    for row in rows:
        values.setdefault(row.identifier_system, set()).add(row.identifier)
    whose: dict[Identifier, int] = {}
    for system, wanted in values.items():
        named = PatientIdentifier.objects.filter(system=system, value__in=wanted)
        for value, patient in named.values_list("value", "patient_id"):
            whose[system, value] = patient
    keys = set(whose.values())
    now = {
        found.pop("pk"): found
        for found in Patient.objects.filter(pk__in=keys).values("pk", *FIELDS)
    }
    versions = Patient.history.filter(id__in=keys, version=1)
    first = {found.pop("id"): found for found in versions.values("id", *FIELDS)}
    return {key: [now[pk], first.get(pk, now[pk])] for key, pk in whose.items()}


def _likeness(row: PatientRow) -> Likeness:
    return fold_name(row.last_name), fold_name(row.first_name), row.date_of_birth


def _similar(rows: Sequence[PatientRow]) -> set[Likeness]:
    """Return the names and birth dates of these rows that some patient on record has."""
    found: set[Likeness] = set()
    # Few at a time: names and days cross, and the index is read for every pair of them.
    for start in range(0, len(rows), CHUNK):
        wanted = {_likeness(row) for row in rows[start : start + CHUNK]}
        patients = Patient.objects.filter(
            merged_into__isnull=True,
            last_name_key__in={last for last, _, _ in wanted},
            date_of_birth__in={born for _, _, born in wanted},
        )
        keys = patients.values_list("last_name_key", "first_name_key", "date_of_birth")
        found.update(wanted.intersection(keys))
    return found


def _patient(row: PatientRow, outcome: Outcome) -> Patient | None:
    """Return the patient of a row, or note in ``outcome`` what is wrong with it."""
    before = len(outcome.findings)
    identifier = PatientIdentifier(system=row.identifier_system, value=row.identifier)
    patient = Patient(**_values(row))
    for record, excluded in ((identifier, {"patient"}), (patient, set())):
        try:
            record.full_clean(exclude=excluded, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            refuse_all(outcome, row.row, error)
    return patient if len(outcome.findings) == before else None


def _values(row: PatientRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in FIELDS}
    return {**values, "gender": row.gender or Gender.UNKNOWN}


def _said(patient: Patient) -> dict[str, Any]:
    return {name: getattr(patient, name) for name in FIELDS}


def _compare(row: PatientRow, known: Sequence[Mapping[str, Any]], outcome: Outcome) -> None:
    """Tell a patient who is on record as the row says from one about whom it says otherwise."""
    differing = [
        name
        for name in FIELDS
        if (value := getattr(row, name)) and all(said[name] != value for said in known)
    ]
    if not differing:
        outcome.unchanged += 1
    for name in differing:
        message = _("This identifier is on record with something else here.")
        outcome.conflict(row.row, name, message)
