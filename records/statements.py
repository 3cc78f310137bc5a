"""SQL that the ORM compiles once and that only takes new values afterwards.

Building and compiling a query costs several times what asking it does. Here a query is built
with stand-ins in the place of the values of a request; what the ORM makes of it, text and
parameters, is kept, and each request puts its own values where the stand-ins were.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from itertools import chain
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import CharField, ForeignKey, IntegerField, Model, QuerySet, UUIDField
from django.db.models.sql import InsertQuery, UpdateQuery

M = TypeVar("M", bound=Model)
_UUID: Any = UUIDField()

# Values that no row holds, so that a parameter equal to one can only be the stand-in.
STAND_INS: dict[type, Callable[[int], Any]] = {
    # Positive, since the ORM knows that no unsigned column holds another one.
    int: lambda place: 1_987_654_321 + place,
    dt.date: lambda place: dt.date(1, 1, 2) + dt.timedelta(days=place),
    dt.datetime: lambda place: dt.datetime(1, 1, 2, 3, 4, 5, place + 1, tzinfo=dt.UTC),
    uuid.UUID: lambda place: uuid.UUID(int=2**128 - 2**16 + place),
}


def stand_in(kind: type, place: int) -> Any:
    """Return the stand-in number ``place`` for values of this type.

    Raises ``KeyError`` for a type that has none: only a value that cannot change the text of a
    statement has one, so there is none for None and booleans.
    """
    return STAND_INS[kind](place)


class _Parameters:
    """Those of a compiled statement, with the places where the stand-ins were."""

    def __init__(self, parameters: Sequence[Any], slots: Mapping[str, Any]) -> None:
        names = {prepared(value): name for name, value in slots.items()}
        self.places = [
            (name, None) if (name := names.get(value)) else (None, value) for value in parameters
        ]
        self.names = frozenset(name for name, _ in self.places if name)

    def of(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters for the values of one request."""
        ready = {name: prepared(values[name]) for name in self.names}
        return [ready[name] if name else fixed for name, fixed in self.places]


