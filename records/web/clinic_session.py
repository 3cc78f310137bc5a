"""The session at a clinic: what was given today, to look through and to print."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from records.domain.reading import LIST, note_read
from records.domain.sessions import given_today, recorded_today
from records.web.shift import Shift, clinic_page


@require_safe
@clinic_page
def session(request: HttpRequest, shift: Shift) -> HttpResponse:
    """Count what the clinic gave today, by vaccine and lot, and list one's own doses."""
    given = given_today(by=request.user, clinic=shift.clinic)
    mine = list(recorded_today(by=request.user, clinic=shift.clinic))
    note_read(by=request.user, patients=[dose.patient for dose in mine], what=LIST)
    context = {
        "shift": shift,
        "day": shift.clinic.today(),
        "given": given,
        "doses": sum(row.doses for row in given),
        "my_doses": sum(row.mine for row in given),
        "mine": [(dose, shift.may_undo(dose)) for dose in mine],
    }
    return render(request, "clinic/session.html", context)
