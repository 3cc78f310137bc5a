"""The trace of reading: whoever sees a patient's data leaves an entry for that patient.

Call ``note_read`` before the data leave. What cannot be noted is not shown: the exception goes
up and the answer is an error page.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model
from django.utils import timezone

from records.domain.context import channel, read_patients, request_id
from records.models import AuditEntry, Patient
from records.statements import Insert

READ = "patient.read"
entries = Insert(
    AuditEntry,
    *("at", "actor", "action", "patient", "subject_type", "subject_id"),
    *("fields", "channel", "request_id"),
)

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
    known = dict(
        (row.pk, row.public_id) if isinstance(row, Patient) else (row, None) for row in patients
    )
    seen = read_patients.get() or ()
    if unknown := [key for key, public_id in known.items() if not public_id and key not in seen]:
        known |= dict(Patient.objects.filter(pk__in=unknown).values_list("pk", "public_id"))
    note_known(by=by, patients={key: value for key, value in known.items() if value}, what=what)


def note_known(*, by: Any, patients: Mapping[int, uuid.UUID], what: str) -> None:
    """Leave the entries of ``note_read`` for patients whose key and public_id are known."""
    seen = read_patients.get()
    new = sorted(key for key in patients if seen is None or key not in seen)
    at, fields, name, request = timezone.now(), [what], channel.get(), request_id.get()
    entries.run(
        [(at, by.pk, READ, key, "patient", patients[key], fields, name, request) for key in new]
    )
    if seen is not None:
        seen.update(new)


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
