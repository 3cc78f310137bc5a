"""The row of a new record and its first version: what saving it writes, by two compiled INSERTs.

To save it and let simple-history save its version takes the ORM several times as long. Signals
are not sent: nobody but simple-history listens to those of a record.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.utils import timezone

from records.models import OPEN_ENDED, Record
from records.statements import Insert


def is_plain(record: Record) -> bool:
    """Tell whether to insert a record is all that there is to saving it."""
    return record.pk is None and type(record).save is Model.save


def insert(record: Record, *, by: Any, reason: str) -> None:
    """Insert a new, plain record and its first version; the record then has its key.

    The caller holds the transaction. Raises ``IntegrityError``.
    """
    kind = type(record)
    row = _row(kind)
    record.pk = row.one(*(field.pre_save(record, True) for field in row.fields))
    record._state.adding, record._state.db = False, DEFAULT_DB_ALIAS
    values = vars(record) | {
        "history_date": timezone.now(),
        "history_type": "+",
        "history_user_id": by.pk,
        "history_change_reason": reason,
        "valid_to": OPEN_ENDED,
    }
    first = _first_version(kind)
    first.one(*(values[name] for name in first.names))


@cache
def _row(model: type[Record]) -> Insert:
    """Return the INSERT of all columns that the database does not fill itself."""
    fields: Any = model._meta.concrete_fields
    names = (field.attname for field in fields if not (field.primary_key or field.generated))
    return Insert(model, *names)


@cache
def _first_version(model: type[Record]) -> Insert:
    versions: type[Model] = model.history.model
    fields: Any = versions._meta.concrete_fields
    return Insert(versions, *(field.attname for field in fields if not field.primary_key))
