"""Doses written as a set: judged by the database, put in sequence, inserted in few statements.

What the doses of a file and those of a bulk request share.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from records.domain.dose_codes import CodedDose, highest_numbers
from records.domain.dose_past import past_of
from records.domain.dose_sequence import CONTENT, Confirmed, in_sequence, provisional
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
from records.domain.revocation import revoke_shifted
from records.models import OPEN_ENDED, Dose, Lot, OutboxEvent, StagedDose

EVENT = "dose.recorded"
Audit = Callable[[str, Sequence[CodedDose], dt.datetime], None]
"""Writes the audit entries of a staged run, the doses written in it, and their moment."""


def write_doses(
    doses: Sequence[CodedDose],
    outcome: Outcome,
    *,
    by: Any,
    audit: Audit,
    reason: str = "",
    confirmed: Confirmed | None = None,
) -> list[CodedDose]:
    """Write those of ``doses`` that break no rule and return them, numbered.

    The outcome is that of one after another. Leaves a version and an event for each, and what
    ``audit`` writes. The caller has asked for the permission, holds the transaction and the locks
    on patients and lots. Raises ``ImportBroken`` if the database did not keep what was written.
    """
    highest = highest_numbers(doses)
    numbered = provisional(doses, highest)
    with staging() as run:
        # In the order of patients: neighbours in the file are neighbours in the indexes then.
        stage(run, sorted(numbered.values(), key=lambda dose: dose.patient_id))
        verdicts = judge_staged(run)
        on_record = {row: verdict for row, verdict in verdicts.items() if verdict.on_record}
        _compare([dose for dose in doses if dose.row in on_record], on_record, outcome)
        fresh = [dose for dose in doses if dose.row not in on_record]
        past = past_of(fresh)
        accepted = in_sequence(fresh, numbered, verdicts, highest, past, outcome, confirmed)
        _keep(run, numbered, accepted)
        if accepted:
            moment = timezone.now()
            _write(run, accepted, by=by, reason=reason, moment=moment)
            audit(run, accepted, moment)
            patients = staged(run).values("patient_id")
            revoke_shifted(by=by, patients=patients, reason="An earlier dose was recorded.")
    outcome.new = len(accepted)
    return accepted


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
            message = _("This source and id are on record with something else here.")
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


def _write(
    run: str, doses: Sequence[CodedDose], *, by: Any, reason: str, moment: dt.datetime
) -> None:
    """Insert the staged doses with their versions and events."""
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
