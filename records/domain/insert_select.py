"""INSERT … SELECT compiled from a queryset, so that no column can be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, models
from django.db.models import Value
from django.db.models.expressions import Combinable

from records.domain.imports import ImportBroken


def insert_select(
    model: type[models.Model],
    rows: models.QuerySet[Any],
    values: Mapping[str, Any],
    *,
    expected: int,
) -> None:
    """Insert one row of ``model`` for each of ``rows``.

    ``values`` has a constant or an expression over ``rows`` for every column but the automatic
    key and generated ones, by attname; ``LookupError`` names a column that lacks one. Raises
    ``ImportBroken`` unless exactly ``expected`` rows were written: a bulk write that drops a row
    must not pass in silence.
    """
    fields = [
        field
        for field in model._meta.concrete_fields
        if not (field.generated or isinstance(field, models.AutoField | models.BigAutoField))
    ]
    if missing := sorted({field.attname for field in fields} - values.keys()):
        raise LookupError(f"{model.__name__}: nothing is given for {', '.join(missing)}")
    columns = [
        value
        if isinstance(value := values[field.attname], Combinable)
        else Value(value, output_field=field)
        for field in fields
    ]
    select, params = rows.values_list(*columns).query.sql_with_params()
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        # Table and columns come from the models; every value is a parameter.
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({names}) {select}", params)
        written = cursor.rowcount
    if written != expected:
        raise ImportBroken(f"{model.__name__}: {written} rows were written instead of {expected}.")
