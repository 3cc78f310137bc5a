"""Compile the catalogues of languages; in the place of Django's, which needs GNU gettext."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.catalogues import compile_catalogues


class Command(BaseCommand):
    """Writes the .mo file beside each .po file that has changed."""

    help = "Compile the catalogues of languages that have changed."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        """Compile them and name those that were."""
        for folder in settings.LOCALE_PATHS:
            for source in compile_catalogues(Path(folder)):
                if options["verbosity"]:
                    self.stdout.write(str(source.relative_to(folder)))
