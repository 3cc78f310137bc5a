"""A foreign key over several columns, as a constraint of Django's own kind."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.models.constraints import BaseConstraint


class CompositeForeignKey(BaseConstraint):
    """``FOREIGN KEY (fields) REFERENCES to (to_fields)``, held by the database.

    Rows with a NULL in ``fields`` are not checked (SQL's MATCH SIMPLE). SQLite takes the
    constraint inside CREATE TABLE, deferred like all of Django's own; MariaDB and MySQL take it
    as ALTER TABLE after all tables of the migration exist. Nothing cascades: a referenced key
    cannot change or vanish while a row names it.

    A join-only ``ForeignObject`` beside it gives the ORM the relation.
    """

    sql_inline = "CONSTRAINT %(name)s FOREIGN KEY (%(columns)s) REFERENCES %(to)s (%(to_columns)s)"

    def __init__(
        self,
        *,
        fields: tuple[str, ...],
        to: str,
        to_fields: tuple[str, ...],
        name: str,
        violation_error_code: str | None = None,
        violation_error_message: Any = None,
    ) -> None:
        """Take field names of both sides in the same order; ``to`` is ``app_label.Model``.

        At least one of ``fields`` must be an ordinary relation: through it the target model is
        found in the registry at hand (migrations use registries of their own).
        """
        self.fields = tuple(fields)
        self.to = to
        self.to_fields = tuple(to_fields)
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    def _target(self, model: type[models.Model]) -> type[models.Model]:
        for name in self.fields:
            related = model._meta.get_field(name).related_model
            if isinstance(related, type):
                return related._meta.apps.get_model(self.to)
        raise LookupError(f"{self.name}: none of {self.fields} is a relation.")

    def _columns(self, model: type[models.Model], names: tuple[str, ...]) -> list[str]:
        return [str(_field(model, name).column) for name in names]

    def _statement(
        self, model: type[models.Model], editor: BaseDatabaseSchemaEditor, template: str
    ) -> Statement:
        target = self._target(model)
        return Statement(
            template,
            table=Table(model._meta.db_table, editor.quote_name),
            name=editor.quote_name(self.name),
            columns=Columns(
                model._meta.db_table, self._columns(model, self.fields), editor.quote_name
            ),
            to=Table(target._meta.db_table, editor.quote_name),
            to_columns=Columns(
                target._meta.db_table, self._columns(target, self.to_fields), editor.quote_name
            ),
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the clause of CREATE TABLE, or None where it is added afterwards."""
        if schema_editor.connection.vendor == "sqlite":
            clause = self._statement(model, schema_editor, self.sql_inline)
            return f"{clause} DEFERRABLE INITIALLY DEFERRED"
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the ALTER TABLE that adds the constraint (SQLite remakes the table instead)."""
        return self._statement(model, schema_editor, f"ALTER TABLE %(table)s ADD {self.sql_inline}")

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the ALTER TABLE that drops it, or cancel an addition that is still pending."""
        quoted = schema_editor.quote_name(self.name)
        for statement in schema_editor.deferred_sql:
            if isinstance(statement, Statement) and str(statement.parts.get("name")) == quoted:
                schema_editor.deferred_sql.remove(statement)
                return None
        return Statement(
            schema_editor.sql_delete_fk,
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=quoted,
        )

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raise ``ValidationError`` on the last column when no row has these key values."""
        if exclude and set(self.fields) & set(exclude):
            return
        values = [_field(model, name).value_from_object(instance) for name in self.fields]
        if any(value is None for value in values):
            return
        key = dict(zip(self.to_fields, values, strict=True))
        if not self._target(model)._base_manager.using(using).filter(**key).exists():
            message = self.get_violation_error_message()
            raise ValidationError({self.fields[-1]: ValidationError(message, code="unknown")})

    def deconstruct(self) -> Any:
        """Write the constraint into migrations."""
        path, args, kwargs = super().deconstruct()
        kwargs.update(fields=self.fields, to=self.to, to_fields=self.to_fields)
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        """Two constraints are equal when migrations would write them the same way."""
        if not isinstance(other, CompositeForeignKey):
            return NotImplemented
        return bool(self.deconstruct() == other.deconstruct())

    def __hash__(self) -> int:
        """Hash by name, which is unique in a database."""
        return hash(self.name)


def _field(model: type[models.Model], name: str) -> models.Field:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field), f"{name} has no column."
    return field
