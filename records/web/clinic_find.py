"""The start of the clinic workspace: the shift, and finding a patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from records.domain import lookup
from records.domain.errors import TooManyLookups
from records.domain.finding import Differs, find_at_clinic
from records.domain.passports import last_doses
from records.domain.scanning import Meaning, read_scan
from records.models.fields import fold_name
from records.web.forms import LONGEST_CODE, ElsewhereForm, FindForm, ShiftForm
from records.web.shift import (
    LOT,
    Shift,
    chosen_clinic,
    clinic_page,
    clinics_of,
    remember_shift,
)
from records.web.verify_words import OUTCOMES

SEARCH = "clinic.search"
SHOWN = 20
TYPED = 3  # letters before a search begins by itself: every name that is shown is noted
WORDS = {
    Differs.NAME: gettext_lazy("The name is spelt differently"),
    Differs.SURNAME: gettext_lazy("The surname differs"),
    Differs.BIRTH_DATE: gettext_lazy("The birth date differs"),
}


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
        if form.differs:
            text = _("The expiry date on the vial is not the one of this lot. Check both.")
            messages.warning(request, text)
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
        if "typing" in request.POST:
            return _while_typing(request, shift)
        if answer := _scanned(request, shift, request.POST.get("name", "").strip()):
            return answer
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


def _while_typing(request: HttpRequest, shift: Shift) -> HttpResponse:
    """Show who begins like what is typed so far.

    A code is looked at only once it is sent, and never kept: it may open a record.
    """
    form = FindForm(request.POST)
    context: dict[str, Any] = {"shift": shift, "form": form}
    if form.is_valid() and _may_be_name(form.cleaned_data["name"]):
        request.session[SEARCH] = {name: form.data.get(name, "") for name in form.fields}
        context |= {"searched": True, **_found(shift, form)}
    return render(request, "clinic/find.html", context)


def _may_be_name(text: str) -> bool:
    return len(fold_name(text)) >= TYPED and not any(char.isdigit() for char in text)


def _scanned(request: HttpRequest, shift: Shift, text: str) -> HttpResponse | None:
    """Go where a scanned code leads, or say what it is; None for a text that is none."""
    context: dict[str, Any] = {"shift": shift, "form": FindForm()}
    try:
        scan = read_scan(by=request.user, clinic=shift.clinic, text=text[:LONGEST_CODE])
    except TooManyLookups:
        context["per_hour"] = lookup.PER_HOUR
        return render(request, "clinic/find.html", context, status=429)
    if scan is None:
        return None
    if scan.patient is not None:
        forget_search(request)
        return redirect("clinic:record", scan.patient.public_id)
    if scan.found is not None:
        context |= {"form": ElsewhereForm(), "found": [scan.found], "scanned": True}
        return render(request, "clinic/elsewhere.html", context)
    if scan.finding is None:
        context["unknown"] = True
        return render(request, "clinic/find.html", context)
    said = scan.finding.statement
    if scan.meaning == Meaning.FOREIGN and said is not None:
        person = said.person
        request.session[SEARCH] = {
            "name": f"{person.family or person.family_plain}, {person.given or person.given_plain}",
            "date_of_birth": person.birth_date if parse_date(person.birth_date) else "",
        }
        words = {"issuer": scan.finding.issuer_name}
        text = _("A genuine code of %(issuer)s. Whoever is called like its holder stands below.")
        messages.info(request, text % words)
        return redirect("clinic:find")
    context["outcome"] = OUTCOMES[scan.finding.outcome]
    return render(request, "clinic/find.html", context)


def _found(shift: Shift, form: FindForm) -> dict[str, Any]:
    criteria = {name: form.cleaned_data[name] for name in ("name", "date_of_birth")}
    matches = find_at_clinic(by=shift.user, clinic=shift.clinic, **criteria, most=SHOWN + 1)
    shown = matches[:SHOWN]
    last = last_doses(by=shift.user, patients=[match.patient for match in shown])
    return {
        "patients": [
            (match.patient, last.get(match.patient.pk), [WORDS[each] for each in match.differs])
            for match in shown
        ],
        "alike": any(match.differs for match in shown),
        "more": len(matches) > SHOWN,
        "shown": SHOWN,
    }
