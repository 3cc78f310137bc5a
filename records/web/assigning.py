"""Under ``/relations/``: who works at a clinic from when to when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from records import access
from records.domain.volunteers import assign_volunteer, end_assignment
from records.models import Assignment, Volunteer
from records.web.relations import FORM, SEE, clinic_of, saved
from records.web.relations_forms import AssignForm, EndForm, SearchForm
from records.web.staff import one_of, staff_page

FOUND = 20


@require_http_methods(FORM)
@staff_page(*SEE, "view_volunteer", "add_assignment")
def find(request: HttpRequest, clinic_id: UUID) -> HttpResponse:
    """Find the volunteer to assign; a name that is typed never stands in an address."""
    clinic = clinic_of(request, clinic_id)
    form = SearchForm(request.POST or None)
    context: dict[str, Any] = {"clinic": clinic, "form": form, "most": FOUND}
    if form.is_valid():
        words = form.cleaned_data["words"]
        rows = access.visible_to(request.user, Volunteer).filter(
            Q(code=words) | Q(last_name__istartswith=words)
        )
        found = list(rows.order_by("last_name", "first_name", "id")[: FOUND + 1])
        context |= {"found": found[:FOUND], "more": len(found) > FOUND, "searched": True}
    return render(request, "staff/assign_find.html", context)


@require_http_methods(FORM)
@staff_page(*SEE, "view_volunteer", "add_assignment")
def assign(request: HttpRequest, clinic_id: UUID, volunteer_id: UUID) -> HttpResponse:
    """Let a volunteer work at a clinic for a while."""
    clinic = clinic_of(request, clinic_id)
    volunteer = one_of(access.visible_to(request.user, Volunteer), volunteer_id)
    form = AssignForm(request.POST or None, initial={"starts_on": clinic.today()})

    def save() -> Any:
        given = {"volunteer": volunteer, "clinic": clinic, **form.cleaned_data}
        return assign_volunteer(by=request.user, **given)

    if answer := saved(request, form, clinic, save, _("The volunteer is assigned.")):
        return answer
    context = {"clinic": clinic, "volunteer": volunteer, "form": form}
    return render(request, "staff/assign.html", context)


@require_http_methods(FORM)
@staff_page(*SEE, "change_assignment")
def end(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """Say when an assignment ends, or ended."""
    rows = access.visible_to(request.user, Assignment).select_related("clinic", "volunteer")
    assignment = one_of(rows, assignment_id)
    clinic = assignment.clinic
    initial = {
        "version": assignment.version,
        "ends_on": assignment.ends_on or max(clinic.today(), assignment.starts_on),
    }
    form = EndForm(request.POST or None, initial=initial)

    def save() -> Any:
        return end_assignment(by=request.user, assignment=assignment, **form.cleaned_data)

    if answer := saved(request, form, clinic, save, _("The assignment is saved.")):
        return answer
    context = {"clinic": clinic, "assignment": assignment, "form": form}
    return render(request, "staff/assignment_end.html", context)
