"""The trace of reading: whoever sees a patient's data leaves an entry for that patient.

Call ``note_read`` before the data leave. What cannot be noted is not shown: the exception goes
up and the answer is an error page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from records.domain.context import channel, read_patients, request_id
from records.models import AuditEntry, Patient

READ = "patient.read"
BATCH = 1000

# What was looked at; stands in ``fields`` of the entry.
LIST = "list"
"""Name and birth date among others: a list, a search, a chooser."""
RECORD = "record"
"""The patient's own data, or one thing that belongs to the patient."""
PASSPORT = "passport"
"""All doses."""
HISTORY = "history"
"""Earlier versions."""
LOG = "log"
"""Who looked at the record."""


def note_read(*, by: Any, patients: Iterable[int | Patient], what: str) -> None:
    """Leave one entry for each of ``patients`` (records or their keys) that ``by`` now sees.

    Within one request a patient is noted once, by the first look; a command notes every look. A
    key without a record (deleted since) is passed over: nothing of it can be shown. Not for use
    inside a transaction that may be rolled back: the request would take it for noted.
    """
    seen = read_patients.get()
    wanted = {
        patient.pk if isinstance(patient, Patient) else patient: patient for patient in patients
    }
    new = {key: patient for key, patient in wanted.items() if seen is None or key not in seen}
    if not new:
        return
    known = {key: row.public_id for key, row in new.items() if isinstance(row, Patient)}
    if unknown := new.keys() - known.keys():
        found = Patient.objects.filter(pk__in=unknown).values_list("pk", "public_id")
        known.update(found)
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                actor=by,
                action=READ,
                patient_id=key,
                subject_type="patient",
                subject_id=public_id,
                fields=[what],
                channel=channel.get(),
                request_id=request_id.get(),
            )
            for key, public_id in sorted(known.items())
        ],
        batch_size=BATCH,
    )
    if seen is not None:
        seen.update(known)


def named_by(rows: Iterable[Model]) -> list[int | Patient]:
    """Return whom a page that shows these rows names: patients, and who belongs to a patient.

    Works for versions in the history too. A row may name two: a merge does.
    """
    named: list[int | Patient] = []
    for row in rows:
        if isinstance(row, Patient):
            named.append(row)
        fields: Any = row._meta.concrete_fields
        for field in fields:
            if field.is_relation and field.related_model is Patient:
                # What is loaded already spares a look-up.
                patient = field.get_cached_value(row, default=getattr(row, field.attname))
                named += [] if patient is None else [patient]
    return named
