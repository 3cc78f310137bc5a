"""Patients in the clinic workspace: registration and the patient's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from records import access
from records.domain.checkins import check_in
from records.domain.errors import TooManyLookups
from records.domain.lookup import PER_HOUR, look_alikes
from records.domain.passports import read_passport
from records.domain.patients import register_patient, resolve_patient
from records.domain.reading import LIST, note_read
from records.models import Dose, DoseStatus, PatientIdentifier
from records.web.clinic_find import forget_search, remember_search, typed
from records.web.clinic_portal import portal_section
from records.web.forms import RegisterForm
from records.web.presenting import dose_row
from records.web.shift import Shift, clinic_page


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def register(request: HttpRequest, shift: Shift) -> HttpResponse:
    """Register a patient, after a look for a record that exists already."""
    if request.method != "POST":
        form = RegisterForm(initial=typed(request))
        return render(request, "clinic/register.html", {"shift": shift, "form": form})
    form = RegisterForm(request.POST)
    context: dict[str, Any] = {"shift": shift, "form": form}
    if form.is_valid():
        try:
            similar = look_alikes(
                by=request.user,
                clinic=shift.clinic,
                fields=form.cleaned_data,
                identifiers=form.values()["identifiers"],
            )
        except TooManyLookups:
            context["per_hour"] = PER_HOUR
            return render(request, "clinic/register.html", context, status=429)
        # The number that the person saw: a form sent twice meets the record it made itself.
        if len(similar) <= (form.cleaned_data["register_anyway"] or 0):
            try:
                patient = register_patient(by=request.user, clinic=shift.clinic, **form.values())
            except ValidationError as error:
                form.show(error)
            else:
                forget_search(request)
                if request.POST.get("then") == "queue":
                    check_in(by=request.user, patient=patient, clinic=shift.clinic)
                    return redirect("clinic:queue")
                if request.POST.get("then") == "compare":
                    return redirect("clinic:propose_merge", patient.public_id)
                return redirect("clinic:record", patient.public_id)
        else:
            remember_search(request, form.cleaned_data)
            note_read(by=request.user, patients=similar.seen, what=LIST)
            context["similar"] = similar
    return render(request, "clinic/register.html", context)


@require_safe
@clinic_page
def patient_page(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Show who the patient is and every dose, and lead on to what can be done."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    if patient.public_id != patient_id:
        return redirect("clinic:patient", patient.public_id)
    passport = read_passport(by=request.user, patient=patient)
    doses = {
        dose.public_id: dose
        for dose in access.at_work(request.user, Dose)
        .filter(patient=patient)
        .select_related("vaccine", "lot__vaccine", "clinic")
        .order_by("-administered_on", "-id")
    }
    context = {
        "shift": shift,
        "patient": patient,
        "identifiers": access.visible_to(request.user, PatientIdentifier).filter(patient=patient),
        "completed": [
            (dose_row(dose), shift.may_correct(doses[dose.public_id])) for dose in passport
        ],
        "portal": portal_section(shift, patient),
        "others": [dose for dose in doses.values() if dose.status != DoseStatus.COMPLETED],
    }
    return render(request, "clinic/patient.html", context)
