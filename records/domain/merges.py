"""Two records of one person become one, and apart again if that was wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records import access
from records.domain import unit
from records.domain.grants import held_by_accounts
from records.domain.numbering import next_dose_number
from records.domain.patients import need_reason
from records.domain.revocation import revoke_stating
from records.models import (
    CheckIn,
    CheckInState,
    Dose,
    DoseStatus,
    Enrolment,
    MergedDose,
    MergedEnrolment,
    Patient,
    PatientMerge,
    RevocationCause,
)

UNPROVED = gettext_lazy(
    "An account reads this record, and no clinic has confirmed whose it is: it would read all that"
    " moves. Keep the other one, or let a clinic confirm the identity first."
)


@unit.transactional
def merge_patients(
    *, by: Any, survivor: Patient, duplicate: Patient, version: int, reason: str
) -> PatientMerge:
    """Merge ``duplicate`` into ``survivor`` and return what undoing it needs.

    Doses, enrolments and open check-ins move; a dose whose number is taken gets the next free
    one. Identifiers stay and lead to the survivor; portal grants do not carry over. ``version``
    is the duplicate's. Raises ``ValidationError`` for one and the same or an already merged
    record, and for a survivor that somebody has registered in the portal and no clinic has
    confirmed.
    """
    access.require(by, "merge_patient", survivor, duplicate)
    need_reason(reason)
    if survivor.pk == duplicate.pk:
        raise ValidationError({"survivor": _("A record cannot be merged into itself.")})
    # Both rows in one order, so that two merges of the same pair cannot deadlock.
    for patient in sorted((survivor, duplicate), key=lambda row: row.pk):
        unit.lock(patient)
    survivor = unit.lock(survivor)
    duplicate = unit.lock(duplicate, version=version)
    for field, patient in (("survivor", survivor), ("duplicate", duplicate)):
        if patient.merged_into_id is not None:
            raise ValidationError({field: _("This record was merged already.")})
    if survivor.identity_confirmed_on is None and held_by_accounts(survivor):
        raise ValidationError({"survivor": UNPROVED})
    merge = unit.create(
        PatientMerge(survivor=survivor, duplicate=duplicate),
        by=by,
        event="patientmerge.made",
        reason=reason,
    )
    doses = Dose.objects.select_for_update().filter(patient=duplicate)
    moved = []
    for dose in doses.order_by("administered_on", "id"):
        moved.append(dose.pk)
        MergedDose.objects.create(
            merge=merge, dose=dose, patient=duplicate, dose_number=dose.dose_number
        )
        _move_dose(dose, survivor, dose.dose_number, by=by, reason=reason)
    _revoke(merge, moved, by=by, reason=reason)
    _move_enrolments(merge, by=by, reason=reason)
    _move_check_ins(merge, by=by, reason=reason)
    fields = unit.apply(duplicate, {"merged_into": survivor})
    unit.update(duplicate, fields, by=by, event="patient.merged", reason=reason)
    return merge


@unit.transactional
def undo_merge(
    *, by: Any, merge: PatientMerge, version: int, reason: str, also: Iterable[Dose] = ()
) -> PatientMerge:
    """Move back exactly what the merge moved; ``also`` names doses recorded since that go too.

    Raises ``ValidationError`` for a merge that is undone already, for one whose survivor was
    merged on (that merge is undone first), or for a dose in ``also`` that is not the survivor's.
    """
    access.require(by, "merge_patient", merge)
    need_reason(reason)
    keys = sorted((merge.survivor_id, merge.duplicate_id))
    locked = {key: unit.lock(Patient(pk=key)) for key in keys}
    current = unit.lock(merge, version=version)
    if current.undone_at is not None:
        raise ValidationError(_("This merge was undone already."))
    if locked[current.survivor_id].merged_into_id is not None:
        raise ValidationError(_("The remaining record was merged on; undo that merge first."))
    duplicate = locked[current.duplicate_id]
    unit.update(
        duplicate,
        unit.apply(duplicate, {"merged_into": None}),
        by=by,
        event="patient.unmerged",
        reason=reason,
    )
    back = []
    for moved in current.doses.order_by("id"):
        dose = unit.lock(moved.dose)
        # A dose that went elsewhere since then was somebody's later decision.
        if dose.patient_id == current.survivor_id:
            back.append(dose.pk)
            _move_dose(dose, duplicate, moved.dose_number, by=by, reason=reason)
    for dose in also:
        dose = unit.lock(dose)
        if dose.patient_id != current.survivor_id:
            raise ValidationError({"also": _("A chosen dose does not belong to this patient.")})
        back.append(dose.pk)
        _move_dose(dose, duplicate, dose.dose_number, by=by, reason=reason)
    _revoke(current, back, by=by, reason=reason)
    for row in current.enrolments.order_by("id"):
        _move_enrolment(unit.lock(row.enrolment), duplicate, by=by, reason=reason)
    fields = unit.apply(current, {"undone_at": timezone.now()})
    return unit.update(current, fields, by=by, event="patientmerge.undone", reason=reason)


def _revoke(merge: PatientMerge, moved: list[int], *, by: Any, reason: str) -> None:
    patients, cause = [merge.survivor_id, merge.duplicate_id], RevocationCause.DOSE_MOVED
    revoke_stating(by=by, patients=patients, doses=moved, cause=cause, reason=reason)


def _move_dose(dose: Dose, to: Patient, number: int | None, *, by: Any, reason: str) -> None:
    changes: dict[str, Any] = {"patient": to}
    # Voided since the merge, or its manufacturer taken back: then no number is needed.
    if dose.status == DoseStatus.COMPLETED and dose.manufacturer_id is not None:
        number = number or dose.dose_number
        taken = Dose.objects.filter(
            patient=to, manufacturer=dose.manufacturer_id, live_dose_number=number
        ).exists()
        changes["dose_number"] = next_dose_number(to.pk, dose.manufacturer_id) if taken else number
    fields = unit.apply(dose, changes)
    unit.update(dose, fields, by=by, event="dose.moved", reason=reason)


def _move_enrolments(merge: PatientMerge, *, by: Any, reason: str) -> None:
    """Move the enrolments that the survivor does not have; overlapping ones stay behind."""
    for enrolment in Enrolment.objects.select_for_update().filter(patient=merge.duplicate):
        overlapping = Enrolment.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=enrolment.starts_on),
            patient=merge.survivor,
            clinic=enrolment.clinic_id,
        )
        if enrolment.ends_on is not None:
            overlapping = overlapping.filter(starts_on__lte=enrolment.ends_on)
        if not overlapping.exists():
            MergedEnrolment.objects.create(merge=merge, enrolment=enrolment)
            _move_enrolment(enrolment, merge.survivor, by=by, reason=reason)


def _move_check_ins(merge: PatientMerge, *, by: Any, reason: str) -> None:
    """Let the survivor wait where the duplicate does; who waits twice waits once from now on."""
    waiting = CheckIn.objects.select_for_update().filter(
        patient=merge.duplicate, live_day__isnull=False
    )
    for visit in waiting.order_by("id"):
        same = CheckIn.objects.filter(
            patient=merge.survivor, clinic=visit.clinic_id, live_day=visit.day
        )
        changes: dict[str, Any] = (
            {"state": CheckInState.LEFT} if same.exists() else {"patient": merge.survivor}
        )
        fields = unit.apply(visit, changes)
        unit.update(visit, fields, by=by, event="checkin.moved", reason=reason)


def _move_enrolment(enrolment: Enrolment, to: Patient, *, by: Any, reason: str) -> None:
    fields = unit.apply(enrolment, {"patient": to})
    unit.update(enrolment, fields, by=by, event="enrolment.moved", reason=reason)
