"""The patient's portal: the passports that a grant lets a person read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from records import access
from records.domain.passports import read_passport
from records.domain.reading import LIST, note_read
from records.domain.schedule import courses_of
from records.models import GrantTemplate, Patient, PatientGrant
from records.web.certificate import certificate_file
from records.web.course_words import course_rows, status_of
from records.web.presenting import dose_row

# 403 without the role, before any look-up.
portal_page = permission_required(access.OWN_RECORD, raise_exception=True)


@require_safe
@portal_page
def index(request: HttpRequest) -> HttpResponse:
    """List the records granted to the user, their own first; a single one opens directly."""
    grants = sorted(access.granted_to(request.user).select_related("patient"), key=_own_first)
    if len(grants) == 1:
        return redirect("passport:passport", grants[0].patient.public_id)
    courses = courses_of(by=request.user, patients=[grant.patient for grant in grants])
    today = timezone.localdate()
    rows = [(grant, status_of(courses[grant.patient.pk], today)) for grant in grants]
    return render(request, "passport/index.html", {"rows": rows})


@require_safe
@portal_page
def passport(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Show the passport of one record granted to the user; 404 for every other."""
    grants = access.granted_to(request.user).select_related("patient__merged_into")
    by_id = {grant.patient.public_id: grant for grant in grants}
    grant = by_id.get(patient_id)
    if grant is None:
        raise Http404
    merged = grant.patient.merged_into
    if merged is not None and merged.public_id in by_id:
        return redirect("passport:passport", merged.public_id)
    rights = access.rights_on(request.user, grant.patient)
    doses = read_passport(by=request.user, patient=grant.patient)
    courses = courses_of(by=request.user, patients=[grant.patient])[grant.patient.pk]
    family = sorted(by_id.values(), key=_own_first) if len(by_id) > 1 else []
    note_read(by=request.user, patients=[one.patient for one in family], what=LIST)
    today = timezone.localdate()
    context = {
        "patient": grant.patient,
        "family": family,
        "status": status_of(courses, today),
        "courses": course_rows(courses, today),
        "recalled": sum(dose.lot_recalled_on is not None for dose in doses),
        "shares": access.SHARE in rights,
        "manages": access.CHANGE_CONTACT in rights,
        "merged": merged is not None,
        "doses": [dose_row(dose) for dose in doses],
    }
    return render(request, "passport/passport.html", context)


@require_safe
@portal_page
def certificate(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Return the certificate to print, as PDF."""
    patient = granted_patient(request.user, patient_id)
    return certificate_file(request, patient, reverse("passport:passport", args=[patient_id]))


def granted_patient(user: Any, public_id: UUID) -> Patient:
    """Return the patient of a record granted to ``user``; raises ``Http404`` for every other."""
    grants = access.granted_to(user).select_related("patient")
    grant = grants.filter(patient__public_id=public_id).first()
    if grant is None:
        raise Http404
    return grant.patient


def _own_first(grant: PatientGrant) -> tuple[bool, str, str]:
    patient = grant.patient
    return grant.template != GrantTemplate.SELF, patient.last_name_key, patient.first_name_key
