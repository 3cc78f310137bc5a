"""Traces for many records of one kind at once: the bulk twin of ``unit``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from records.domain.unit import entry_of, filled
from records.models import AuditEntry, OutboxEvent, Record

Rec = TypeVar("Rec", bound=Record)

BATCH = 1000


def create_all(records: Sequence[Rec], *, by: Any, event: str, reason: str = "") -> list[Rec]:
    """Insert many new, validated records with their history, audit entries and events.

    The caller has validated every row and holds the transaction. MariaDB 10.5+ and SQLite 3.35+
    return the new keys from the insert itself; on MySQL the rows are read back by public_id.
    """
    if not records:
        return []
    model = type(records[0])
    fields = sorted({name for record in records for name in filled(record)})
    model._default_manager.bulk_create(records, batch_size=BATCH)
    rows = list(records)
    if rows[0].pk is None:
        identifiers = [row.public_id for row in rows]
        found = model._default_manager.filter(public_id__in=identifiers)
        rows = list(found)
    leave_versions(rows, by=by, event=event, fields=fields, reason=reason, created=True)
    return rows


def leave_versions(
    records: Sequence[Record],
    *,
    by: Any,
    event: str,
    fields: list[str],
    reason: str = "",
    created: bool = False,
) -> None:
    """Write history, audit and events for rows that a set operation has just written.

    Their ``version`` is already the new one. Earlier versions are closed by the manager.
    """
    if not records:
        return
    model = type(records[0])
    name = model._meta.model_name or ""
    model.history.bulk_history_create(
        records,
        batch_size=BATCH,
        update=not created,
        default_user=by,
        default_change_reason=reason,
    )
    AuditEntry.objects.bulk_create(
        [entry_of(record, by=by, action=event, fields=fields) for record in records],
        batch_size=BATCH,
    )
    OutboxEvent.objects.bulk_create(
        [
            OutboxEvent(
                type=event,
                aggregate_type=name,
                aggregate_id=record.public_id,
                aggregate_version=record.version,
            )
            for record in records
        ],
        batch_size=BATCH,
    )
