"""Doses of a file, written as sets: the bulk twin of ``record_dose``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from records import access
from records.domain import unit
from records.domain.context import channel, request_id
from records.domain.dose_codes import CodedDose, DoseRow, code_doses, highest_numbers
from records.domain.dose_sequence import CONTENT, in_sequence, provisional
from records.domain.dose_staging import (
    Verdict,
    judge_staged,
    stage,
    staged,
    staging,
    unstage,
)
from records.domain.imports import Outcome
from records.domain.insert_select import insert_select
from records.models import OPEN_ENDED, AuditEntry, Dose, Lot, OutboxEvent, Patient, StagedDose

EVENT = "dose.recorded"
BATCH = 20_000


@unit.transactional
def import_doses(*, by: Any, rows: Sequence[DoseRow], reason: str = "") -> Outcome:
    """Record the doses of ``rows`` that break no rule, all in one transaction.

    The outcome is that of ``record_dose`` for one row after another, with every warning
    confirmed and reported. A row whose (external_source, external_id) is on record is left
    alone: as unchanged, or as a conflict if it tells something else. Meant for up to ``BATCH``
    rows; it locks their patients and lots until the transaction ends.

    Leaves a version and an event for each dose, and an audit entry for each patient. Raises
    ``PermissionDenied``, and ``ImportBroken`` if the database did not keep what was written.
    """
    access.require(by, "import_records")
    outcome = Outcome()
    doses = code_doses(rows, outcome)
    if not doses:
        return outcome
    highest = highest_numbers(doses)
    numbered = provisional(doses, highest)
    with staging() as run:
        # In the order of patients: neighbours in the file are neighbours in the indexes then.
        stage(run, sorted(numbered.values(), key=lambda dose: dose.patient_id))
        verdicts = judge_staged(run)
        on_record = {row: verdict for row, verdict in verdicts.items() if verdict.on_record}
        _compare([dose for dose in doses if dose.row in on_record], on_record, outcome)
        fresh = [dose for dose in doses if dose.row not in on_record]
        accepted = in_sequence(fresh, numbered, verdicts, highest, outcome)
        _keep(run, numbered, accepted)
        if accepted:
            _write(run, accepted, by=by, reason=reason)
    outcome.new = len(accepted)
    outcome.findings.sort(key=lambda finding: finding.row)
    return outcome


def _keep(run: str, numbered: Mapping[int, CodedDose], accepted: Sequence[CodedDose]) -> None:
    """Leave only the accepted rows in the staging table, with their final numbers."""
    changed = [dose for dose in accepted if dose.dose_number != numbered[dose.row].dose_number]
    gone = numbered.keys() - {dose.row for dose in accepted} | {dose.row for dose in changed}
    if gone:
        unstage(run, gone)
    if changed:
        stage(run, changed)


def _compare(doses: Sequence[CodedDose], verdicts: Mapping[int, Verdict], outcome: Outcome) -> None:
    """Tell rows that are on record as they are from those that say something else.

    A row counts as unchanged when each of its values is the current one or the one that was
    first recorded: what was amended or merged here since was still imported from this row.
    """
    keys = {key for dose in doses if (key := verdicts[dose.row].on_record)}
    current = _contents(Dose.objects.filter(pk__in=keys), "pk")
    suspects = {
        key
        for dose in doses
        if (key := verdicts[dose.row].on_record) and _differing(dose, [current[key]])
    }
    first = _contents(Dose.history.filter(id__in=suspects, version=1), "id")
    for dose in doses:
        key = verdicts[dose.row].on_record
        assert key is not None
        known = [current[key], *([first[key]] if key in first else [])]
        names = _differing(dose, known)
        if not names:
            outcome.unchanged += 1
        for name in names:
            message = "This source and id are on record with something else here."
            outcome.conflict(dose.row, name.removesuffix("_id"), message)


COMPARED = tuple(name for name in CONTENT if not name.startswith(("external_", "given_")))


def _contents(rows: Any, key: str) -> dict[int, dict[str, Any]]:
    found = {}
    for values in rows.values(key, *COMPARED):
        values["administered_on"] = values["administered_on"].isoformat()
        found[values.pop(key)] = values
    return found


def _differing(dose: CodedDose, known: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        name
        for name in COMPARED
        if not (name == "dose_number" and dose.dose_number is None)
        and all(getattr(dose, name) != values[name] for values in known)
    ]


def _write(run: str, doses: Sequence[CodedDose], *, by: Any, reason: str) -> None:
    """Insert the staged doses with their versions, audit entries and events."""
    moment = timezone.now()
    # Patient by patient: neighbours in the indexes too, and each in the order of the file.
    rows = staged(run).order_by("patient_id", "row")
    number = len(doses)
    columns = {field.attname: F(field.attname) for field in StagedDose._meta.concrete_fields}
    insert_select(
        Dose,
        rows,
        {**columns, "version": 1, "recorded_by_id": by.pk},
        expected=number,
    )
    # A lot that is not there is no lot to name: the count of versions would give it away, also
    # where the database checks foreign keys late or not at all.
    lots = Lot.objects.filter(manufacturer=OuterRef("manufacturer"), number=OuterRef("lot_number"))
    written = Dose.objects.filter(
        Q(lot_number__isnull=True) | Exists(lots),
        public_id__in=staged(run).values("public_id"),
    ).order_by()
    insert_select(
        Dose.history.model,
        written,
        {
            **{field.attname: F(field.attname) for field in Dose._meta.concrete_fields},
            "valid_to": OPEN_ENDED,
            "history_date": moment,
            "history_type": "+",
            "history_user_id": by.pk,
            "history_change_reason": reason,
        },
        expected=number,
    )
    insert_select(
        AuditEntry,
        Patient.objects.filter(pk__in=staged(run).values("patient_id")).order_by(),
        {
            "at": moment,
            "actor_id": by.pk,
            "action": "dose.imported",
            "patient_id": F("pk"),
            "subject_type": "patient",
            "subject_id": F("public_id"),
            "subject_version": None,
            "fields": ["doses"],
            "channel": channel.get(),
            "request_id": request_id.get(),
        },
        expected=len({dose.patient_id for dose in doses}),
    )
    insert_select(
        OutboxEvent,
        rows,
        {
            # There is one such event for each dose, so the dose's own id tells them apart.
            "event_id": F("public_id"),
            "type": EVENT,
            "schema_version": OutboxEvent._meta.get_field("schema_version").default,
            "aggregate_type": "dose",
            "aggregate_id": F("public_id"),
            "aggregate_version": 1,
            "occurred_at": moment,
            "published_at": None,
        },
        expected=number,
    )
