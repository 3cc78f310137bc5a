"""Fill a development database with accounts and records to try VaxPass out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.demo import build
from accounts.demo.logins import PASSWORD, Login, ensure_logins
from accounts.models import User
from records.models import Dose, EuProduct, Manufacturer, Vaccine


class Command(BaseCommand):
    """Make the demo accounts and records that are missing; print how to sign in."""

    help = (
        "Make demo accounts, one for every role, and invented records, in development mode only."
        " Running it again adds nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make everything in one transaction, so that there is never half a demo."""
        if not settings.DEVELOPMENT:
            raise CommandError(
                "Demo accounts have a public password and belong in development mode only"
                " (VAXPASS_MODE=development)."
            )
        try:
            with transaction.atomic():
                logins = ensure_logins()
                self._records(logins)
        except Group.DoesNotExist as error:
            raise CommandError("There are no roles yet: run sync_roles first.") from error
        except (EuProduct.DoesNotExist, Manufacturer.DoesNotExist, Vaccine.DoesNotExist) as error:
            raise CommandError(f"{error} Run load_codes first.") from error
        except ValidationError as error:
            message = f"The demo does not fit what is in this database: {error.messages[0]}"
            raise CommandError(message) from error
        self._table(logins)

    def _records(self, logins: dict[str, Login]) -> None:
        system = User.objects.system()
        if build.exists(system):
            self.stdout.write("The demo records are there already.")
            return
        demo = build.build(logins, system)
        doses = Dose.objects.filter(patient__in=demo.patients).count()
        self.stdout.write(
            f"Made {len(demo.clinics)} clinics, {len(demo.lots)} lots, {len(demo.patients)}"
            f" patients and {doses} doses."
        )

    def _table(self, logins: dict[str, Login]) -> None:
        rows = [("Role", "E-mail", "Password", "Start at")]
        rows += [(role, row.user.email, PASSWORD, row.start) for role, row in logins.items()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        self.stdout.write("")
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())
