"""What each account of MariaDB may do: table by table, nothing that is not named here.

A grant is a privilege on an object, as ``SHOW GRANTS`` writes it: ``("SELECT", "`a`.`b`")`` or, on
one column, ``("UPDATE (`c`)", "`a`.`b`")``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db.models import Model

from accounts.database.views import VIEWS
from accounts.roles import ROLES, Role
from records.models.base import RecordVersion

Grants = frozenset[tuple[str, str]]

READ = ("SELECT",)
APPEND = ("SELECT", "INSERT")
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")

# What the application does less with than with any other table.
NARROWER: dict[str, tuple[str, ...]] = {
    "records.AuditEntry": APPEND,  # what happened has happened
    "records.AuditSeal": APPEND,
    "records.OutboxEvent": (*APPEND, "UPDATE"),  # is marked as published
    "records.ClaimCode": (*APPEND, "UPDATE"),
    "auth.Permission": READ,  # made by migrate
    "contenttypes.ContentType": READ,
    "accounts.User_user_permissions": ("SELECT", "DELETE"),  # roles are the only way
    "guardian.UserObjectPermission": READ,  # rights on patients have a table of their own
    "guardian.GroupObjectPermission": READ,
}
# A version is closed by its successor and never changed otherwise.
HISTORY = (*APPEND, "UPDATE (`valid_to`)")
MIGRATIONS = "django_migrations"

# What a role that reads by SQL sees of a table that it sees in the admin; None: every column.
# Tables that are not here are never read by SQL.
COLUMNS: dict[str, tuple[str, ...] | None] = {
    "clinic": None,
    "manufacturer": None,
    "vaccine": None,
    "vaccinetarget": None,
    "euproduct": None,
    "lot": None,
    "volunteer": ("id", "code"),
    "assignment": None,
}


def readers() -> list[Role]:
    """Return the roles that have a database role."""
    return [role for role in ROLES if role.uses_sql]


def role_account(database: str, role: Role) -> str:
    """Return the name of the database role of a role: those of two sites stay apart."""
    return f"{database}_{role.name.lower().replace(' ', '_')}"


def definer_account(database: str) -> str:
    """Return the name of the account in whose name the views read; nobody signs in as it."""
    return f"{database}_views"


def app_grants(database: str) -> Grants:
    """Return what the application needs: rows of its tables; no DDL, no trace undone."""
    tables = dict(_tables())
    tables[MIGRATIONS] = READ
    pattern = database.replace("_", r"\_")  # of databases, where _ is any letter
    everywhere = {
        ("CREATE TEMPORARY TABLES", f"`{pattern}`.*"),  # an import's staging table
        ("LOCK TABLES", f"`{pattern}`.*"),  # sealing the audit waits for open writers
    }
    return frozenset(everywhere | set(_on(database, tables)))


def role_grants(database: str, role: Role) -> Grants:
    """Return what a role may read: reference data and its figures, no patient."""
    tables: dict[str, tuple[str, ...]] = {}
    for name, columns in COLUMNS.items():
        if f"records.view_{name}" in role.permissions:
            tables[f"records_{name}"] = _columns(columns)
    for view in VIEWS:
        if view.permission in role.permissions:
            tables[view.name] = READ
    return frozenset(_on(database, tables))


def definer_grants(database: str) -> Grants:
    """Return the columns that the views read."""
    tables: dict[str, set[str]] = {}
    for view in VIEWS:
        for table, columns in view.reads.items():
            tables.setdefault(table, set()).update(columns)
    wanted = {table: _columns(tuple(columns)) for table, columns in tables.items()}
    return frozenset(_on(database, wanted))


def _tables() -> Iterator[tuple[str, tuple[str, ...]]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model._meta.db_table, _narrower(model)


def _narrower(model: type[Model]) -> tuple[str, ...]:
    if issubclass(model, RecordVersion):
        return HISTORY
    return NARROWER.get(model._meta.label, ALL)


def _columns(columns: tuple[str, ...] | None) -> tuple[str, ...]:
    return READ if columns is None else tuple(f"SELECT (`{name}`)" for name in columns)


def _on(database: str, tables: dict[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    for table, privileges in tables.items():
        for privilege in privileges:
            yield privilege, f"`{database}`.`{table}`"
