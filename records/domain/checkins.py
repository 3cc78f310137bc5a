"""The queue of the day: who came to a clinic, who serves whom, and how a visit ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from records import access
from records.domain import screening, unit
from records.domain.doses import record_dose
from records.domain.errors import ConfirmationRequired
from records.models import (
    CheckIn,
    CheckInState,
    Clinic,
    Dose,
    DoseStatus,
    Patient,
    ScreeningQuestion,
)

OPEN = (CheckInState.WAITING, CheckInState.IN_PROGRESS)


def queue_of(*, by: Any, clinic: Clinic) -> list[CheckIn]:
    """Return the open check-ins of the clinic's today that ``by`` sees, first come first."""
    rows = access.visible_to(by, CheckIn).filter(clinic=clinic, live_day=clinic.today())
    return list(rows.select_related("patient", "served_by").order_by("arrived_at", "id"))


def open_check_in(*, by: Any, patient: Patient, clinic: Clinic) -> CheckIn | None:
    """Return the patient's open check-in at the clinic today, if ``by`` sees one."""
    rows = access.visible_to(by, CheckIn).filter(clinic=clinic, live_day=clinic.today())
    return rows.select_related("served_by").filter(patient=patient).first()


@unit.transactional
def check_in(*, by: Any, patient: Patient, clinic: Clinic) -> CheckIn:
    """Put a patient into the clinic's queue of today; return the open check-in if there is one.

    Raises ``ValidationError`` for a record that was merged into another one.
    """
    access.require(by, "add_checkin", patient, at=clinic)
    current = unit.lock(patient)
    if current.merged_into_id is not None:
        raise ValidationError({"patient": _("This record was merged into another one.")})
    day = clinic.today()
    waiting = CheckIn.objects.filter(patient=current, clinic=clinic, live_day=day).first()
    if waiting is not None:
        return waiting
    visit = CheckIn(patient=current, clinic=clinic, day=day)
    return unit.create(visit, by=by, event="checkin.arrived")


@unit.transactional
def take(*, by: Any, check_in: CheckIn) -> CheckIn:
    """Serve a patient who waits; of two volunteers at once the second one is refused.

    Raises ``ValidationError`` for a patient whom a colleague serves and for a visit that is over.
    """
    access.require(by, "change_checkin", check_in, at=check_in.clinic)
    current = _locked(check_in)
    if current.state == CheckInState.IN_PROGRESS and current.served_by_id != by.pk:
        raise ValidationError(_("A colleague serves this patient already."), code="taken")
    fields = unit.apply(current, {"state": CheckInState.IN_PROGRESS, "served_by": by})
    return unit.update(current, fields, by=by, event="checkin.taken")


@unit.transactional
def put_back(*, by: Any, check_in: CheckIn) -> CheckIn:
    """Let a patient wait again, whoever had taken them; the place in the queue is kept."""
    access.require(by, "change_checkin", check_in, at=check_in.clinic)
    current = _locked(check_in)
    fields = unit.apply(current, {"state": CheckInState.WAITING, "served_by": None})
    return unit.update(current, fields, by=by, event="checkin.put_back")


@unit.transactional
def leave(*, by: Any, check_in: CheckIn) -> CheckIn:
    """Note that a patient went away without having been served to the end."""
    access.require(by, "change_checkin", check_in, at=check_in.clinic)
    current = _locked(check_in)
    fields = unit.apply(current, {"state": CheckInState.LEFT})
    return unit.update(current, fields, by=by, event="checkin.left")


@unit.transactional
def finish(*, by: Any, check_in: CheckIn) -> CheckIn:
    """End a visit; who ends it served the patient, unless somebody had taken them."""
    access.require(by, "change_checkin", check_in, at=check_in.clinic)
    current = _locked(check_in)
    changes: dict[str, Any] = {"state": CheckInState.DONE}
    if current.served_by_id is None:
        changes["served_by"] = by
    fields = unit.apply(current, changes)
    return unit.update(current, fields, by=by, event="checkin.done")


@unit.transactional
def record_in_visit(
    *,
    by: Any,
    patient: Patient,
    clinic: Clinic,
    answers: Mapping[ScreeningQuestion, str] | None = None,
    confirmed: Collection[str] = (),
    **dose: Any,
) -> Dose:
    """Record a dose, given or not, keep the answers asked before it, and end the visit.

    A visit is the patient's open check-in at ``clinic``; there may be none. Raises what
    ``record_dose`` raises, ``ConfirmationRequired`` for answers that need attention as well, and
    ``ValidationError`` for a dose given while a question in use was not asked.
    """
    access.require(by, "add_dose", patient, at=clinic)
    answers = answers or {}
    if dose.get("status", DoseStatus.COMPLETED) == DoseStatus.COMPLETED:
        screening.need_all(by=by, day=clinic.today(), answers=answers)
    open_warnings = screening.concerns(answers, confirmed)
    try:
        recorded = record_dose(by=by, patient=patient, clinic=clinic, confirmed=confirmed, **dose)
    except ConfirmationRequired as question:
        open_warnings |= question.warnings
    if open_warnings:
        raise ConfirmationRequired(open_warnings)
    if answers:
        screening.keep_answers(by=by, dose=recorded, answers=answers)
    visit = CheckIn.objects.filter(patient=patient, clinic=clinic, live_day=clinic.today()).first()
    if visit is not None:
        finish(by=by, check_in=visit)
    return recorded


def _locked(check_in: CheckIn) -> CheckIn:
    current = unit.lock(check_in)
    if current.state not in OPEN:
        raise ValidationError(_("This visit is over."), code="over")
    return current
