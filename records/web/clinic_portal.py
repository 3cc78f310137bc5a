"""In the clinic workspace: who the patient is, and how the record reaches their account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from records.codecs.claim_codes import show_code
from records.domain.boxes import BoxLocked
from records.domain.claims import (
    is_of_age,
    issue_claim_code,
    pass_to_patient,
    portal_access,
)
from records.domain.codes import read_code
from records.domain.credentials import issue_credentials
from records.domain.errors import StaleVersion, TooManyLookups
from records.domain.issuer_keys import NoSigningKey
from records.domain.lookup import PER_HOUR, look_alikes
from records.domain.patients import confirm_identity, resolve_patient
from records.domain.reading import LIST, RECORD, note_read
from records.models import ClaimCode, CredentialFormat, GrantTemplate, Patient
from records.web.forms import DomainForm
from records.web.portal_forms import ClaimCodeForm, ConfirmIdentityForm, HandOverForm
from records.web.presenting import qr_picture
from records.web.shift import Shift, clinic_page


def portal_section(shift: Shift, patient: Patient) -> dict[str, Any]:
    """Return what the patient's page says about access through the portal: numbers, no names."""
    held, codes = portal_access(by=shift.user, patient=patient)
    of_age = is_of_age(patient, shift.clinic.today())
    return {
        "held": [(GrantTemplate(key).label, number) for key, number in sorted(held.items())],
        "codes": [(GrantTemplate(key).label, end) for key, end in codes],
        "may_pass_on": of_age and GrantTemplate.GUARDIAN in held,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def identity(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Confirm who the patient is, after a look for a second record of the same person."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    # Whoever made the record in the portal may have used somebody else's name.
    is_held = bool(portal_access(by=request.user, patient=patient).held)
    form = ConfirmIdentityForm(
        request.POST or None, is_held=is_held, initial={"version": patient.version}
    )
    if form.is_valid():
        version = form.cleaned_data["version"]
        try:
            confirm_identity(by=request.user, patient=patient, version=version)
        except StaleVersion:
            text = _("The record was changed meanwhile. Compare it again.")
            messages.warning(request, text)
            return redirect("clinic:identity", patient.public_id)
        messages.success(request, _("The identity is confirmed."))
        return redirect("clinic:patient", patient.public_id)
    context: dict[str, Any] = {"shift": shift, "patient": patient, "form": form}
    try:
        fields = {name: getattr(patient, name) for name in ("first_name", "last_name")}
        fields["date_of_birth"] = patient.date_of_birth
        similar = look_alikes(by=request.user, clinic=shift.clinic, fields=fields, of=patient)
    except TooManyLookups:
        context["per_hour"] = PER_HOUR
    else:
        note_read(by=request.user, patients=similar.seen, what=LIST)
        context["similar"] = similar
    note_read(by=request.user, patients=[patient], what=RECORD)
    return render(request, "clinic/identity.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def claim_code(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Make a claim code and show it, this once, as a slip to print."""
    patient = _patient_with_portal(request, patient_id)
    of_age = is_of_age(patient, shift.clinic.today())
    form = ClaimCodeForm(
        request.POST or None, of_age=of_age, initial={"template": GrantTemplate.SELF}
    )
    if slip := _printed(issue_claim_code, request, shift, patient, form):
        return slip
    context = {"shift": shift, "patient": patient, "form": form}
    return render(request, "clinic/claim_code.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def hand_over(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Pass access from the guardians to the patient who has come of age."""
    patient = _patient_with_portal(request, patient_id)
    form = HandOverForm(request.POST or None)
    if slip := _printed(pass_to_patient, request, shift, patient, form):
        return slip
    context = {"shift": shift, "patient": patient, "form": form}
    return render(request, "clinic/hand_over.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def take_home(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Make what the patient takes home on one sheet: a claim code and the signed code."""
    patient = _patient_with_portal(request, patient_id)
    of_age = is_of_age(patient, shift.clinic.today())
    chosen = GrantTemplate.SELF if of_age else GrantTemplate.GUARDIAN
    form = ClaimCodeForm(request.POST or None, of_age=of_age, initial={"template": chosen})
    if sheet := _printed(issue_claim_code, request, shift, patient, form, with_codes=True):
        return sheet
    context = {"shift": shift, "patient": patient, "form": form}
    return render(request, "clinic/take_home.html", context)


def _pictures(request: HttpRequest, patient: Patient) -> list[str]:
    """Return the patient's health card as pictures; none where there is nothing to state yet."""
    try:
        issued = issue_credentials(
            by=request.user, patient=patient, format=CredentialFormat.SHC.value
        )
        codes = [read_code(by=request.user, credential=credential) for credential in issued]
    except (NoSigningKey, ValidationError, BoxLocked):
        return []
    return [qr_picture(code.scannable) for code in codes]


def _patient_with_portal(request: HttpRequest, public_id: UUID) -> Patient:
    """Return the patient for whom a code is asked, after noting that they were looked at."""
    if not request.user.has_perm("records.add_claimcode"):
        raise PermissionDenied(_("This account prints no claim codes."))
    patient = resolve_patient(by=request.user, public_id=public_id)
    note_read(by=request.user, patients=[patient], what=RECORD)
    return patient


def _printed(
    make: Callable[..., tuple[ClaimCode, str]],
    request: HttpRequest,
    shift: Shift,
    patient: Patient,
    form: DomainForm,
    *,
    with_codes: bool = False,
) -> HttpResponse | None:
    """Return the slip with the code that ``make`` makes; None leaves its errors on the form.

    ``with_codes`` prints the signed code below it.
    """
    if not form.is_valid():
        return None
    try:
        code, text = make(
            by=request.user, patient=patient, clinic=shift.clinic, **form.cleaned_data
        )
    except ValidationError as error:
        form.show(error)
        return None
    until = code.access_until
    context = {
        "shift": shift,
        "patient": code.patient,
        "code": code,
        "last_day": until and until.astimezone(ZoneInfo(shift.clinic.time_zone)).date(),
        "text": show_code(text),
        "page": request.build_absolute_uri(reverse("claim")),
        "with_codes": with_codes,
        "pictures": _pictures(request, code.patient) if with_codes else [],
    }
    return render(request, "clinic/claim_slip.html", context)
