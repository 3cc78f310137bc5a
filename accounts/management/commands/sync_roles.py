"""Make groups, permissions and database accounts from the table of roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from accounts.database.sync import admin_connection, sync_database
from accounts.role_sync import differences


class Command(BaseCommand):
    """Print each difference from ``accounts.roles`` and put it right; a second run has none."""

    help = (
        "Make the Django groups, their permissions and who may open the admin from"
        " accounts/roles.py; with --database also the accounts of MariaDB. Removes what is no"
        " longer granted. Running it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to change anything, and whether to look after MariaDB too."""
        parser.add_argument(
            "--dry-run", action="store_true", help="Print what would change; change nothing."
        )
        parser.add_argument(
            "--database",
            action="store_true",
            help="Also the application's account and the read-only roles of MariaDB, through"
            " DATABASE_ADMIN_URL (does so by itself where that is set).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look after MariaDB's accounts first: the groups are written with one of them."""
        dry_run: bool = options["dry_run"]
        changed = 0
        if options["database"] or settings.DATABASE_ADMIN_URL:
            changed += self._database(dry_run)
        changed += self._roles(dry_run)
        if not changed and options["verbosity"] > 0:
            self.stdout.write("Nothing to change.")

    def _database(self, dry_run: bool) -> int:
        try:
            with admin_connection() as connection:
                statements = sync_database(connection, dry_run=dry_run)
        except DatabaseError as error:
            raise CommandError(f"MariaDB refused: {error.args[-1]}.") from error
        for statement in statements:
            self.stdout.write(f"{statement};")
        return len(statements)

    def _roles(self, dry_run: bool) -> int:
        with transaction.atomic():
            try:
                found = differences()
            except LookupError as error:
                raise CommandError(str(error.args[0])) from error
            for difference in found:
                if not dry_run:
                    difference.settle()
                self.stdout.write(difference.text)
        return len(found)
