"""Patients: registration, corrections, identifiers and enrolment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.revocation import STATED_OF_PATIENT, revoke_of_patient
from records.models import (
    Clinic,
    Enrolment,
    GrantTemplate,
    Patient,
    PatientGrant,
    PatientIdentifier,
    Record,
)
from records.models.fields import fold_name

CONTACT = frozenset(
    {"street_number", "street_name", "city", "state", "zip_code", "country", "email", "phone"}
)
LONGEST_REASON = 500
AMENDABLE = CONTACT | {"first_name", "last_name", "date_of_birth", "gender"}


@unit.transactional
def register_patient(
    *,
    by: Any,
    clinic: Clinic | None = None,
    identifiers: Iterable[tuple[str, str]] = (),
    identity_confirmed: bool = False,
    **fields: Any,
) -> Patient:
    """Register a patient, enrolled at ``clinic`` from today, and return the record.

    ``identifiers`` are (system, value) pairs. Whoever does not see every patient has to name a
    clinic of theirs: a record without an enrolment would be out of their own sight. Raises
    ``ValidationError`` for a birth date in the future or a taken identifier.
    """
    access.require(by, "add_patient", at=clinic)
    if clinic is None and not by.has_perm(access.EVERYTHING):
        raise ValidationError({"clinic": _("Choose the clinic that registers this patient.")})
    patient = Patient(**unit.known(Patient, fields, AMENDABLE))
    if identity_confirmed:
        patient.identity_confirmed_on = clinic.today() if clinic else timezone.localdate()
    unit.create(patient, by=by, event="patient.registered")
    for system, value in identifiers:
        _identify(patient, system, value, by=by)
    if clinic is not None:
        _enrol(patient, clinic, clinic.today(), by=by)
    return patient


@unit.transactional
def register_own_record(*, by: Any, clinic: Clinic | None = None, **fields: Any) -> Patient:
    """Create the record of ``by``, granted to them as their own, and return it.

    It is pending until a clinic confirms who they are. ``clinic`` is where they will go; it sees
    the record from today. Nothing of another record is looked at, so nobody learns whether one
    of the same name exists. Raises ``ValidationError`` for a second own record.
    """
    access.require(by, "register_own_record", *([clinic] if clinic else []))
    # Two forms sent at once must not make two records.
    user = get_user_model().objects.select_for_update().get(pk=by.pk)
    if PatientGrant.objects.filter(user=user, template=GrantTemplate.SELF).exists():
        raise ValidationError(_("Your own record is connected to this account already."))
    patient = Patient(**unit.known(Patient, fields, AMENDABLE))
    unit.create(patient, by=by, event="patient.registered")
    grant = PatientGrant(user=user, patient=patient, template=GrantTemplate.SELF, granted_by=by)
    unit.create(grant, by=by, event="patientgrant.given")
    if clinic is not None:
        _enrol(patient, clinic, clinic.today(), by=by)
    return patient


@unit.transactional
def amend_patient(
    *, by: Any, patient: Patient, version: int, reason: str, changes: Mapping[str, Any]
) -> Patient:
    """Correct a patient's record and return its next version.

    ``version`` is the one that the person saw. Raises ``ValidationError`` without a reason.
    """
    access.require(by, "change_patient", patient)
    need_reason(reason)
    current = unit.lock(patient, version=version)
    fields = unit.apply(current, unit.known(Patient, changes, AMENDABLE))
    if "date_of_birth" in fields:
        current.check_lifetime()
    unit.update(current, fields, by=by, event="patient.amended", reason=reason)
    if STATED_OF_PATIENT & set(fields):
        revoke_of_patient(by=by, patient=current.pk, reason=reason)
    return current


@unit.transactional
def amend_contact(
    *, by: Any, patient: Patient, version: int, changes: Mapping[str, Any]
) -> Patient:
    """Let a patient, guardian or carer change the contact data of a granted record.

    Raises ``PermissionDenied`` for a grant that only reads and ``ValidationError`` for a field
    that is not contact data.
    """
    access.require(by, "change_own_contact", patient)
    if not access.may_manage(by, patient):
        raise PermissionDenied(_("This grant only allows reading."))
    current = unit.lock(patient, version=version)
    fields = unit.apply(current, unit.known(Patient, changes, CONTACT))
    return unit.update(current, fields, by=by, event="patient.contact_amended")


@unit.transactional
def confirm_identity(*, by: Any, patient: Patient, version: int) -> Patient:
    """Note that a clinic has seen proof of who the patient is; nobody vouches for themselves."""
    access.require(by, "change_patient", patient)
    need_other_hands(by, patient)
    current = unit.lock(patient, version=version)
    fields = unit.apply(current, {"identity_confirmed_on": timezone.localdate()})
    return unit.update(current, fields, by=by, event="patient.identity_confirmed")


@unit.transactional
def add_identifier(*, by: Any, patient: Patient, system: str, value: str) -> PatientIdentifier:
    """Add a number that another system gave the patient; it is unique within that system."""
    access.require(by, "add_patientidentifier", patient)
    return _identify(unit.lock(patient), system, value, by=by)


@unit.transactional
def amend_identifier(
    *,
    by: Any,
    identifier: PatientIdentifier,
    version: int,
    reason: str,
    changes: Mapping[str, Any],
) -> PatientIdentifier:
    """Correct a number or its issuer and return the next version."""
    access.require(by, "change_patientidentifier", identifier)
    need_reason(reason)
    current = unit.lock(identifier, version=version)
    fields = unit.apply(current, unit.known(PatientIdentifier, changes, {"system", "value"}))
    return unit.update(current, fields, by=by, event="patientidentifier.amended", reason=reason)


@unit.transactional
def remove_identifier(*, by: Any, identifier: PatientIdentifier, reason: str) -> PatientIdentifier:
    """Take a wrong number off a patient and return it as its last version in the history."""
    access.require(by, "delete_patientidentifier", identifier)
    need_reason(reason)
    current = unit.lock(identifier)
    unit.remove(current, by=by, event="patientidentifier.removed", reason=reason)
    current.version += 1
    return current


@unit.transactional
def enrol_patient(
    *, by: Any, patient: Patient, clinic: Clinic, starts_on: dt.date | None = None
) -> Enrolment:
    """Let a patient belong to a clinic from a day on (default: today there).

    Returns the enrolment that already covers that day, if there is one. The patient may be out
    of sight: enrolling is how a volunteer opens the record of somebody from elsewhere, and it is
    audited like every write.
    """
    access.require(by, "add_enrolment", clinic, at=clinic)
    current = unit.lock(patient)
    if current.merged_into_id is not None:
        raise ValidationError({"patient": _("This record was merged into another one.")})
    day = unit.coerce(Enrolment, {"starts_on": starts_on})["starts_on"] or clinic.today()
    valid = enrolments_on(day).filter(patient=current, clinic=clinic).first()
    return valid or _enrol(current, clinic, day, by=by)


@unit.transactional
def end_enrolment(*, by: Any, enrolment: Enrolment, version: int, ends_on: dt.date) -> Enrolment:
    """Let an enrolment end; ``ends_on`` is its last day. Raises if that is before it starts."""
    access.require(by, "change_enrolment", enrolment, at=enrolment.clinic)
    current = unit.lock(enrolment, version=version)
    fields = unit.apply(current, {"ends_on": ends_on})
    need_day(current, "ends_on")
    return unit.update(current, fields, by=by, event="enrolment.ended")


def enrolments_on(day: dt.date) -> QuerySet[Enrolment]:
    """Return the enrolments that are valid on a day (both ends inclusive)."""
    return Enrolment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day
    )


def find_patients(
    *, by: Any, name: str = "", date_of_birth: dt.date | None = None
) -> QuerySet[Patient]:
    """Return the visible patients whose name starts like this, by name.

    ``name`` is a surname prefix, or ``surname, given name``; case and accents do not count. At
    least one of the two criteria is needed, otherwise nothing is found.
    """
    patients = access.visible_to(by, Patient).filter(merged_into__isnull=True)
    last, _, first = (fold_name(part) for part in name.partition(","))
    if not last and date_of_birth is None:
        return patients.none()
    if last:
        patients = patients.filter(starts_with("last_name_key", last))
    if first:
        patients = patients.filter(starts_with("first_name_key", first))
    if date_of_birth is not None:
        patients = patients.filter(date_of_birth=date_of_birth)
    return patients.order_by("last_name_key", "first_name_key", "id")


def resolve_patient(*, by: Any, public_id: Any) -> Patient:
    """Return the patient of a public_id; that of a merged record leads to the survivor.

    Raises ``OutOfSight`` when ``by`` works with neither: a grant is for the portal.
    """
    visible = access.at_work(by, Patient)
    seen = visible.filter(public_id=public_id, merged_into__isnull=True).first()
    if seen is not None:
        return seen
    patient = Patient.objects.filter(public_id=public_id).first()
    while patient is not None and patient.merged_into_id is not None:
        if not visible.filter(pk=patient.merged_into_id).exists():
            break
        patient = patient.merged_into
    if patient is None or not visible.filter(pk=patient.pk).exists():
        raise access.OutOfSight("Patient not found.")
    return patient


def similar_patients(*, fields: Mapping[str, Any]) -> QuerySet[Patient]:
    """Return records with the same names and birth date: possible duplicates of a new one.

    Not limited to what a user sees; callers say only that there is one, never whose.
    """
    return Patient.objects.filter(
        last_name_key=fold_name(fields["last_name"]),
        first_name_key=fold_name(fields["first_name"]),
        date_of_birth=fields["date_of_birth"],
        merged_into__isnull=True,
    )


def starts_with(column: str, prefix: str) -> Q:
    """Return a prefix condition as a range, which an index serves on every database."""
    return Q(**{f"{column}__gte": prefix, f"{column}__lt": prefix + chr(0x10FFFF)})


def need_reason(reason: str) -> None:
    """Raise ``ValidationError`` unless a reason is given that fits into the history."""
    if not (reason or "").strip():
        raise ValidationError({"reason": _("Say why.")})
    if len(reason) > LONGEST_REASON:
        raise ValidationError(
            {
                "reason": _("At most %(longest_reason)s characters.")
                % {"longest_reason": LONGEST_REASON}
            }
        )


def need_other_hands(by: Any, patient: Patient) -> None:
    """Raise ``PermissionDenied`` where ``by`` would vouch for a record granted to themselves."""
    if access.granted_to(by).filter(patient=patient).exists():
        raise PermissionDenied(_("A colleague has to do this: this record is granted to you."))


def why_unproved(patient: Patient) -> str:
    """Return why others cannot be told whose record this is, or nothing.

    What leaves VaxPass in the patient's name, signed or shared, is of a record that a clinic has
    confirmed.
    """
    if patient.merged_into_id is not None:
        return _("This record was merged into another one.")
    if patient.identity_confirmed_on is None:
        return _("A clinic has to confirm first who this record belongs to.")
    return ""


def need_day(record: Record, field: str) -> None:
    """Raise ``ValidationError`` unless the day is given that makes an end an end."""
    if getattr(record, field) is None:
        raise ValidationError({field: _("Say which day.")})


def _identify(patient: Patient, system: str, value: str, *, by: Any) -> PatientIdentifier:
    number = unit.coerce(PatientIdentifier, {"system": system, "value": value})
    identifier = PatientIdentifier(patient=patient, **number)
    return unit.create(identifier, by=by, event="patientidentifier.added")


def _enrol(patient: Patient, clinic: Clinic, day: dt.date, *, by: Any) -> Enrolment:
    if clinic.retired_on and clinic.retired_on < day:
        raise ValidationError({"clinic": _("This clinic is retired.")})
    enrolment = Enrolment(patient=patient, clinic=clinic, starts_on=day)
    return unit.create(enrolment, by=by, event="enrolment.started")
