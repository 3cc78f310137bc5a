"""The pages of Sales, under ``/relations/``: clinics, and who works there now and next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from records import access
from records.domain import reference
from records.domain.errors import StaleVersion
from records.models import Assignment, Clinic
from records.web.forms import CorrectionForm, DomainForm
from records.web.relations_forms import CHANGED, ClinicForm, EditClinicForm, RetireForm
from records.web.staff import one_of, page_of, staff_page, warn_stale
from records.wording import listed

SEE = ("view_clinic", "view_assignment")
FORM = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class Staffing:
    """The assignments of a clinic by its own calendar; each list in the order of its days."""

    now: list[Assignment] = field(default_factory=list)
    later: list[Assignment] = field(default_factory=list)


@require_safe
@staff_page(*SEE)
def index(request: HttpRequest) -> HttpResponse:
    """List clinics with how many volunteers work there now and later."""
    words = request.GET.get("words", "").strip()
    retired = "retired" in request.GET
    rows = access.visible_to(request.user, Clinic).filter(retired_on__isnull=not retired)
    if words:
        rows = rows.filter(Q(name__istartswith=words) | Q(code__startswith=words))
    clinics, more = page_of(rows, "name", request.GET.get("after", ""))
    staffing = _staffing(request.user, clinics)
    context = {
        "rows": [
            (clinic, _people(staffing[clinic.pk].now), _people(staffing[clinic.pk].later))
            for clinic in clinics
        ],
        "words": words,
        "retired": retired,
        "more": more,
        "later": "after" in request.GET,
    }
    return render(request, "staff/clinics.html", context)


@require_safe
@staff_page(*SEE)
def clinic_page(request: HttpRequest, clinic_id: UUID) -> HttpResponse:
    """Show one clinic, and who works there now and later."""
    clinic = clinic_of(request, clinic_id)
    staffing = _staffing(request.user, [clinic])[clinic.pk]
    context = {"clinic": clinic, "staffing": staffing, "address": _address(clinic)}
    return render(request, "staff/clinic.html", context)


@require_http_methods(FORM)
@staff_page(*SEE, "add_clinic")
def add(request: HttpRequest) -> HttpResponse:
    """Add a clinic."""
    form = ClinicForm(request.POST or None)
    if form.is_valid():
        try:
            clinic = reference.add_clinic(by=request.user, **form.values())
        except ValidationError as error:
            form.show(error)
        else:
            messages.success(request, _("The clinic is added. Now assign volunteers."))
            return redirect("relations:clinic", clinic.public_id)
    return render(request, "staff/clinic_new.html", {"form": form})


@require_http_methods(FORM)
@staff_page(*SEE, "change_clinic")
def edit(request: HttpRequest, clinic_id: UUID) -> HttpResponse:
    """Correct what was typed wrongly, or tell what has changed."""
    clinic = clinic_of(request, clinic_id)
    initial = {name: getattr(clinic, name) for name in reference.FIELDS[Clinic]}
    form = EditClinicForm(request.POST or None, initial={**initial, "version": clinic.version})

    def save() -> Any:
        data = form.cleaned_data
        given = {name: data[name] for name in ("reason", "version")}
        given |= {"by": request.user, "record": clinic, "changes": form.values()}
        if data["kind"] == CHANGED:
            return reference.change(**given, effective_from=data["effective_from"])
        return reference.correct(**given)

    if answer := saved(request, form, clinic, save, _("The clinic is saved.")):
        return answer
    return render(request, "staff/clinic_edit.html", {"clinic": clinic, "form": form})


@require_http_methods(FORM)
@staff_page(*SEE, "retire_clinic")
def retire(request: HttpRequest, clinic_id: UUID) -> HttpResponse:
    """End the use of a clinic."""
    clinic = clinic_of(request, clinic_id)
    initial = {"version": clinic.version, "retired_on": clinic.retired_on or clinic.today()}
    form = RetireForm(request.POST or None, initial=initial)

    def save() -> Any:
        return reference.retire(by=request.user, record=clinic, **form.cleaned_data)

    if answer := saved(request, form, clinic, save, _("The clinic is retired.")):
        return answer
    staffing = _staffing(request.user, [clinic])[clinic.pk]
    working = len(_who(staffing.now + staffing.later))
    context = {"clinic": clinic, "form": form, "working": working}
    return render(request, "staff/clinic_retire.html", context)


@require_http_methods(FORM)
@staff_page(*SEE, "retire_clinic")
def reinstate(request: HttpRequest, clinic_id: UUID) -> HttpResponse:
    """Take a retirement back."""
    clinic = clinic_of(request, clinic_id)
    if clinic.retired_on is None:
        messages.info(request, _("This clinic is in use."))
        return redirect("relations:clinic", clinic.public_id)
    form = CorrectionForm(request.POST or None, initial={"version": clinic.version})

    def save() -> Any:
        return reference.reinstate(by=request.user, record=clinic, **form.cleaned_data)

    if answer := saved(request, form, clinic, save, _("The clinic is in use again.")):
        return answer
    return render(request, "staff/clinic_reinstate.html", {"clinic": clinic, "form": form})


def clinic_of(request: HttpRequest, public_id: UUID) -> Clinic:
    """Return the clinic that a page is about; raise ``OutOfSight``."""
    return one_of(access.visible_to(request.user, Clinic), public_id)


def saved(
    request: HttpRequest, form: DomainForm, clinic: Clinic, save: Any, words: str
) -> HttpResponse | None:
    """Save a valid form and return the way on; None leaves the errors on the form."""
    if not form.is_valid():
        return None
    try:
        save()
    except ValidationError as error:
        form.show(error)
        return None
    except StaleVersion:
        warn_stale(request)
    else:
        messages.success(request, words)
    return redirect("relations:clinic", clinic.public_id)


def _address(clinic: Clinic) -> str:
    parts = (
        f"{clinic.street_number} {clinic.street_name}",
        f"{clinic.zip_code} {clinic.city}",
        clinic.state,
        clinic.country,
    )
    return listed(part.strip() for part in parts if part.strip())


def _staffing(user: Any, clinics: Iterable[Clinic]) -> dict[int, Staffing]:
    """Return who works at each clinic: what "now" is, each clinic's calendar says."""
    days = {clinic.pk: clinic.today() for clinic in clinics}
    found: dict[int, Staffing] = defaultdict(Staffing)
    earliest = min(days.values(), default=timezone.localdate())
    rows = _assignments(user).filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=earliest), clinic__in=days
    )
    for row in rows.order_by("starts_on", "volunteer__last_name", "id"):
        today = days[row.clinic_id]
        if row.ends_on is None or row.ends_on >= today:
            of = found[row.clinic_id]
            (of.now if row.starts_on <= today else of.later).append(row)
    return found


def _assignments(user: Any) -> QuerySet[Assignment]:
    return access.visible_to(user, Assignment).select_related("volunteer")


def _people(assignments: list[Assignment]) -> int:
    return len(_who(assignments))


def _who(assignments: list[Assignment]) -> set[int]:
    return {row.volunteer_id for row in assignments}
