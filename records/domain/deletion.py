"""Hard deletion, for DBAs in the admin only: a row typed by mistake that nothing refers to."""

from __future__ import annotations

from typing import Any

from records import access
from records.domain import unit
from records.domain.patients import need_reason
from records.models import Record


@unit.transactional
def delete_record(*, by: Any, record: Record, version: int, reason: str) -> None:
    """Delete a record for good; history keeps its last version and the reason.

    Raises ``ValidationError`` while anything refers to the record.
    """
    access.require(by, f"delete_{record._meta.model_name}", record)
    need_reason(reason)
    current = unit.lock(record, version=version)
    name = record._meta.model_name
    unit.remove(current, by=by, event=f"{name}.deleted", reason=reason)
