"""Say whose codes count: load issuers and their keys from files."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from records.io.trust_files import Listed, TrustFileError, read
from records.io.trust_load import Loaded, load


class Command(BaseCommand):
    """Load trust lists, all files or none."""

    help = (
        "Trust the issuers and keys in files: a jwks.json (with --iss), the VCI directory or a"
        " snapshot of it, certificates of document signers (PEM, DER), or the JSON list of a"
        " gateway of EU certificates. Running it again changes nothing, and if anything is wrong"
        " nothing is written. docs/verify.md tells more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the files and what they do not say themselves."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--iss", default="", help="the issuer of a jwks.json: https://…")
        parser.add_argument("--name", default="", help="the name of that issuer")
        parser.add_argument("--country", default="", help="of certificates that name none")
        parser.add_argument(
            "--complete",
            action="store_true",
            help="the files list every signer of their countries: remove keys that they lack",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would change and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read everything, then load it in one transaction, and print what changed."""
        system = get_user_model().objects.system()
        try:
            listed = [each for path in options["files"] for each in self._read(path, options)]
            loaded = load(
                by=system,
                listed=listed,
                complete=options["complete"],
                dry_run=options["dry_run"],
            )
        except (TrustFileError, PermissionDenied) as error:
            raise CommandError(f"Nothing was written. {error}") from error
        except ValidationError as error:
            raise CommandError(f"Nothing was written. {' '.join(error.messages)}") from error
        for each in loaded:
            self.stdout.write(_line(each))
        if options["dry_run"]:
            self.stdout.write("This was a dry run: nothing was written.")

    def _read(self, path: Path, options: dict[str, Any]) -> list[Listed]:
        listed = read(path, iss=options["iss"], country=options["country"])
        for each in listed:
            if not each.identifier:
                option = "--iss" if each.complete else "--country"
                raise TrustFileError(path.name, "", f"does not say whose keys it holds: {option}")
        if options["name"] and len(listed) == 1:
            return [replace(listed[0], name=options["name"])]
        return listed


def _line(loaded: Loaded) -> str:
    issuer, kept = loaded.issuer, loaded.kept
    warning = " Distrusted: none of them counts." if issuer.distrusted_at else ""
    return (
        f"{issuer.identifier} ({issuer.name}): {kept.added} keys added, {kept.removed} removed,"
        f" {kept.changed} changed, {loaded.unchanged} unchanged.{warning}"
    )
