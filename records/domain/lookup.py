"""Finding a patient of elsewhere by exact surname and birth date, or by a code: audited, limited.

A volunteer sees only the patients of their own clinics. To enrol somebody from elsewhere they
may learn that a record exists: name and birth date, nothing more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.errors import TooManyLookups
from records.domain.finding import near_at_clinic
from records.domain.patients import enrol_patient, similar_patients
from records.models import AuditEntry, Clinic, Dose, Patient, Record
from records.models.fields import fold_name

SEARCHED = "clinic.searched_elsewhere"
FOUND = "patient.found_elsewhere"
SCANNED = "patient.found_by_code"
MATCHED = "patient.matched_elsewhere"

PER_HOUR = 30
SHOWN = 20
MOST_NEAR = 20
VALID_FOR = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a volunteer learns of a patient of elsewhere."""

    public_id: UUID
    first_name: str
    last_name: str
    date_of_birth: dt.date
    enrolled_here: bool


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """Records that a new patient looks like: those that the user sees, and how many more."""

    seen: list[Patient]
    unseen: int

    def __len__(self) -> int:
        """Count all of them."""
        return len(self.seen) + self.unseen


@unit.transactional
def find_elsewhere(
    *, by: Any, clinic: Clinic, last_name: str, date_of_birth: dt.date
) -> list[Found]:
    """Return the patients of exactly this surname and birth date, wherever they belong.

    Case and accents do not count; a merged record leads to its survivor. The search and every
    patient found leave an audit entry. Raises ``TooManyLookups`` after ``PER_HOUR`` searches
    within an hour and ``ValidationError`` for a surname without a letter.
    """
    access.require(by, "add_enrolment", clinic, at=clinic)
    key = fold_name(last_name)
    if not key:
        raise ValidationError({"last_name": _("Type the whole surname.")})
    _need_search_left(by)
    rows = Patient.objects.filter(last_name_key=key, date_of_birth=date_of_birth).order_by("id")
    patients = {patient.pk: patient for patient in map(_survivor, rows[:SHOWN])}
    here = set(
        access.enrolled_at([clinic])
        .filter(patient__in=patients)
        .values_list("patient_id", flat=True)
    )
    _note(by, clinic, FOUND, patients.values())
    return [
        Found(
            patient.public_id,
            patient.first_name,
            patient.last_name,
            patient.date_of_birth,
            patient.pk in here,
        )
        for patient in patients.values()
    ]


@unit.transactional
def note_search(*, by: Any, clinic: Clinic) -> None:
    """Count a search whose outcome is not known yet; raises ``TooManyLookups``."""
    access.require(by, "add_enrolment", clinic, at=clinic)
    _need_search_left(by)
    _note(by, clinic, FOUND, [])


@unit.transactional
def found_by_code(*, by: Any, clinic: Clinic, patient: Patient) -> Found:
    """Return what a volunteer learns of a patient of elsewhere whose code was scanned.

    The caller has checked the code. A search like any other: audited, and limited by
    ``TooManyLookups``.
    """
    access.require(by, "add_enrolment", clinic, at=clinic)
    _need_search_left(by)
    _note(by, clinic, SCANNED, [patient])
    names = (patient.first_name, patient.last_name)
    return Found(patient.public_id, *names, patient.date_of_birth, enrolled_here=False)


@unit.transactional
def look_alikes(
    *,
    by: Any,
    clinic: Clinic,
    fields: Mapping[str, Any],
    identifiers: Iterable[tuple[str, str]] = (),
    of: Patient | None = None,
) -> LookAlikes:
    """Return whom a new patient looks like: same names and birth date, case and accents aside.

    A new patient's may differ by a slip at the clinic, as in a search. Whoever has one of the
    ``identifiers``, (system, value) pairs, counts as well. ``of`` is the patient where it is not a
    new one: nobody is their own look-alike.

    Records of elsewhere are only counted, but to learn that there is one is a search like any
    other: audited, and limited by ``TooManyLookups``. Who has no search left learns nothing,
    also not that there is none.
    """
    access.require(by, "add_patient", at=clinic)
    _need_search_left(by)
    similar = {patient.pk: patient for patient in similar_patients(fields=fields)}
    similar |= _holders(identifiers)
    if of is None:
        near = near_at_clinic(by=by, clinic=clinic, fields=fields, most=MOST_NEAR)
        similar |= {patient.pk: patient for patient in near}
    else:
        similar.pop(of.pk, None)
    seen = list(access.visible_to(by, Patient).filter(pk__in=similar))
    elsewhere = [similar[key] for key in similar.keys() - {patient.pk for patient in seen}]
    if elsewhere:
        _note(by, clinic, MATCHED, elsewhere)
    return LookAlikes(seen, len(elsewhere))


