"""In the clinic workspace: correct a patient's data, and add a number of another system."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from records.domain.errors import StaleVersion, TooManyLookups
from records.domain.lookup import PER_HOUR, note_holders
from records.domain.patients import add_identifier, amend_patient, resolve_patient
from records.domain.reading import RECORD, named_by, note_read
from records.history import changes_since, versions_of
from records.models import Patient
from records.web.forms import CorrectPatientForm, NumberForm
from records.web.shift import Shift, clinic_page, tell_corrected


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def edit(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Correct names, birth date, gender or contact data, with a reason."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    form = CorrectPatientForm(request.POST or None, patient=patient)
    if form.is_valid():
        try:
            amended = amend_patient(by=request.user, patient=patient, **form.values())
        except ValidationError as error:
            form.show(error)
        except StaleVersion as stale:
            note_read(by=request.user, patients=named_by([patient]), what=RECORD)
            context = {
                "shift": shift,
                "patient": stale.current,
                "stale": stale,
                "latest": versions_of(patient).first(),
                "changes": changes_since(patient, stale.seen),
            }
            return render(request, "clinic/stale.html", context, status=409)
        else:
            tell_corrected(request, amended, form.cleaned_data["version"])
            return redirect("clinic:patient", patient.public_id)
    return _page(request, shift, patient, form, NumberForm())


@require_POST
@clinic_page
def add_number(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Add a number that another system gave the patient."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    numbers = NumberForm(request.POST)
    form, status = CorrectPatientForm(patient=patient), 200
    more: dict[str, Any] = {}
    if numbers.is_valid():
        system, value = numbers.cleaned_data["system"], numbers.cleaned_data["value"]
        try:
            add_identifier(by=request.user, patient=patient, system=system, value=value)
        except ValidationError as error:
            numbers.show(error)
            try:
                # That somebody of elsewhere has this number is told like what a search tells.
                note_holders(by=request.user, about=patient, identifiers=[(system, value)])
            except TooManyLookups:
                numbers, more, status = NumberForm(), {"per_hour": PER_HOUR}, 429
        else:
            messages.success(request, _("The number is added."))
            return redirect("clinic:patient", patient.public_id)
    return _page(request, shift, patient, form, numbers, status=status, **more)


def _page(
    request: HttpRequest,
    shift: Shift,
    patient: Patient,
    form: CorrectPatientForm,
    numbers: NumberForm,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    note_read(by=request.user, patients=[patient], what=RECORD)
    context = {"shift": shift, "patient": patient, "form": form, "numbers": numbers, **more}
    return render(request, "clinic/edit_patient.html", context, status=status)
