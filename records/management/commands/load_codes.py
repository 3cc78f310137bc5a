"""Load the published code lists into the reference data."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from records.domain.errors import StaleVersion
from records.io.code_entries import CodeListError
from records.io.load import Difference, Sources, TargetDifference, load


class Command(BaseCommand):
    """Load CDC's CVX and MVX, the EU products and what each vaccine protects against."""

    help = (
        "Load the shipped code lists, or files as CDC publishes them (XML or text). Names follow"
        " the lists; the site's own schedules and addresses stay. Running it again changes"
        " nothing, and if anything is wrong nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take CDC's files in place of the shipped copies."""
        parser.add_argument("--cvx", type=Path, metavar="FILE", help="CDC's list of vaccines")
        parser.add_argument("--mvx", type=Path, metavar="FILE", help="CDC's list of manufacturers")
        parser.add_argument(
            "--products",
            type=Path,
            metavar="FILE",
            help="CDC's product names; only checked against the other two lists, not stored",
        )
        parser.add_argument(
            "--groups",
            type=Path,
            metavar="FILE",
            help="CDC's vaccine groups, which tell what a vaccine newer than VaxPass is against",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="load a list that is much shorter than what is loaded, or brings back old names",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would change and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load everything in one transaction, by VaxPass itself, and print a summary."""
        sources = Sources(options["cvx"], options["mvx"], options["products"], options["groups"])
        system = get_user_model().objects.system()
        if not system.has_perm("records.add_vaccine"):
            raise CommandError("VaxPass itself has no role yet: run sync_roles first.")
        dry_run = options["dry_run"]
        try:
            differences, targets = load(
                by=system, sources=sources, force=options["force"], dry_run=dry_run
            )
        except (CodeListError, PermissionDenied, StaleVersion) as error:
            raise CommandError(f"Nothing was written. {error}") from error
        except ValidationError as error:
            raise CommandError(f"Nothing was written. {'; '.join(_lines(error))}") from error
        if dry_run:
            self._details(differences, targets)
        self._summary(differences, targets)

    def _details(self, differences: list[Difference], targets: TargetDifference) -> None:
        for difference in differences:
            title = difference.source.title
            for code, names in difference.added.items():
                self.stdout.write(f"+ {title} {code}: {next(iter(names.values()))}")
            for record, changes in difference.updated:
                for name, value in changes.items():
                    code = getattr(record, difference.source.key)
                    was = getattr(record, name)
                    self.stdout.write(f"~ {title} {code}: {name} “{was}” becomes “{value}”")
        for sign, pairs in (("+", targets.added), ("-", targets.removed)):
            for code, disease in sorted(pairs):
                self.stdout.write(f"{sign} {targets.source.title}: CVX {code}, SNOMED CT {disease}")

    def _summary(self, differences: list[Difference], targets: TargetDifference) -> None:
        for difference in differences:
            added, updated = len(difference.added), len(difference.updated)
            self.stdout.write(
                f"{difference.source.title}: {added} added, {updated} updated,"
                f" {difference.unchanged} unchanged"
            )
        self.stdout.write(
            f"{targets.source.title}: {len(targets.added)} added, {len(targets.removed)} removed,"
            f" {targets.unchanged} unchanged"
        )
        if targets.without:
            codes = ", ".join(targets.without)
            self.stdout.write(
                f"No disease is known for CVX {codes}. Enter it in the admin, or their doses"
                " count in no series."
            )


def _lines(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name}: {text}" for name, texts in error.message_dict.items() for text in texts]
