"""The start of the clinic workspace: the shift, and finding a patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from records import access
from records.domain import lookup
from records.domain.errors import TooManyLookups
from records.domain.passports import last_doses
from records.domain.patients import find_patients
from records.web.forms import ElsewhereForm, FindForm, ShiftForm
from records.web.shift import (
    LOT,
    Shift,
    chosen_clinic,
    clinic_page,
    clinics_of,
    remember_shift,
)

SEARCH = "clinic.search"
SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def shift_page(request: HttpRequest) -> HttpResponse:
    """Choose the clinic and the lot of the shift, and go back to where one came from."""
    clinics = clinics_of(request)
    if not clinics:
        return render(request, "clinic/no_assignment.html", status=403)
    current = chosen_clinic(request, clinics)
    form = ShiftForm(
        request.POST or None,
        user=request.user,
        clinics=clinics,
        initial={
            "clinic": current and str(current.public_id),
            "lot": request.session.get(LOT),
        },
    )
    if request.method == "POST" and form.is_valid():
        clinic = form.clinics[form.cleaned_data["clinic"]]
        remember_shift(request, clinic, form.cleaned_data["lot"])
        target = request.GET.get("next", "")
        on_this_site = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
        return redirect(target if on_this_site else "clinic:find")
    return render(request, "clinic/shift.html", {"form": form, "only": len(clinics) == 1})


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def find(request: HttpRequest, shift: Shift) -> HttpResponse:
    """Search among the clinic's patients.

    What was typed is kept in the session and not in the address: names belong neither in a
    proxy's log nor in a shared computer's browser history.
    """
    if request.method == "POST":
        if "clear" in request.POST:
            forget_search(request)
            return redirect("clinic:find")
        form = FindForm(request.POST)
        if form.is_valid():
            request.session[SEARCH] = {name: form.data.get(name, "") for name in form.fields}
            return redirect("clinic:find")
        return render(request, "clinic/find.html", {"shift": shift, "form": form})
    searched = request.session.get(SEARCH)
    form = FindForm(searched)
    context: dict[str, Any] = {"shift": shift, "form": form, "searched": searched is not None}
    if searched and form.is_valid():
        context |= _found(shift, form)
    return render(request, "clinic/find.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@clinic_page
def elsewhere(request: HttpRequest, shift: Shift) -> HttpResponse:
    """Search for a patient of another clinic: audited, and only so often within an hour."""
    if request.method != "POST":
        form = ElsewhereForm(initial=typed(request))
        return render(request, "clinic/elsewhere.html", {"shift": shift, "form": form})
    form = ElsewhereForm(request.POST)
    context: dict[str, Any] = {"shift": shift, "form": form}
    status = 200
    if form.is_valid():
        try:
            context["found"] = lookup.find_elsewhere(
                by=request.user, clinic=shift.clinic, **form.cleaned_data
            )
        except ValidationError as error:
            form.show(error)
        except TooManyLookups:
            context["per_hour"], status = lookup.PER_HOUR, 429
    return render(request, "clinic/elsewhere.html", context, status=status)


@require_POST
@clinic_page
def enrol(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Open the record of a patient of elsewhere who was just found, by enrolling here."""
    patient = lookup.enrol_found(by=request.user, clinic=shift.clinic, public_id=patient_id)
    forget_search(request)
    words = {"name": str(patient), "clinic": shift.clinic.name}
    messages.success(request, _("%(name)s is enrolled at %(clinic)s now.") % words)
    return redirect("clinic:patient", patient.public_id)


def typed(request: HttpRequest) -> dict[str, str]:
    """Return what the search of this session says of a patient, by field of a patient."""
    search = request.session.get(SEARCH) or {}
    last, _comma, first = (part.strip() for part in search.get("name", "").partition(","))
    return {
        "last_name": last,
        "first_name": first,
        "date_of_birth": search.get("date_of_birth", ""),
    }


def remember_search(request: HttpRequest, person: Mapping[str, Any]) -> None:
    """Take who was typed elsewhere for what is searched, so that nobody types it twice."""
    request.session[SEARCH] = {
        "name": f"{person['last_name']}, {person['first_name']}",
        "date_of_birth": person["date_of_birth"].isoformat(),
    }


def forget_search(request: HttpRequest) -> None:
    """Start anew: the next person is somebody else."""
    request.session.pop(SEARCH, None)


def _found(shift: Shift, form: FindForm) -> dict[str, Any]:
    rows = find_patients(
        by=shift.user,
        name=form.cleaned_data["name"],
        date_of_birth=form.cleaned_data["date_of_birth"],
    ).filter(pk__in=access.enrolled_at([shift.clinic]))
    patients = list(rows[: SHOWN + 1])
    shown = patients[:SHOWN]
    last = last_doses(by=shift.user, patients=shown)
    return {
        "patients": [(patient, last.get(patient.pk)) for patient in shown],
        "more": len(patients) > SHOWN,
        "shown": SHOWN,
    }