@unit.transactional
def note_holders(*, by: Any, about: Record, identifiers: Iterable[tuple[str, str]]) -> None:
    """Count a refusal that told of patients of elsewhere: they hold one of these numbers.

    A search like any other: audited, and limited by ``TooManyLookups``, which then takes the
    place of the refusal. ``about`` is the clinic or the patient that the number was for.
    """
    access.require(by, "add_patientidentifier")
    if by.has_perm(access.EVERYTHING):
        return
    holders = _holders(identifiers)
    if elsewhere := [holders[key] for key in _out_of_sight(by, holders)]:
        _need_search_left(by)
        _note(by, about, MATCHED, elsewhere)


@unit.transactional
def note_dose_holders(*, by: Any, taken: Mapping[tuple[str, str], Patient]) -> None:
    """Count refusals that told of doses of elsewhere: those have these (source, id) pairs.

    Each is a search, as in ``note_holders``. ``taken`` has the patient that the refused dose was
    for by the pair.
    """
    access.require(by, "add_dose")
    if by.has_perm(access.EVERYTHING):
        return
    sources, ids = zip(*taken, strict=True)
    rows = Dose.objects.filter(external_source__in=sources, external_id__in=ids)
    found: Any = rows.values_list("external_source", "external_id", "patient_id")
    holders = {(source, key): patient for source, key, patient in found if (source, key) in taken}
    elsewhere = Patient.objects.in_bulk(_out_of_sight(by, holders.values()))
    for pair, key in holders.items():
        if key in elsewhere:
            _need_search_left(by)
            _note(by, taken[pair], MATCHED, [elsewhere[key]])


@unit.transactional
def enrol_found(*, by: Any, clinic: Clinic, public_id: UUID) -> Patient:
    """Enrol a patient whom a search or a scan has just shown to ``by``; return the record.

    Raises ``OutOfSight`` for anybody else: knowing a public_id opens nothing.
    """
    access.require(by, "add_enrolment", clinic, at=clinic)
    shown = AuditEntry.objects.filter(
        actor=by.pk,
        action__in=(FOUND, SCANNED),
        subject_id=public_id,
        at__gt=timezone.now() - VALID_FOR,
    )
    patient = Patient.objects.filter(public_id=public_id).first()
    if patient is None or not shown.exists():
        raise access.OutOfSight("Patient not found.")
    patient = _survivor(patient)
    enrol_patient(by=by, patient=patient, clinic=clinic)
    return patient


def _out_of_sight(by: Any, patients: Iterable[int]) -> set[int]:
    """Return the keys of those patients whom ``by`` does not see."""
    keys = set(patients)
    seen = access.visible_to(by, Patient).filter(pk__in=keys)
    return keys - set(seen.values_list("pk", flat=True))


def _holders(identifiers: Iterable[tuple[str, str]]) -> dict[int, Patient]:
    """Return who has one of these numbers, by key; for a merged record the one that remains."""
    found = {}
    for system, value in identifiers:
        holders = Patient.objects.filter(identifiers__system=system, identifiers__value=value)
        found.update({holder.pk: holder for holder in map(_survivor, holders)})
    return found


def _need_search_left(by: Any) -> None:
    # The lock lets two searches at once not both take the last one of the hour.
    get_user_model()._default_manager.select_for_update().get(pk=by.pk)
    since = timezone.now() - dt.timedelta(hours=1)
    searches = AuditEntry.objects.filter(actor=by.pk, action=SEARCHED, at__gt=since)
    if searches.count() >= PER_HOUR:
        raise TooManyLookups


def _note(by: Any, about: Record, action: str, patients: Iterable[Patient]) -> None:
    entries = [_entry(by, SEARCHED, about)]
    entries += [_entry(by, action, patient) for patient in patients]
    AuditEntry.objects.bulk_create(entries)


def _survivor(patient: Patient) -> Patient:
    while patient.merged_into is not None:
        patient = patient.merged_into
    return patient


def _entry(by: Any, action: str, subject: Record) -> AuditEntry:
    return unit.entry_of(subject, by=by, action=action, fields=["last_name", "date_of_birth"])
