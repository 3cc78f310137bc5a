"""Who may see a patient's record through the portal."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied

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

    An existing grant of the pair takes the new template and expiry. Nobody grants themselves.
    """
    access.require(by, "add_patientgrant", patient)
    if user.pk == by.pk:
        raise PermissionDenied("Nobody grants themselves access.")
    unit.lock(patient)
    existing = PatientGrant.objects.filter(user=user, patient=patient).first()
    if existing is None:
        grant = PatientGrant(
            user=user, patient=patient, template=template, expires_at=expires_at, granted_by=by
        )
        return unit.create(grant, by=by, event="patientgrant.given")
    current = unit.lock(existing)
    fields = unit.apply(current, {"template": template, "expires_at": expires_at, "granted_by": by})
    return unit.update(current, fields, by=by, event="patientgrant.changed")


@unit.transactional
def revoke_access(*, by: Any, grant: PatientGrant, reason: str) -> None:
    """Take a grant away; history keeps that it was there."""
    access.require(by, "delete_patientgrant", grant)
    need_reason(reason)
    unit.remove(unit.lock(grant), by=by, event="patientgrant.revoked", reason=reason)
