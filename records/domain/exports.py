"""Exports leave an audit entry for each patient whose data went out."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Model

from records import access
from records.domain import unit
from records.domain.context import channel, request_id
from records.models import AuditEntry, Patient

BATCH = 1000


@unit.transactional
def log_export(
    *,
    by: Any,
    model: type[Model],
    run: uuid.UUID,
    fields: Sequence[str],
    patients: Collection[int] = (),
) -> None:
    """Note that rows of ``model`` are about to leave; call it before they do.

    ``patients`` are the keys of the patients they are about, each noted once. Rows that are about
    nobody leave one entry, whose subject is the export itself (``run``). Raises
    ``PermissionDenied`` when ``by`` may not see such rows at all.
    """
    name = model._meta.model_name or ""
    access.require(by, f"view_{name}")
    shared: dict[str, Any] = {
        "actor": by,
        "action": f"{name}.exported",
        "fields": list(fields),
        "channel": channel.get(),
        "request_id": request_id.get(),
    }
    if not patients:
        AuditEntry.objects.create(subject_type="export", subject_id=run, **shared)
        return
    subjects = Patient.objects.filter(pk__in=patients).values_list("pk", "public_id")
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(patient_id=key, subject_type="patient", subject_id=public_id, **shared)
            for key, public_id in subjects
        ],
        batch_size=BATCH,
    )
