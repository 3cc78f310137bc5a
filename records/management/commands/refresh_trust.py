"""Read the keys and revocations of trusted issuers of cards again."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from records.io.trust_refresh import refresh


class Command(BaseCommand):
    """Refresh every trusted issuer of SMART Health Cards; run it every hour."""

    help = (
        "Read each trusted issuer's jwks.json and its newer lists of revocations. Keys that an"
        " issuer no longer lists stop counting. An issuer that fails stops no other and keeps"
        " what it had; then the status is 1."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Refresh, and say what changed and what failed."""
        failed = 0
        for done in refresh(by=get_user_model().objects.system()):
            kept = done.kept
            self.stdout.write(
                f"{done.issuer.identifier}: {kept.added} keys added, {kept.removed} removed;"
                f" {done.revoked} revocations read."
            )
            for problem in done.problems:
                self.stderr.write(f"{done.issuer.identifier}: {problem}")
            failed += bool(done.problems)
        if failed:
            sys.exit(1)
