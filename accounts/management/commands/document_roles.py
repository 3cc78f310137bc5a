"""Write docs/roles.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.role_docs import PATH, roles_page


class Command(BaseCommand):
    """Write the page about the roles, or tell that it is out of date."""

    help = "Write docs/roles.md from accounts/roles.py."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to write."""
        parser.add_argument("--check", action="store_true", help="Only fail if it differs.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, or compare."""
        page = roles_page()
        if not options["check"]:
            PATH.write_text(page, encoding="utf-8")
        elif not PATH.exists() or PATH.read_text(encoding="utf-8") != page:
            raise CommandError("docs/roles.md is out of date: run manage.py document_roles.")
