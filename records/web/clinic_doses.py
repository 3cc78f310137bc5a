"""Doses in the clinic workspace: record, confirm, amend, void."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from records import access
from records.domain.doses import amend_dose, record_dose, void_dose
from records.domain.errors import ConfirmationRequired, StaleVersion
from records.domain.passports import read_passport
from records.domain.patients import resolve_patient
from records.domain.reading import RECORD, named_by, note_read
from records.history import changes_since, versions_of
from records.models import Dose, DoseStatus, Patient
from records.web.choices import is_past
from records.web.clinic_find import forget_search
from records.web.forms import (
    AmendForm,
    CorrectionForm,
    GivenForm,
    NewDoseForm,
    NotGivenForm,
    OutsideForm,
)
from records.web.presenting import series_words
from records.web.shift import Shift, clinic_page, remember_shift

SOURCE = "web-form"


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def record(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Record a dose given here."""
    return _record(request, shift, patient_id, GivenForm, "clinic/record.html")


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def record_not_given(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Record that a dose was not given, and why."""
    return _record(request, shift, patient_id, NotGivenForm, "clinic/record_not_given.html")


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def record_outside(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Record a dose given elsewhere."""
    return _record(request, shift, patient_id, OutsideForm, "clinic/record_outside.html")


@require_safe
@clinic_page
def dose_page(request: HttpRequest, shift: Shift, dose_id: UUID) -> HttpResponse:
    """Confirm what was recorded, and say what can be done next."""
    dose = _dose(request, dose_id)
    passport = read_passport(by=request.user, patient=dose.patient)
    named = next((row for row in passport if row.public_id == dose.public_id), None)
    context = {
        "shift": shift,
        "dose": dose,
        "patient": dose.patient,
        "series": series_words(named.positions) if named else [],
        "recorded_at": versions_of(dose).values_list("history_date", flat=True).last(),
        "may_correct": shift.may_correct(dose) and dose.status != DoseStatus.ENTERED_IN_ERROR,
    }
    return render(request, "clinic/dose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def amend(request: HttpRequest, shift: Shift, dose_id: UUID) -> HttpResponse:
    """Correct a dose."""
    dose = _dose_to_correct(request, shift, dose_id)
    form = AmendForm(request.POST or None, dose=dose, shift=shift)

    def save() -> HttpResponse:
        amend_dose(
            by=request.user,
            dose=dose,
            version=form.cleaned_data["version"],
            reason=form.cleaned_data["reason"],
            changes=form.changes(),
            confirmed=form.confirmed,
        )
        messages.success(request, _("The correction is saved. What was there before is kept."))
        return redirect("clinic:dose", dose.public_id)

    return _correct(request, shift, dose, form, save, "clinic/amend.html")


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def void(request: HttpRequest, shift: Shift, dose_id: UUID) -> HttpResponse:
    """Mark a dose as entered in error."""
    dose = _dose_to_correct(request, shift, dose_id)
    form = CorrectionForm(request.POST or None, initial={"version": dose.version})

    def save() -> HttpResponse:
        void_dose(by=request.user, dose=dose, **form.cleaned_data)
        messages.success(request, _("The dose is voided. It stays readable with your reason."))
        return redirect("clinic:patient", dose.patient.public_id)

    return _correct(request, shift, dose, form, save, "clinic/void.html")


def _record(
    request: HttpRequest, shift: Shift, patient_id: UUID, kind: type[NewDoseForm], template: str
) -> HttpResponse:
    patient = resolve_patient(by=request.user, public_id=patient_id)
    form = kind(request.POST if request.method == "POST" else None, shift=shift)
    if request.method == "POST":
        valid = form.is_valid()
        token = form.cleaned_data.get("token")
        if token and (earlier := _recorded_by_form(request, patient, token)):
            return _recorded_once(request, earlier)
        if valid:
            try:
                dose = record_dose(
                    by=request.user,
                    patient=patient,
                    external_source=SOURCE,
                    external_id=str(token),
                    confirmed=form.confirmed,
                    **form.values(),
                )
            except ValidationError as error:
                # The same form may have been sent a moment ago, and won.
                if earlier := _recorded_by_form(request, patient, token):
                    return _recorded_once(request, earlier)
                form.show(error)
            except ConfirmationRequired as question:
                form.ask(question)
            else:
                lot = form.cleaned_data.get("lot")
                # A dose written down late may name a lot that no next dose can come from.
                if lot and not is_past(lot, form.today):
                    remember_shift(request, shift.clinic, lot)
                forget_search(request)
                return redirect("clinic:dose", dose.public_id)
    note_read(by=request.user, patients=[patient], what=RECORD)
    context = {"shift": shift, "patient": patient, "form": form}
    return render(request, template, context)


def _recorded_by_form(request: HttpRequest, patient: Patient, token: Any) -> Dose | None:
    """Return the dose that this very form recorded before."""
    doses = access.at_work(request.user, Dose)
    return doses.filter(patient=patient, external_source=SOURCE, external_id=str(token)).first()


def _recorded_once(request: HttpRequest, dose: Dose) -> HttpResponse:
    text = _("This form had been sent before. The dose below was recorded once, nothing else.")
    messages.info(request, text)
    return redirect("clinic:dose", dose.public_id)


def _dose(request: HttpRequest, public_id: UUID) -> Dose:
    relations = ("patient", "vaccine", "manufacturer", "clinic", "volunteer", "recorded_by")
    rows = access.at_work(request.user, Dose).select_related(
        *relations, "lot__vaccine", "lot__manufacturer"
    )
    dose = rows.filter(public_id=public_id).first()
    if dose is None:
        raise access.OutOfSight("Dose not found.")
    return dose


def _dose_to_correct(request: HttpRequest, shift: Shift, public_id: UUID) -> Dose:
    dose = _dose(request, public_id)
    if not shift.may_correct(dose):
        raise PermissionDenied("This dose was given at a clinic where you do not work today.")
    return dose


def _correct(
    request: HttpRequest,
    shift: Shift,
    dose: Dose,
    form: CorrectionForm,
    save: Callable[[], HttpResponse],
    template: str,
) -> HttpResponse:
    """Show the form of a correction; once it is sent, save it or say why that is not possible."""
    if dose.status == DoseStatus.ENTERED_IN_ERROR:
        messages.info(request, _("This dose was voided; it cannot be changed any more."))
        return redirect("clinic:dose", dose.public_id)
    context = {"shift": shift, "dose": dose, "patient": dose.patient, "form": form}
    shown, status = named_by([dose]), 200
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except ValidationError as error:
            form.show(error)
        except ConfirmationRequired as question:
            form.ask(question)
        except StaleVersion as stale:
            context |= {
                "stale": stale,
                "latest": versions_of(dose).first(),
                "changes": changes_since(dose, stale.seen),
            }
            shown += named_by([stale.current])
            template, status = "clinic/stale.html", 409
    note_read(by=request.user, patients=shown, what=RECORD)
    return render(request, template, context, status=status)
