"""What an answer holds: a serializer names each value and where it stands in the database.

Rows are read by ``values()`` along these paths and leave as JSON without objects of their own;
the serializer itself only describes them, in the schema too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from records import access

Shape = type[serializers.Serializer]
KEY = "public_id"
UUID = serializers.UUIDField()
# What every clinic's own clock can show.
FIRST = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
LAST = dt.datetime(9999, 12, 30, tzinfo=dt.UTC)


@cache
def paths_of(shape: Shape) -> dict[str, str]:
    """Return, for each name of the answer, the path that ``values()`` reads."""
    fields: Any = shape().fields
    return {name: field.source.replace(".", "__") for name, field in fields.items()}


def chosen(shape: Shape, wanted: str | None) -> dict[str, str]:
    """Return the paths of the names in ``?fields=id,name``; of all without it.

    Raises ``ValidationError`` for a name that the answer does not have.
    """
    paths = paths_of(shape)
    if wanted is None:
        return paths
    names = wanted.split(",")
    unknown = sorted(set(names) - set(paths))
    if unknown:
        known = ", ".join(paths)
        raise ValidationError(
            {
                "fields": _("Unknown: %(unknown)s. Known: %(known)s.")
                % {"unknown": ", ".join(unknown), "known": known}
            }
        )
    return {name: path for name, path in paths.items() if name in names}


class Row(NamedTuple):
    """What a caller is shown of a row, and columns that only the server looks at."""

    shown: dict[str, Any]
    kept: dict[str, Any]


def read(rows: QuerySet[Any], paths: dict[str, str], *keep: str) -> list[Row]:
    """Return the rows along ``paths`` in one query, with the columns to ``keep`` beside them."""
    columns = columns_of(paths, keep)
    values = rows.values_list(*(_lasting(rows.model, column) for column in columns))
    return rows_of(values, columns, paths, keep)


def _lasting(model: Any, column: str) -> Any:
    """Return a column; in history, a reference also to what was deleted since."""
    name, _, rest = column.partition("__")
    if rest != KEY or not hasattr(model, "instance_type"):
        return column
    field = model._meta.get_field(name)
    gone = field.related_model.history.filter(id=OuterRef(field.attname))
    return Coalesce(column, Subquery(gone.values(KEY)[:1]))


def columns_of(paths: dict[str, str], keep: Iterable[str]) -> tuple[str, ...]:
    """Return what ``values_list()`` has to read, each column once."""
    return tuple(dict.fromkeys([*paths.values(), *keep]))


def rows_of(
    values: Iterable[Sequence[Any]],
    columns: tuple[str, ...],
    paths: dict[str, str],
    keep: Iterable[str],
) -> list[Row]:
    """Return the rows of which these are the values, in the order of ``columns``."""
    places = [columns.index(path) for path in paths.values()]
    kept = [(column, columns.index(column)) for column in keep]
    return [
        Row(
            dict(zip(paths, [row[place] for place in places], strict=True)),
            {name: row[place] for name, place in kept},
        )
        for row in values
    ]


class Seen(serializers.RelatedField[Any, Any, Any]):
    """A reference in a request, by ``public_id``, to a row that the user may see.

    A row out of sight is refused exactly as an absent one.
    """

    default_error_messages = {"does_not_exist": "There is no such {name}."}

    def __init__(self, model: type[Model], **kwargs: Any) -> None:
        """Refer to rows of ``model``."""
        self.model = model
        super().__init__(queryset=model._default_manager.none(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """Return the row, or raise ``ValidationError``."""
        key = UUID.to_internal_value(data)
        user = self.context["request"].user
        row = access.find(user, self.model, key)
        if row is None:
            self.fail("does_not_exist", name=self.model._meta.verbose_name)
        return row

    def to_representation(self, value: Any) -> Any:
        """Return the identifier."""
        return value.public_id


class SeenAtWork(Seen):
    """A reference to a row that the user sees by role; one that is only granted counts as absent.

    For what the domain takes out of sight, too.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the row, or raise ``ValidationError``."""
        row = super().to_internal_value(data)
        at_work = access.at_work(self.context["request"].user, self.model)
        if not at_work.filter(pk=row.pk).exists():
            self.fail("does_not_exist", name=self.model._meta.verbose_name)
        return row


class Moment(serializers.DateTimeField):
    """A moment with its offset, as ``?as_of=`` takes it."""

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        """Refuse a moment that could mean two."""
        if value.tzinfo is None:
            raise ValidationError(_("Add the offset, e.g. 2026-01-31T12:00:00Z."), code="no_offset")
        if not FIRST <= value <= LAST:
            raise ValidationError(_("This is beyond the calendar."))
        return value.astimezone(dt.UTC)
