"""Make, replace or withdraw the keys that sign credentials."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from records.codecs.credentials import Format
from records.domain import key_rotation
from records.domain.credentials import revoke_signed
from records.domain.issuer_keys import NoSigningKey, held_keys, signing

REASON = "The signing key is not safe any more."


class Command(BaseCommand):
    """Write the file of the issuer's keys (``ISSUER_KEYS_FILE``)."""

    help = (
        "Make a new key that signs credentials from now on; what earlier keys signed stays valid."
        " A key that somebody else may have is withdrawn with --compromised: it disappears from"
        " the published keys and everything that it signed is revoked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take one of the steps."""
        parser.add_argument("--format", choices=[*Format, "all"], default="all")
        parser.add_argument(
            "--if-missing", action="store_true", help="only where no key signs this format yet"
        )
        steps = parser.add_mutually_exclusive_group()
        steps.add_argument(
            "--compromised", metavar="KID", help="withdraw this key and revoke what it signed"
        )
        steps.add_argument(
            "--csr",
            action="store_true",
            help="print a request for a document signer certificate of a new key, which waits",
        )
        steps.add_argument(
            "--certificate",
            type=Path,
            metavar="FILE",
            help="let the key that waits for this certificate (PEM or DER) sign from now on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the step as VaxPass itself."""
        system = get_user_model().objects.system()
        try:
            if options["compromised"]:
                self._withdraw(system, options["compromised"])
            elif options["csr"]:
                self.stdout.write(key_rotation.request_certificate(by=system))
            elif options["certificate"]:
                self._install(system, options["certificate"])
            else:
                self._rotate(system, _formats(options["format"]), options["if_missing"])
        except PermissionDenied as error:
            raise CommandError("VaxPass itself has no role yet: run sync_roles first.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def _rotate(self, system: Any, formats: list[Format], if_missing: bool) -> None:
        for format in formats:
            if if_missing and _can_sign(format):
                continue
            new = key_rotation.rotate_key(by=system, format=format)
            self.stdout.write(f"{format}: {new.kid} signs from now on.")

    def _install(self, system: Any, file: Path) -> None:
        try:
            data = file.read_bytes()
            pem = b"-----BEGIN" in data
            read = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
            certificate = read(data)
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} cannot be read as a certificate.") from error
        new = key_rotation.install_certificate(by=system, certificate=certificate)
        self.stdout.write(f"{new.format}: {new.kid} signs from now on.")

    def _withdraw(self, system: Any, kid: str) -> None:
        """Take the key away first, so that it signs no more, then revoke; can be run again."""
        held = {key.kid for key in held_keys()}
        if kid in held:
            key_rotation.withdraw_key(by=system, kid=kid)
        count = 0
        while revoked := revoke_signed(by=system, kid=kid, reason=REASON):
            count += revoked
        if not count and kid not in held:
            raise CommandError("There is no such key, and nothing that it signed counts.")
        self.stdout.write(f"{kid} is withdrawn; {count:,} credentials are revoked.")
        for format in Format:
            if not _can_sign(format):
                self.stdout.write(
                    f"Nothing signs {format} now: rotate_issuer_key --format {format}"
                )


def _formats(chosen: str) -> list[Format]:
    """Return the formats to make keys for: of all, those that the settings name an issuer for."""
    if chosen != "all":
        return [Format(chosen)]
    issuer = {Format.SHC: settings.ISSUER.url, Format.DCC: settings.ISSUER.country}
    return [format for format, name in issuer.items() if name]


def _can_sign(format: Format) -> bool:
    """Tell whether a key signs; an unreadable file is for a person to mend, not to write over."""
    held_keys()
    try:
        signing(format)
    except NoSigningKey:
        return False
    return True
