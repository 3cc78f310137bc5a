"""Let nothing of an issuer count any more, or again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from records import access
from records.codecs.credentials import Format
from records.domain.trust import distrust, trust_again
from records.models import TrustedIssuer


class Command(BaseCommand):
    """Distrust an issuer of the trust list."""

    help = "Let no code of an issuer count, until --undo. Its keys stay on the list."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the issuer and why."""
        parser.add_argument("format", choices=[each.value for each in Format])
        parser.add_argument("issuer", help="iss of cards, or two letters of a country")
        parser.add_argument("--reason", required=True, help="why; stays in the history")
        parser.add_argument("--undo", action="store_true", help="trust it again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Distrust it, or trust it again."""
        system = get_user_model().objects.system()
        issuers = access.visible_to(system, TrustedIssuer)
        issuer = issuers.filter(format=options["format"], identifier=options["issuer"]).first()
        if issuer is None:
            raise CommandError(f"{options['issuer']} is not on the trust list.")
        act = trust_again if options["undo"] else distrust
        try:
            act(by=system, issuer=issuer, reason=options["reason"])
        except (PermissionDenied, ValidationError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{issuer.identifier} is {'trusted again' if options['undo'] else 'distrusted'}."
        )
