"""The queue of the day: who waits at the clinic, and who serves whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from records import access
from records.domain import checkins
from records.domain.patients import resolve_patient
from records.domain.reading import LIST, note_read
from records.models import CheckIn, CheckInState
from records.web.clinic_find import forget_search
from records.web.queue_stamp import given_in, stamp_of
from records.web.shift import Shift, clinic_page


@require_safe
@clinic_page
def queue(request: HttpRequest, shift: Shift) -> HttpResponse:
    """List who is here today, first come first.

    A page that looks again by itself names what it shows (``seen``): as long as that is so, it
    gets nothing, and nobody's name has been read.
    """
    visits = checkins.queue_of(by=request.user, clinic=shift.clinic)
    stamp = stamp_of(visits, given_in(visits, by=request.user))
    if request.GET.get("seen") == stamp:
        return HttpResponse(status=204)
    note_read(by=request.user, patients=[visit.patient for visit in visits], what=LIST)
    waiting = [visit for visit in visits if visit.state == CheckInState.WAITING]
    context = {"shift": shift, "visits": visits, "waiting": len(waiting), "stamp": stamp}
    return render(request, "clinic/queue.html", context)


@require_safe
@clinic_page
def next_patient(request: HttpRequest, shift: Shift) -> HttpResponse:
    """Go on to the queue while somebody waits in it, and to the search otherwise."""
    visits = checkins.queue_of(by=request.user, clinic=shift.clinic)
    return redirect("clinic:queue" if visits else "clinic:find")


@require_POST
@clinic_page
def check_in(request: HttpRequest, shift: Shift, patient_id: UUID) -> HttpResponse:
    """Let a patient wait here."""
    patient = resolve_patient(by=request.user, public_id=patient_id)
    checkins.check_in(by=request.user, patient=patient, clinic=shift.clinic)
    forget_search(request)
    messages.success(request, _("%(name)s waits now.") % {"name": patient})
    return redirect("clinic:queue")


@require_POST
@clinic_page
def take(request: HttpRequest, shift: Shift, check_in_id: UUID) -> HttpResponse:
    """Serve a patient who waits: on to the dose."""
    visit = _visit(request, shift, check_in_id)
    if not _done(request, checkins.take, visit):
        return redirect("clinic:queue")
    return redirect("clinic:record", visit.patient.public_id)


@require_POST
@clinic_page
def put_back(request: HttpRequest, shift: Shift, check_in_id: UUID) -> HttpResponse:
    """Let a patient wait again."""
    _done(request, checkins.put_back, _visit(request, shift, check_in_id))
    return redirect("clinic:queue")


@require_POST
@clinic_page
def leave(request: HttpRequest, shift: Shift, check_in_id: UUID) -> HttpResponse:
    """Note that a patient went away."""
    _done(request, checkins.leave, _visit(request, shift, check_in_id))
    return redirect("clinic:queue")


def _visit(request: HttpRequest, shift: Shift, public_id: UUID) -> CheckIn:
    """Return a check-in at the clinic of the shift; the others' queues are out of sight."""
    rows = access.visible_to(request.user, CheckIn).select_related("patient", "clinic")
    visit = rows.filter(public_id=public_id, clinic=shift.clinic).first()
    if visit is None:
        raise access.OutOfSight("Check-in not found.")
    return visit


def _done(request: HttpRequest, act: Callable[..., Any], visit: CheckIn) -> bool:
    """Do it, or say why it cannot be done any more: the list that was seen is a moment old."""
    try:
        act(by=request.user, check_in=visit)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
        return False
    return True
