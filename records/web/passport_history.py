"""In the patient's portal: what was corrected in a record."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from records.domain.corrections import corrections_of
from records.web.correction_words import correction_rows
from records.web.passport import granted_patient, portal_page


@require_safe
@portal_page
def history(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Show each correction with its reason, newest first; 404 for a record that is not granted."""
    patient = granted_patient(request.user, patient_id)
    rows = correction_rows(corrections_of(by=request.user, patient=patient))
    return render(request, "passport/history.html", {"patient": patient, "rows": rows})
