"""In the clinic workspace: propose that two records are one person's."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from records.domain.finding import alike_at_clinic
from records.domain.merge_proposals import propose_merge, proposed_with
from records.domain.patients import resolve_patient
from records.domain.reading import LIST, RECORD, named_by, note_read
from records.web.forms import ProposeMergeForm
from records.web.shift import Shift, clinic_page

SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def propose(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Choose the other record of the same person, and say why; a keeper of records decides."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    alike = alike_at_clinic(by=request.user, clinic=shift.clinic, patient=patient, most=SHOWN)
    proposals = proposed_with(by=request.user, patient=patient)
    proposed = {key for each in proposals for key in (each.patient_id, each.survivor_id)}
    alike = [other for other in alike if other.pk not in proposed]
    others = {str(other.public_id): other for other in alike}
    form = ProposeMergeForm(request.POST or None, others=others)
    if form.is_valid():
        survivor = others[form.cleaned_data["survivor"]]
        reason = form.cleaned_data["reason"]
        try:
            propose_merge(by=request.user, patient=patient, survivor=survivor, reason=reason)
        except ValidationError as error:
            form.show(error)
        else:
            text = _("The merge is proposed. A database administrator compares the two records.")
            messages.success(request, text)
            return redirect("clinic:propose_merge", patient.public_id)
    note_read(by=request.user, patients=[patient], what=RECORD)
    note_read(by=request.user, patients=[*alike, *named_by(proposals)], what=LIST)
    context = {
        "shift": shift,
        "patient": patient,
        "form": form,
        "others": alike,
        "proposals": proposals,
    }
    return render(request, "clinic/propose_merge.html", context)
