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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from records import access
from records.domain.checkins import record_in_visit
from records.domain.doses import amend_dose, record_dose, void_dose
from records.domain.errors import ConfirmationRequired, StaleVersion
from records.domain.passports import read_passport
from records.domain.patients import resolve_patient
from records.domain.reading import RECORD, named_by, note_read
from records.domain.sessions import with_recorded_at
from records.history import changes_since, versions_of
from records.models import Dose, DoseStatus, Patient, ScreeningAnswer
from records.web.choices import is_past
from records.web.clinic_find import forget_search
from records.web.dose_checks import check
from records.web.dose_forms import AmendForm, GivenForm, NewDoseForm, NotGivenForm, OutsideForm
from records.web.forms import CorrectionForm
from records.web.presenting import series_words
from records.web.shift import Shift, clinic_page, remember_how, remember_shift, tell_corrected
from records.wording import UNDONE

SOURCE = "web-form"
LONGEST_VERSION = 9  # digits


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def record(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Record a dose given here."""
    return _record(request, shift, patient_id, GivenForm, record_in_visit, "clinic/record.html")


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def record_not_given(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Record that a dose was not given, and why."""
    template = "clinic/record_not_given.html"
    return _record(request, shift, patient_id, NotGivenForm, record_in_visit, template)


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def record_outside(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Record a dose given elsewhere."""
    template = "clinic/record_outside.html"
    return _record(request, shift, patient_id, OutsideForm, record_dose, template)


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
        "answers": access.visible_to(request.user, ScreeningAnswer)
        .filter(dose=dose)
        .select_related("question"),
        "may_undo": shift.may_undo(dose),
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
        amended = amend_dose(
            by=request.user,
            dose=dose,
            version=form.cleaned_data["version"],
            reason=form.cleaned_data["reason"],
            changes=form.changes(),
            confirmed=form.confirmed,
        )
        tell_corrected(request, amended, form.cleaned_data["version"])
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


@require_POST
@clinic_page
def undo(request: HttpRequest, shift: Shift, dose_id: UUID) -> HttpResponse:
    """Void at once what one recorded here today; anything else needs a reason of its own."""
    dose = _dose_to_correct(request, shift, dose_id)
    if not shift.may_undo(dose):
        return redirect("clinic:void", dose.public_id)
    try:
        void_dose(
            by=request.user,
            dose=dose,
            version=_number(request.POST.get("version")),
            reason=UNDONE,
        )
    except StaleVersion:
        messages.warning(request, _("This dose was changed in the meantime. Look at it first."))
        return redirect("clinic:dose", dose.public_id)
    messages.success(request, _("The dose is undone: it is voided and does not count."))
    return redirect("clinic:patient", dose.patient.public_id)


def _number(text: str | None) -> int:
    """Return a version as a form sent it; one that no record has for anything else."""
    return int(text) if text and text.isdecimal() and len(text) <= LONGEST_VERSION else 0


def _record(
    request: HttpRequest,
    shift: Shift,
    patient_id: UUID,
    kind: type[NewDoseForm],
    write: Callable[..., Dose],
    template: str,
) -> HttpResponse:
    patient = resolve_patient(by=request.user, public_id=patient_id)
    posted = request.POST if request.method == "POST" else None
    form = kind(posted, shift=shift, late="late" in request.GET)
    if request.method == "POST":
        valid = form.is_valid()
        token = form.cleaned_data.get("token")
        if token and (earlier := _recorded_by_form(request, patient, token)):
            return _recorded_once(request, earlier)
        if valid:
            try:
                dose = write(
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
                    remember_how(request, site=dose.site, route=dose.route)
                forget_search(request)
                return redirect("clinic:dose", dose.public_id)
    note_read(by=request.user, patients=[patient], what=RECORD)
    context: dict[str, Any] = {"shift": shift, "patient": patient, "form": form}
    if posted is None:
        context["problems"] = check(form, patient, request.GET)
        context["ticked"] = request.GET.getlist("confirmed")
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
    rows = with_recorded_at(access.at_work(request.user, Dose)).select_related(
        *relations, "lot__vaccine", "lot__manufacturer"
    )
    dose = rows.filter(public_id=public_id).first()
    if dose is None:
        raise access.OutOfSight("Dose not found.")
    return dose


def _dose_to_correct(request: HttpRequest, shift: Shift, public_id: UUID) -> Dose:
    dose = _dose(request, public_id)
    if not shift.may_correct(dose):
        raise PermissionDenied(_("This dose was given at a clinic where you do not work today."))
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
