"""The unit of work: row, history, audit and event in one transaction, with the right locks."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, models, transaction

from records.domain.context import channel, request_id
from records.domain.errors import StaleVersion
from records.models import AuditEntry, OutboxEvent, Patient, Record

P = ParamSpec("P")
R = TypeVar("R")
Rec = TypeVar("Rec", bound=Record)

logger = logging.getLogger(__name__)

TRIES = 4
DEADLOCK = 1213


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Run a domain function in one transaction; repeat it when it was the deadlock's victim.

    Inside an open transaction it becomes part of that one and a deadlock is the caller's.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        for attempt in range(1, TRIES + 1):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if attempt == TRIES or error.args[:1] != (DEADLOCK,):
                    raise
                logger.info("deadlock, repeating %s", function.__name__)
        raise AssertionError("unreachable")

    return wrapper


def lock(record: Rec, *, version: int | None = None) -> Rec:
    """Return a fresh copy of ``record``, locked until the transaction ends.

    SQLite has no row locks; its transactions take the write lock at BEGIN (settings). Raises
    ``StaleVersion`` when ``version``, the one that the person saw, is not the current one.
    """
    rows = type(record)._default_manager.select_for_update()
    current: Rec = rows.get(pk=record.pk)
    if version is not None and current.version != version:
        raise StaleVersion(current, version)
    return current


def apply(record: Record, changes: Mapping[str, Any]) -> list[str]:
    """Set the fields and return the names of those that really differ."""
    changed = []
    for name, value in changes.items():
        if getattr(record, name) != value:
            setattr(record, name, value)
            changed.append(name)
    return changed


def create(record: Rec, *, by: Any, event: str, reason: str = "", check: bool = True) -> Rec:
    """Insert a new record and leave its trace; all fields with a value count as changed.

    ``check=False`` is for callers whose own rules already cover every constraint; the database
    remains the last word. Raises ``ValidationError``.
    """
    fields = [
        field.name
        for field in record._meta.fields
        if field.editable and field.concrete and field.value_from_object(record) not in ("", None)
    ]
    if check:
        record.full_clean()
    _write(record, by=by, reason=reason, force_insert=True)
    leave_trace(record, by=by, event=event, fields=fields)
    return record


def update(record: Rec, fields: list[str], *, by: Any, event: str, reason: str = "") -> Rec:
    """Save a changed, locked record as its next version and leave its trace.

    Without changed ``fields`` nothing is written and the version stays. Raises
    ``ValidationError``.
    """
    if not fields:
        return record
    record.full_clean()
    record.version += 1
    _write(record, by=by, reason=reason, force_update=True)
    leave_trace(record, by=by, event=event, fields=fields)
    return record


def remove(record: Record, *, by: Any, event: str, reason: str) -> None:
    """Delete a record that nothing refers to; its history and its trace stay.

    Raises ``ValidationError`` naming what still refers to it.
    """
    leave_trace(record, by=by, event=event, fields=[], version=record.version + 1)
    record._history_user = by
    record._change_reason = reason
    try:
        record.delete()
    except models.ProtectedError as error:
        names = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
        raise ValidationError(
            f"Cannot be deleted: {', '.join(names)} refer to it.", code="protected"
        ) from error


def leave_trace(
    record: Record, *, by: Any, event: str, fields: list[str], version: int | None = None
) -> None:
    """Write the audit entry and the outbox event of one change."""
    name = record._meta.model_name or ""
    version = version or record.version
    AuditEntry.objects.create(
        actor=by,
        action=event,
        patient_id=patient_of(record),
        subject_type=name,
        subject_id=record.public_id,
        subject_version=version,
        fields=fields,
        channel=channel.get(),
        request_id=request_id.get(),
    )
    OutboxEvent.objects.create(
        type=event,
        aggregate_type=name,
        aggregate_id=record.public_id,
        aggregate_version=version,
    )


def patient_of(record: Record) -> int | None:
    """Return the key of the patient whom a record is about, if it is about one."""
    if isinstance(record, Patient):
        return record.pk
    return getattr(record, "patient_id", None) or getattr(record, "survivor_id", None)


def _write(record: Record, *, by: Any, reason: str, **options: Any) -> None:
    record._history_user = by
    record._change_reason = reason
    try:
        record.save(**options)
    except IntegrityError as error:
        raise explain(record, error) from error


def explain(record: Record, error: IntegrityError) -> Exception:
    """Turn a constraint that a concurrent writer made fail into the error a form would show.

    MariaDB names the constraint; SQLite names a unique key by its columns. An error that is not
    one of the model's constraints comes back unchanged.
    """
    text = str(error)
    meta = record._meta
    for constraint in meta.constraints:
        names = getattr(constraint, "fields", ())
        columns = [f"{meta.db_table}.{_field(record, name).column}" for name in names]
        if constraint.name in text or (columns and text.endswith(", ".join(columns))):
            message = constraint.get_violation_error_message()
            if isinstance(constraint, models.UniqueConstraint):
                message = _taken(record, names)
                return ValidationError({_shown_field(record, names): message}, code="taken")
            return ValidationError(message, code=constraint.name)
    for field in meta.fields:
        if field.unique and (
            f"{meta.db_table}.{field.column}" in text or f"'{field.column}'" in text
        ):
            return ValidationError({field.name: _taken(record, (field.name,))}, code="taken")
    return error


def _shown_field(record: Record, names: tuple[str, ...]) -> str:
    """Return the field of a unique key that a person can change: the last one on a form."""
    editable = [name for name in names if record._meta.get_field(name).editable]
    last = names[-1]
    return last.removeprefix("live_") if last not in editable else last


def _taken(record: Record, names: tuple[str, ...]) -> str:
    labels = [str(_field(record, name.removeprefix("live_")).verbose_name) for name in names]
    return f"Another {record._meta.verbose_name} already has this {' and '.join(labels)}."


def _field(record: Record, name: str) -> models.Field:
    field = record._meta.get_field(name)
    assert isinstance(field, models.Field), f"{name} has no column."
    return field
