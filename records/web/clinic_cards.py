"""In the clinic workspace: the patient's signed codes, to be scanned from the screen."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from records.domain.patients import resolve_patient
from records.web.certificate import certificate_file
from records.web.passport_cards import Place, card_file, card_page, cards_page
from records.web.shift import Shift, clinic_page


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def cards(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """List the patient's codes, and make them."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    return cards_page(request, _place(shift), patient)


@require_safe
@clinic_page
def card(request: HttpRequest, shift: Shift, patient_id: UUID, credential_id: UUID) -> HttpResponse:
    """Show one code, for the patient to scan or to photograph."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    return card_page(request, _place(shift), patient, credential_id)


@require_safe
@clinic_page
def file(
    request: HttpRequest, shift: Shift, patient_id: UUID, credential_id: UUID, name: str
) -> HttpResponse:
    """Return a code as a file."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    return card_file(request, patient, credential_id, name)


@require_safe
@clinic_page
def certificate(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Return the patient's certificate as PDF, to be printed for them."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    return certificate_file(request, patient, reverse("clinic:patient", args=[patient.public_id]))


def _place(shift: Shift) -> Place:
    return Place("clinic", "clinic/base.html", {"shift": shift})
