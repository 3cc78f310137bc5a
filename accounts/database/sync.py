"""Compare the accounts of MariaDB with what they should be, and say and do what is missing.

Runs through a connection of its own, ``DATABASE_ADMIN_URL``; the application's account can
neither make nor change any of this. Statements of this kind are never part of a transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dj_database_url
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.database import grants
from accounts.database.grants import Grants
from accounts.database.views import VIEWS

# Errors of MariaDB: no account, a wrong password, a right one but no grant on the database.
NO_SUCH_ACCOUNT, WRONG_PASSWORD, NO_DATABASE_YET = 1141, 1045, 1044
MASK = "'***'"
GRANT = re.compile(r"^GRANT (?P<privileges>.+) ON (?P<on>\S+) TO (?P<who>\S+)")
PRIVILEGE = re.compile(r"([A-Z][A-Z ]*[A-Z])(?: \(([^)]*)\))?")
NOTHING = {"USAGE"}


@contextmanager
def admin_connection() -> Iterator[BaseDatabaseWrapper]:
    """Connect as the database's administrator, and close again.

    Raises ``CommandError`` without a usable ``DATABASE_ADMIN_URL`` of an account of its own.
    """
    app = connections[DEFAULT_DB_ALIAS].settings_dict
    if connections[DEFAULT_DB_ALIAS].vendor != "mysql":
        raise CommandError("Only MariaDB has accounts: DATABASE_URL is not mysql://.")
    try:
        admin: dict[str, Any] = dict(dj_database_url.parse(settings.DATABASE_ADMIN_URL))
    except ValueError:
        admin = {}  # the exception would show the password
    if admin.get("ENGINE") != app["ENGINE"]:
        raise CommandError("DATABASE_ADMIN_URL is missing or wrong: mysql://admin:password@host/.")
    if admin["USER"] == app["USER"]:
        raise CommandError("DATABASE_ADMIN_URL must name another account than DATABASE_URL.")
    # What the administrator's address leaves out is where the application connects.
    connection = connect_as(
        USER=admin["USER"],
        PASSWORD=admin["PASSWORD"],
        HOST=admin["HOST"] or app["HOST"],
        PORT=admin["PORT"] or app["PORT"],
    )
    try:
        connection.ensure_connection()
        yield connection
    finally:
        connection.close()


def connect_as(**changes: Any) -> BaseDatabaseWrapper:
    """Return a connection beside the application's, which differs in these settings."""
    wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    wrapper.settings_dict = {**connections[DEFAULT_DB_ALIAS].settings_dict, **changes}
    return wrapper


def sync_database(connection: BaseDatabaseWrapper, *, dry_run: bool) -> list[str]:
    """Bring the accounts in line; return the statements, run or not, with passwords masked."""
    sync = _Sync(connection, dry_run=dry_run)
    sync.application()
    sync.views()
    for role in grants.readers():
        sync.role(grants.role_account(sync.database, role), role)
    return sync.statements


class _Sync:
    """Collects the statements of one run, and runs them unless it is only a try."""

    def __init__(self, connection: BaseDatabaseWrapper, *, dry_run: bool) -> None:
        self.connection = connection
        self.dry_run = dry_run
        self.app = connections[DEFAULT_DB_ALIAS].settings_dict
        self.database: str = self.app["NAME"]
        self.statements: list[str] = []

    def application(self) -> None:
        """Make the account of ``DATABASE_URL`` with the password that stands there."""
        account = _account(self.app["USER"], "%")
        held = self._held(account)
        if held is None:
            self._run(f"CREATE USER {account} IDENTIFIED BY {MASK}", self.app["PASSWORD"])
        elif not self._can_sign_in():
            self._run(f"ALTER USER {account} IDENTIFIED BY {MASK}", self.app["PASSWORD"])
        self._grant(account, held or frozenset(), grants.app_grants(self.database))

    def views(self) -> None:
        """Make the views, and the account in whose name they read, as which nobody signs in."""
        account = _account(grants.definer_account(self.database), "localhost")
        held = self._held(account)
        if held is None:
            self._run(f"CREATE USER {account} ACCOUNT LOCK")
        self._grant(account, held or frozenset(), grants.definer_grants(self.database))
        definer = account.replace("`", "")
        kept = {
            name: query
            for name, query, *how in self._rows(
                "SELECT table_name, view_definition, definer, security_type"
                " FROM information_schema.views WHERE table_schema = %s",
                self.database,
            )
            if how == [definer, "DEFINER"]
        }
        for view in VIEWS:
            if view.digest not in kept.get(view.name, ""):
                self._run(
                    f"CREATE OR REPLACE DEFINER = {account} SQL SECURITY DEFINER"
                    f" VIEW `{self.database}`.`{view.name}` AS {view.definition}"
                )

    def role(self, name: str, role: Any) -> None:
        """Make a role; who gets it is the database administrator's business."""
        account = f"`{name}`"
        held = self._held(account)
        if held is None:
            self._run(f"CREATE ROLE {account}")
        self._grant(account, held or frozenset(), grants.role_grants(self.database, role))

    def _grant(self, account: str, held: Grants, wanted: Grants) -> None:
        for verb, to, rows in (("REVOKE", "FROM", held - wanted), ("GRANT", "TO", wanted - held)):
            for on in sorted({on for _, on in rows}):
                privileges = ", ".join(sorted(name for name, place in rows if place == on))
                where = f" ON {on}" if on else ""
                self._run(f"{verb} {privileges}{where} {to} {account}")

    def _held(self, account: str) -> Grants | None:
        """Return what an account was given, or None if there is no such account."""
        try:
            rows = self._rows(f"SHOW GRANTS FOR {account}")
        except DatabaseError as error:
            if error.args[:1] != (NO_SUCH_ACCOUNT,):
                raise
            return None
        return frozenset(held for (line,) in rows for held in parsed(line, account))

    def _can_sign_in(self) -> bool:
        probe = connect_as()
        try:
            probe.ensure_connection()
        except DatabaseError as error:
            if error.args[:1] == (WRONG_PASSWORD,):
                return False
            if error.args[:1] != (NO_DATABASE_YET,):
                raise
        probe.close()
        return True

    def _rows(self, sql: str, *params: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def _run(self, sql: str, secret: str = "") -> None:
        self.statements.append(sql)
        if self.dry_run:
            return
        with self.connection.cursor() as cursor:
            if secret:
                cursor.execute(sql.replace("%", "%%").replace(MASK, "%s"), [secret])
            else:
                cursor.execute(sql, None)


def parsed(line: str, account: str) -> Iterator[tuple[str, str]]:
    """Yield the grants of one line of ``SHOW GRANTS``; a role that was given has no object.

    What everybody has (``TO PUBLIC``) is not the account's own.
    """
    match = GRANT.match(line)
    if match is None:
        role = re.match(r"^GRANT (`[^`]+`) TO ", line)
        if role:
            yield role[1], ""
        return
    if match["who"] != account:
        return
    on = match["on"]
    for name, columns in PRIVILEGE.findall(match["privileges"]):
        if columns:
            for column in columns.split(","):
                yield f"{name} ({column.strip()})", on
        elif name not in NOTHING:
            yield name, on
    if "WITH GRANT OPTION" in line:
        yield "GRANT OPTION", on


def _account(user: str, host: str) -> str:
    return f"`{user}`@`{host}`"
