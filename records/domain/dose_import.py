"""Doses of a file, written as sets: the bulk twin of ``record_dose``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import F

from records import access
from records.domain import unit
from records.domain.context import channel, request_id
from records.domain.dose_codes import CodedDose, DoseRow, code_doses
from records.domain.dose_set import write_doses
from records.domain.dose_staging import staged
from records.domain.imports import Outcome
from records.domain.insert_select import insert_select
from records.models import AuditEntry, Patient

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

    def audit(run: str, written: Sequence[CodedDose], moment: dt.datetime) -> None:
        patients = Patient.objects.filter(pk__in=staged(run).values("patient_id"))
        insert_select(
            AuditEntry,
            patients.order_by(),
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
            expected=len({dose.patient_id for dose in written}),
        )

    write_doses(doses, outcome, by=by, audit=audit, reason=reason)
    outcome.findings.sort(key=lambda finding: finding.row)
    return outcome
