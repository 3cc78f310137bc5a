"""Seal the audit entries written since the last seal."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.domain.sealing import SealingRefused, seal_entries


class Command(BaseCommand):
    """Seal what is not sealed yet; run it every few minutes."""

    help = (
        "Seal the audit entries written since the last seal, with the first key of AUDIT_KEYS, and"
        " append each seal to AUDIT_HEAD_FILE."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, and say how much."""
        try:
            seals = seal_entries()
        except SealingRefused as error:
            raise CommandError(str(error)) from error
        if not seals:
            self.stdout.write("Nothing new to seal.")
            return
        entries = sum(seal.entries for seal in seals)
        self.stdout.write(
            f"{entries:,} entries sealed up to number {seals[-1].to_id}; seal {seals[-1].number},"
            f" digest {seals[-1].digest}."
        )
