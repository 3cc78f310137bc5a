"""The unit of work: row, history, audit and event in one transaction, with the right locks."""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from records import access
from records.domain import inserts
from records.domain.context import channel, request_id
from records.domain.errors import StaleVersion
from records.models import AuditEntry, OutboxEvent, Patient, Record
from records.statements import Insert, Select, made, names_of, stand_in
from records.wording import listed

P = ParamSpec("P")
R = TypeVar("R")
Rec = TypeVar("Rec", bound=Record)

logger = logging.getLogger(__name__)

ENTRY = Insert(
    AuditEntry,
    *("at", "actor", "action", "patient"),
    *("subject_type", "subject_id", "subject_version"),
    *("fields", "channel", "request_id"),
)
EVENT = Insert(
    OutboxEvent,
    *("event_id", "type", "schema_version"),
    *("aggregate_type", "aggregate_id", "aggregate_version"),
    "occurred_at",
)

TRIES = 4
DEADLOCK = 1213
ANY_VERSION: Any = object()  # None would let a form that lost its hidden field overwrite


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


def lock(record: Rec, *, version: int = ANY_VERSION) -> Rec:
    """Return a fresh copy of ``record``, locked until the transaction ends.

    SQLite has no row locks; its transactions take the write lock at BEGIN (settings). Raises
    ``StaleVersion`` when ``version``, the one that the person saw, is not the current one, and
    ``OutOfSight`` for a record that was deleted meanwhile.
    """
    found = _locked(type(record)).fetch({"pk": record.pk})
    if not found:
        raise access.OutOfSight(f"{type(record).__name__} not found.")
    current = made(type(record), found[0])
    if version is not ANY_VERSION and current.version != version:
        raise StaleVersion(current, version)
    return current


@functools.cache
def _locked(model: type[Record]) -> Select:
    key = stand_in(int, 0)
    rows = model._default_manager.select_for_update().filter(pk=key).order_by()
    return Select(rows.values_list(*names_of(model)), {"pk": key})


def known(
    model: type[Record], fields: Mapping[str, Any], allowed: Collection[str]
) -> dict[str, Any]:
    """Return ``fields`` ready to be set; raise ``ValidationError`` for each not ``allowed``."""
    unknown = sorted(set(fields) - set(allowed))
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, _("This field cannot be set here.")))
    return coerce(model, fields)