class Select:
    """A compiled SELECT: ``fetch`` gives its rows for the values of one request."""

    def __init__(
        self, rows: QuerySet[Any, Any], slots: Mapping[str, Any], *, as_text: bool = False
    ) -> None:
        """Compile ``rows``, a ``values_list()`` built with the stand-ins ``slots``, by name.

        ``as_text`` leaves identifiers as the database gives them where that is as JSON has them.
        ``names`` are those of the stand-ins that became parameters; of one that is missing the
        ORM may have made something else, for which no other value can be put.
        """
        compiler = rows.query.get_compiler(connection=connection)
        self.sql, parameters = compiler.as_sql()
        self.parameters = _Parameters(parameters, slots)
        self.names = self.parameters.names
        columns = [column for column, *_ in compiler.select]
        self.converters = [
            (place, functions, expression)
            for place, (functions, expression) in compiler.get_converters(columns).items()
            if not (as_text and connection.features.has_native_uuid_field and _is_uuid(expression))
        ]

    def fetch(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the rows, each a sequence of values as ``values_list()`` gives them."""
        database = connections[DEFAULT_DB_ALIAS]  # its proxy looks it up at every turn
        with database.cursor() as cursor:
            cursor.execute(self.sql, self.parameters.of(values))
            rows: Sequence[Any] = cursor.fetchall()
        if not self.converters:
            return list(rows)
        return [self._converted(list(row), database) for row in rows]

    def _converted(self, row: list[Any], database: Any) -> list[Any]:
        for place, functions, expression in self.converters:
            for function in functions:
                row[place] = function(row[place], expression, database)
        return row


class Update:
    """A compiled UPDATE: ``run`` sets columns of a row for the values of one request."""

    def __init__(
        self, rows: QuerySet[Any, Any], columns: Mapping[str, Any], slots: Mapping[str, Any]
    ) -> None:
        """Compile what sets ``columns`` of ``rows``, both built with the stand-ins ``slots``."""
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(columns)
        self.sql, parameters = query.get_compiler(connection=connection).as_sql()
        self.parameters = _Parameters(parameters, slots)

    def run(self, values: Mapping[str, Any]) -> None:
        """Set them."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.parameters.of(values))


# Whose values a driver takes as they are.
AS_IT_IS = (ForeignKey, IntegerField, CharField)


class Insert:
    """INSERTs of some columns of a model, compiled once for each number of rows."""

    def __init__(self, model: type[Model], *names: str) -> None:
        """Name the columns; the others get the database's default."""
        self.model = model
        self.names = names

    @cached_property
    def fields(self) -> list[Any]:
        """Return the fields of the columns."""
        return [self.model._meta.get_field(name) for name in self.names]

    def one(self, *row: Any) -> int:
        """Insert one row and return its key."""
        database = connections[DEFAULT_DB_ALIAS]
        ready = [
            value if isinstance(field, AS_IT_IS) else field.get_db_prep_save(value, database)
            for field, value in zip(self.fields, row, strict=True)
        ]
        with database.cursor() as cursor:  # left open by a refusal, it would hold SQLite's lock
            cursor.execute(self._sql(1), ready)
            key: int = cursor.lastrowid
        return key

    def run(self, rows: Sequence[Sequence[Any]]) -> None:
        """Insert all rows or none, in as few statements as the database takes; in field order."""
        if len(rows) < 2:
            for row in rows:
                self.one(*row)
            return
        columns = zip(*rows, strict=True)
        ready = list(
            zip(*map(self._prepared, self.fields, columns), strict=True),
        )
        most = connection.ops.bulk_batch_size(self.fields, ready)
        if len(ready) <= most:
            return self._send(ready)
        with transaction.atomic():
            for start in range(0, len(ready), most):
                self._send(ready[start : start + most])

    def _send(self, ready: list[tuple[Any, ...]]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self._sql(len(ready)), list(chain.from_iterable(ready)))

    @cache  # noqa: B019 (one of each insert is made, at import)
    def _sql(self, rows: int) -> str:
        query = InsertQuery(self.model)
        query.insert_values(self.fields, [self.model()] * rows, raw=True)
        [(sql, _)] = query.get_compiler(connection=connection).as_sql()
        return str(sql)

    @staticmethod
    def _prepared(field: Any, values: Sequence[Any]) -> Sequence[Any]:
        first, database = values[0], connections[DEFAULT_DB_ALIAS]
        if all(value is first for value in values):  # most columns of many entries are alike
            return [field.get_db_prep_save(first, database)] * len(values)
        if isinstance(field, AS_IT_IS) or (
            isinstance(field, UUIDField) and database.features.has_native_uuid_field
        ):
            return values  # as they are
        return [field.get_db_prep_save(value, database) for value in values]


@cache
def names_of(model: type[Model]) -> tuple[str, ...]:
    """Return the names of all columns of a model, in the order that ``made`` takes them."""
    return tuple(field.attname for field in model._meta.concrete_fields)


def made(model: type[M], columns: Sequence[Any]) -> M:
    """Return the object of a row of which these are the values of ``names_of(model)``."""
    return model.from_db(DEFAULT_DB_ALIAS, names_of(model), columns)


def by_key(model: type[M], key: int) -> M:
    """Return the record of a key that is there; raise ``IndexError`` for another one."""
    return made(model, _by_key(model).fetch({"pk": key})[0])


@cache
def _by_key(model: type[Model]) -> Select:
    key = stand_in(int, 0)
    rows = model._default_manager.filter(pk=key).order_by()
    return Select(rows.values_list(*names_of(model)), {"pk": key})


def prepared(value: Any) -> Any:
    """Return a value as the driver takes it, just as the ORM prepares it."""
    match value:
        case dt.datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case dt.date():
            return connection.ops.adapt_datefield_value(value)
        case uuid.UUID():
            return _UUID.get_db_prep_value(value, connection)
    return value


def _is_uuid(expression: Any) -> bool:
    return isinstance(expression.output_field, UUIDField)
