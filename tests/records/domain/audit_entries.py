"""Audit entries to seal, and a head file of the test's own."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings

from records.domain import sealing
from records.domain.seal_check import Check
from records.models import AuditEntry
from tests.records import factories as make

START = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)


def write(count: int, batch: int = 2000) -> list[int]:
    """Write so many entries, no two alike, and return their ids in order."""
    by = make.system()
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                at=START + dt.timedelta(seconds=number),
                actor=by,
                action="dose.recorded",
                patient_id=number % 7 + 1,
                subject_type="dose",
                subject_id=uuid.UUID(int=number + 1),
                subject_version=1,
                fields=["patient", "lot"],
                channel="web",
            )
            for number in range(count)
        ],
        batch_size=batch,
    )
    return sorted(AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[:count])


def in_one_transaction(monkeypatch: Any, rows_per_seal: int) -> None:
    """Seal inside a test's transaction, where no lock can be taken, a few rows at a time."""
    monkeypatch.setattr(sealing, "writers_excluded", nullcontext)
    monkeypatch.setattr(sealing, "ROWS_PER_SEAL", rows_per_seal)


def problems() -> list[str]:
    """Return what a verification finds."""
    return list(Check().problems())


def head_lines() -> list[dict[str, Any]]:
    """Return the lines of the head file."""
    text = Path(settings.AUDIT_HEAD_FILE).read_text()
    return [json.loads(line) for line in text.splitlines()]


def write_head(lines: list[dict[str, Any]]) -> None:
    """Replace the head file."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    Path(settings.AUDIT_HEAD_FILE).write_text(text)


def tampering(ids: list[int], *, seals: int) -> list[str]:
    """Edit, delete, reorder and cut off sealed entries; return what a verification must say.

    ``seals`` is the number of the last seal, which holds the last hundred entries.
    """
    edited, first, second, deleted = ids[777], ids[5], ids[-100], ids[-50]
    AuditEntry.objects.filter(pk=edited).update(action="dose.voided")
    AuditEntry.objects.filter(pk=deleted).delete()
    aside = ids[-1] + 1000
    for old, new in ((first, aside), (second, first), (aside, second)):
        AuditEntry.objects.filter(pk=old).update(id=new)
    AuditEntry.objects.filter(pk__gte=ids[-4]).delete()
    return [
        f"Entry {deleted}: deleted since seal {seals}.",
        f"Entry {ids[-4]} to {ids[-1]} (4): deleted since seal {seals}.",
        f"Entry {first}: reordered, it says what entry {second} said.",
        f"Entry {edited}: edited.",
        f"Entry {second}: reordered, it says what entry {first} said.",
    ]
