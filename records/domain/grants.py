"""Who may see a patient's record through the portal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.patients import need_reason
from records.models import GrantTemplate, Patient, PatientGrant


@unit.transactional
def grant_access(
    *,
    by: Any,
    user: Any,
    patient: Patient,
    template: str = GrantTemplate.SELF,
    expires_at: dt.datetime | None = None,
) -> PatientGrant:
    """Give ``user`` access to one patient's record and return the grant.

    An existing grant of the pair takes the new template and expiry. Raises ``PermissionDenied``
    for a grant to oneself, and ``ValidationError`` for an expiry that is not in the future and
    for a record that was merged into another one.
    """
    access.require(by, "add_patientgrant", patient)
    if user.pk == by.pk:
        raise PermissionDenied(_("Nobody grants themselves access."))
    _check(unit.lock(patient), expires_at)
    existing = PatientGrant.objects.filter(user=user, patient=patient).first()
    if existing is None:
        grant = PatientGrant(
            user=user, patient=patient, template=template, expires_at=expires_at, granted_by=by
        )
        return unit.create(grant, by=by, event="patientgrant.given")
    current = unit.lock(existing)
    fields = unit.apply(current, {"template": template, "expires_at": expires_at, "granted_by": by})
    return unit.update(current, fields, by=by, event="patientgrant.changed")


def held_by_accounts(patient: Patient) -> int:
    """Return how many accounts read a record through the portal now."""
    return PatientGrant.objects.filter(access.still_holds(), patient=patient).count()


def _check(patient: Patient, expires_at: dt.datetime | None) -> None:
    errors = {}
    if patient.merged_into_id is not None:
        errors["patient"] = _("This record was merged into another one.")
    if expires_at is not None and expires_at <= timezone.now():
        errors["expires_at"] = _("A moment in the future.")
    if errors:
        raise ValidationError(errors)


@unit.transactional
def revoke_access(*, by: Any, grant: PatientGrant, reason: str) -> None:
    """Take a grant away; history keeps that it was there."""
    access.require(by, "delete_patientgrant", grant)
    need_reason(reason)
    unit.remove(unit.lock(grant), by=by, event="patientgrant.revoked", reason=reason)
