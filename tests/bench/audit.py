"""Measure what the audit costs: a noted read against one that is not, and sealing.

    DATABASE_URL=mysql://… python -m tests.bench.audit

works in a schema of MariaDB of its own (it migrates it), and writes the section "Audit" of
docs/benchmarks.md. Ends with status 1 when a verification misses one of four kinds of tampering
among a hundred thousand entries, or takes a minute.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django

from tests.bench.reports import write

ENTRIES = 100_000
DOSES = 10
RUNS = 200
MOST_SECONDS = 60
TITLE = "## Audit"


def unnoted(**arguments: Any) -> None:
    """Stand in for note_read and note nothing."""


def compare(read: Callable[[], Any]) -> tuple[float, float]:
    """Return the median milliseconds of a read with and without its note, taken in turns."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for run in range(2 * RUNS + 20):
        noted = run % 2 == 0
        start = time.perf_counter()
        if noted:
            read()
        else:
            with patch("records.domain.passports.note_read", unnoted):
                read()
        times[noted].append((time.perf_counter() - start) * 1000)
    # The first ones warm up.
    return statistics.median(times[True][10:]), statistics.median(times[False][10:])


def reads() -> list[tuple[str, float, float]]:
    """Return label and both medians of reading a passport, as function and as page."""
    from django.test import Client

    from accounts.roles import PATIENT
    from records.domain.passports import read_passport
    from tests.records import factories as make

    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient)
    clinic = make.make_clinic()
    volunteer, lot = make.make_volunteer(clinic), make.make_lot()
    for days in range(1, DOSES + 1):
        make.make_dose(
            patient=patient,
            clinic=clinic,
            volunteer=volunteer,
            lot=lot,
            administered_on=make.days_ago(30 * days),
        )
    client = Client()
    client.force_login(user)
    path = f"/passport/{patient.public_id}/"
    assert client.get(path).status_code == 200
    return [
        ("`read_passport`", *compare(lambda: read_passport(by=user, patient=patient))),
        ("passport page", *compare(lambda: client.get(path))),
    ]


def sealing() -> tuple[list[tuple[str, float]], bool]:
    """Return the seconds of each step over many entries, and whether all tampering was found."""
    from records.domain.sealing import seal_entries
    from records.models import AuditSeal
    from tests.records.domain import audit_entries

    AuditSeal.objects.all().delete()  # of an earlier run, whose head file is gone
    seal_entries()
    ids = audit_entries.write(ENTRIES)
    steps = []

    def timed(label: str, step: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = step()
        steps.append((label, time.perf_counter() - start))
        return result

    seals = timed("`seal_audit`", seal_entries)
    clean = timed("`verify_audit`, untouched", audit_entries.problems)
    expected = audit_entries.tampering(ids, seals=seals[-1].number)
    found = timed("`verify_audit`, all kinds of tampering", audit_entries.problems)
    return steps, clean == [] and found == expected


def flushing() -> int:
    """Return how this server brings a commit to the disk."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit")
        return int(cursor.fetchone()[0])


def report(read: list[tuple[str, float, float]], steps: list[tuple[str, float]]) -> str:
    """Return the section as Markdown."""
    lines = [
        TITLE,
        "",
        f"Made by `python -m tests.bench.audit` (`make bench`) on MariaDB. A passport of {DOSES} "
        "doses is read with its audit entry and, in turns, without one; each entry is committed "
        f"before the data leave (innodb_flush_log_at_trx_commit={flushing()}; with 1, which "
        f"production has, a disk's flush is added). Medians of {RUNS}.",
        "",
        "| read | with entry, ms | without, ms | ratio |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {on:.1f} | {off:.1f} | {on / off:.2f} |" for name, on, off in read),
        "",
        f"Sealing and verifying {ENTRIES:,} entries; edited, deleted, reordered and cut-off "
        "entries are each found and named:",
        "",
        "| step | seconds |",
        "|---|---:|",
        *(f"| {name} | {seconds:.1f} |" for name, seconds in steps),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, write, and tell whether all is within bounds."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("sync_roles", verbosity=0)
    with tempfile.TemporaryDirectory() as directory:
        settings.AUDIT_HEAD_FILE = Path(directory) / "head.jsonl"
        read = reads()
        steps, found = sealing()
    section = report(read, steps)
    print(section)  # noqa: T201
    write(section)
    return 0 if found and max(seconds for _, seconds in steps) < MOST_SECONDS else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")
    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment(debug=False)
    sys.exit(main())