def coerce(model: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the columns hold them: days as dates, text without outer blanks.

    An unknown value is an empty text, or NULL where the column allows it. Raises one
    ``ValidationError`` naming each field whose value is of the wrong type.
    """
    coerced: dict[str, Any] = {}
    errors: dict[str, ValidationError] = {}
    for name, value in values.items():
        field = model._meta.get_field(name)
        if isinstance(value, str):
            value = value.strip()
        if not isinstance(field, models.Field) or field.is_relation:
            coerced[name] = value
        elif value is None or value == "":
            coerced[name] = "" if field.empty_strings_allowed and not field.null else None
        else:
            try:
                coerced[name] = field.to_python(value)
            except ValidationError as error:
                errors[name] = error
    if errors:
        raise ValidationError(errors)
    return coerced


def apply(record: Record, changes: Mapping[str, Any]) -> list[str]:
    """Set the fields and return the names of those that really differ."""
    changed = []
    for name, value in coerce(type(record), changes).items():
        if getattr(record, name) != value:
            setattr(record, name, value)
            changed.append(name)
    return changed


def create(record: Rec, *, by: Any, event: str, reason: str = "", check: bool = True) -> Rec:
    """Insert a new record and leave its trace; all fields with a value count as changed.

    ``check=False`` is for callers whose own rules already cover every constraint; the database
    remains the last word. Raises ``ValidationError``.
    """
    fields = filled(record)
    if check:
        validate(record)
    _write(record, by=by, reason=reason)
    leave_trace(record, by=by, event=event, fields=fields)
    return record


def filled(record: Record) -> list[str]:
    """Return the names of the fields of a new record that somebody gave a value."""
    return [
        field.name
        for field in record._meta.fields
        if field.editable and field.concrete and field.value_from_object(record) not in ("", None)
    ]


def update(record: Rec, fields: list[str], *, by: Any, event: str, reason: str = "") -> Rec:
    """Save a changed, locked record as its next version and leave its trace.

    Without changed ``fields`` nothing is written and the version stays. Raises
    ``ValidationError``.
    """
    if not fields:
        return record
    validate(record)
    record.version += 1
    _write(record, by=by, reason=reason)
    leave_trace(record, by=by, event=event, fields=fields)
    return record


def written(record: Record) -> bool:
    """Tell whether this very object was written here, rather than only read."""
    return "_history_user" in vars(record)


def validate(record: Record) -> None:
    """Raise one ``ValidationError`` for all that is wrong, each on the field to change."""
    errors: dict[str, list[ValidationError]] = {}
    try:
        record.full_clean(validate_constraints=False)
    except ValidationError as error:
        errors = error.update_error_dict(errors)
    for constraint in record._meta.constraints:
        try:
            constraint.validate(type(record), record, exclude=set(errors))
        except ValidationError:
            errors = _violation(record, constraint).update_error_dict(errors)
    if errors:
        raise ValidationError(errors)


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
            _("Cannot be deleted: %(names)s refer to it.") % {"names": listed(names)},
            code="protected",
        ) from error
    except IntegrityError as error:  # a concurrent writer's row, which Django did not see yet
        raise ValidationError(
            _("Cannot be deleted: a new record refers to it."), code="protected"
        ) from error


def leave_trace(
    record: Record, *, by: Any, event: str, fields: list[str], version: int | None = None
) -> None:
    """Write the audit entry and the outbox event of one change."""
    name = record._meta.model_name or ""
    version = version or record.version
    now, subject = timezone.now(), (name, record.public_id, version)
    about, how = (by.pk, event, patient_of(record)), (fields, channel.get(), request_id.get())
    ENTRY.one(now, *about, *subject, *how)
    EVENT.one(uuid.uuid4(), event, 1, *subject, now)


def entry_of(record: Record, *, by: Any, action: str, fields: list[str]) -> AuditEntry:
    """Return the audit entry of an act on a record as it is now, not saved yet."""
    return AuditEntry(
        actor=by,
        action=action,
        patient_id=patient_of(record),
        subject_type=record._meta.model_name or "",
        subject_id=record.public_id,
        subject_version=record.version,
        fields=fields,
        channel=channel.get(),
        request_id=request_id.get(),
    )


def patient_of(record: Record) -> int | None:
    """Return the key of the patient whom a record is about, if it is about one."""
    if isinstance(record, Patient):
        return record.pk
    return getattr(record, "patient_id", None) or getattr(record, "survivor_id", None)


def _write(record: Record, *, by: Any, reason: str) -> None:
    record._history_user = by
    record._change_reason = reason
    is_new = record._state.adding
    try:
        if is_new and inserts.is_plain(record):
            inserts.insert(record, by=by, reason=reason)
        else:
            record.save(force_insert=is_new, force_update=not is_new)
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
        if constraint.name in text or text == _sqlite_message(record, constraint):
            return _violation(record, constraint)
    for field in meta.fields:
        if field.unique and (
            f"{meta.db_table}.{field.column}" in text or f"'{field.column}'" in text
        ):
            return ValidationError({field.name: _taken(record, [field.name])}, code="taken")
    return error


def _sqlite_message(record: Record, constraint: models.BaseConstraint) -> str:
    meta: Any = record._meta
    names = constraint.fields if isinstance(constraint, models.UniqueConstraint) else ()
    columns = (f"{meta.db_table}.{meta.get_field(name).column}" for name in names)
    return f"UNIQUE constraint failed: {', '.join(columns)}"


def _violation(record: Record, constraint: Any) -> ValidationError:
    """Return the error of a constraint, on the last of its fields as a form would have them."""
    if isinstance(constraint, models.CheckConstraint):
        condition: Any = constraint.condition
        about = condition.referenced_base_fields
        names = [field.name for field in record._meta.fields if field.name in about]
    else:
        # A number that only completed doses hold on to is shown as the number it is.
        names = [name.removeprefix("live_") for name in constraint.fields]
    if isinstance(constraint, models.UniqueConstraint):
        said = ValidationError(_taken(record, names), code="taken")
    else:
        said = ValidationError(constraint.get_violation_error_message(), code=constraint.name)
    return ValidationError({names[-1]: said})


def _taken(record: Record, names: list[str]) -> str:
    meta: Any = record._meta
    labels = [str(meta.get_field(name).verbose_name) for name in names]
    return _("This %(fields)s is taken by another %(model)s.") % {
        "fields": get_text_list(labels, _("and")),
        "model": meta.verbose_name,
    }
