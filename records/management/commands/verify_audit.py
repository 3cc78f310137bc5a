"""Verify that the sealed audit entries are as they were sealed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from records.domain.seal_check import Check


class Command(BaseCommand):
    """Compare every sealed entry, every seal and the head file; change nothing."""

    help = (
        "Compare every sealed audit entry with its seal, the seals with each other and with"
        " AUDIT_HEAD_FILE. Writes one line for each entry or seal that was edited, deleted,"
        " inserted or reordered and ends with status 1, or with 0 when all is as it was sealed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, say what is wrong and where, and what was compared."""
        check, found = Check(), 0
        for found, problem in enumerate(check.problems(), start=1):  # noqa: B007
            self.stdout.write(self.style.ERROR(problem))
        self.stdout.write(
            f"{check.entries:,} entries under {check.seals:,} seals compared, {found:,} problems;"
            f" {check.unsealed:,} newer entries are not sealed yet."
        )
        if found:
            sys.exit(1)
