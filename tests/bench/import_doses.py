"""Measure the import of a 100,000-row dose file beside LOAD DATA of the same rows.

    DATABASE_URL=mysql://… python -m tests.bench.import_doses

makes a database of its own on that server, fills it (``tests.bench.generate``), and writes the
section "Import of doses" of docs/benchmarks.md. Each round makes a copy of the dose table with
all its rows, keys, checks and foreign keys, imports a file by the command ``import_records``, and
loads the rows that the import made, without their history, audit and events, into the copy. Ends
with status 1 when the import has less than .3 of the speed of LOAD DATA.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import platform
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django

from tests.bench.reports import write

ROWS = 100_000
ROUNDS = 3
PATIENTS, DOSES = 100_000, 200_000
TARGET = 0.3
COPY = "bench_dose_copy"
# Like a server of its own: otherwise both sides measure how a small cache swaps.
SERVER = {"innodb_buffer_pool_size": 2 << 30, "innodb_log_file_size": 1 << 30}
TITLE = "## Import of doses"


def own_database() -> str:
    """Make an empty database beside that of DATABASE_URL, name it there, and return its name."""
    import MySQLdb

    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"{url.path.strip('/')}_import"
    server = MySQLdb.connect(
        host=url.hostname, port=url.port or 3306, user=url.username, password=url.password or ""
    )
    with server.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        for setting, size in SERVER.items():
            cursor.execute(f"SET GLOBAL {setting} = {size}")
    server.close()
    os.environ["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()
    return name


def write_file(path: Path, turn: int) -> None:
    """Write doses that break no rule, of random patients, lots, volunteers and days."""
    from django.utils import timezone

    from records.io.csv_files import COLUMNS
    from tests.bench.generate import CLINICS, LOTS, MANUFACTURERS, VOLUNTEERS

    chance = random.Random(turn)
    today = timezone.localdate()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS["doses"])
        for number in range(ROWS):
            lot = chance.randrange(LOTS) + 1
            if lot % 100 == 0:  # recalled
                lot -= 1
            volunteer = chance.randrange(VOLUNTEERS) + 1
            day = today - dt.timedelta(days=10 + 110 * turn + chance.randrange(80))
            writer.writerow(
                (
                    *("registry", f"{turn}-{number:07}", "national-id"),
                    f"N{chance.randrange(PATIENTS) + 1:08}",
                    *(f"M{(lot - 1) % MANUFACTURERS + 1:02}", f"L{lot:04}", ""),
                    *(day.isoformat(), f"C{(volunteer - 1) % CLINICS + 1:03}"),
                    *(f"V{volunteer:05}", "LD", "IM", "true", "completed", "", ""),
                )
            )


def make_copy(cursor: Any) -> str:
    """Make a full copy of the dose table and return the columns that LOAD DATA gives."""
    from records.models import Dose

    table = Dose._meta.db_table
    cursor.execute(f"DROP TABLE IF EXISTS {COPY}")
    cursor.execute(f"SHOW CREATE TABLE {table}")
    definition = cursor.fetchone()[1].replace(f"`{table}`", f"`{COPY}`", 1)
    numbers = iter(range(1000))
    definition = re.sub(
        r"CONSTRAINT `\w+`", lambda _: f"CONSTRAINT `bench_{next(numbers)}`", definition
    )
    cursor.execute(definition)
    fields = [str(field.column) for field in Dose._meta.concrete_fields if not field.generated]
    cursor.execute(
        f"INSERT INTO {COPY} ({', '.join(fields)}) SELECT {', '.join(fields)} FROM {table}"
    )
    return ", ".join(fields[1:])


def dump(cursor: Any, path: Path, columns: str, turn: int) -> int:
    """Write what the import of this turn made as LOAD DATA reads it; return how many rows."""
    cursor.execute(
        f"SELECT {columns} FROM records_dose WHERE external_id LIKE %s ORDER BY external_id",
        [f"{turn}-%"],
    )
    rows = cursor.fetchall()
    with path.open("w") as file:
        for row in rows:
            file.write("\t".join(r"\N" if cell is None else str(cell) for cell in row) + "\n")
    return len(rows)


def rounds(folder: Path) -> Iterator[tuple[float, float, int]]:
    """Yield the seconds of each import and of LOAD DATA, and how many rows both wrote."""
    from django.core.management import call_command
    from django.db import connection, connections

    for turn in range(ROUNDS):
        source, rows = folder / "doses.csv", folder / "rows.tsv"
        write_file(source, turn)
        with connection.cursor() as cursor:
            columns = make_copy(cursor)
        begin = time.perf_counter()
        try:
            call_command(
                "import_records", str(source), "--commit", stdout=StringIO(), stderr=StringIO()
            )
        except SystemExit as ended:  # some doses fall on the day of another one
            if ended.code != 1:
                raise
        imported = time.perf_counter() - begin
        connection.settings_dict["OPTIONS"]["local_infile"] = True
        connections.close_all()
        with connection.cursor() as cursor:
            written = dump(cursor, rows, columns, turn)
            begin = time.perf_counter()
            cursor.execute(
                f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE {COPY} CHARACTER SET utf8mb4"
                f" ({columns})"
            )
            loaded = time.perf_counter() - begin
            assert cursor.rowcount == written > ROWS * 0.99
            cursor.execute(f"DROP TABLE {COPY}")
        yield imported, loaded, written


def check() -> None:
    """Raise ``AssertionError`` unless every imported dose has its version and its event."""
    from records.models import Dose, OutboxEvent

    imported = Dose.objects.filter(external_source="registry")
    assert imported.exists()
    versions = Dose.history.filter(external_source="registry", version=1)
    assert versions.count() == imported.count()
    events = OutboxEvent.objects.filter(event_id__in=imported.values("public_id"))
    assert events.count() == imported.count()


def report(measured: list[tuple[float, float, int]]) -> tuple[str, float]:
    """Return the section as Markdown, and the median ratio."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = re.match(r"[\d.]+", cursor.fetchone()[0])
    assert version is not None
    ratio = statistics.median(loaded / imported for imported, loaded, _ in measured)
    lines = [
        TITLE,
        "",
        f"A file of {ROWS:,} doses in random order, one of each of {PATIENTS:,} patients and all of"
        " vaccines with a series against one disease and no ages, into a database that"
        f" has {DOSES:,} doses at first, on MariaDB {version.group()}, Python"
        f" {platform.python_version()} and a machine with {os.cpu_count()} cores;"
        " MariaDB has a buffer pool of 2 GB and a redo log of 1 GB and syncs every commit. The"
        " import is"
        " the command `import_records --commit`: reading the file twice (once to check it),"
        " every rule on every row, doses, history, audit and events. LOAD DATA writes the rows"
        " that came of it, and nothing else, into a copy of the dose table with the same rows,"
        " keys, checks and foreign keys, right after the import. Made by"
        " `python -m tests.bench.import_doses`.",
        "",
        "| round | import s | doses a second | LOAD DATA s | share of its speed |",
        "|---|---:|---:|---:|---:|",
    ]
    for number, (imported, loaded, written) in enumerate(measured, start=1):
        lines.append(
            f"| {number} | {imported:.2f} | {written / imported:,.0f} | {loaded:.2f} |"
            f" {loaded / imported:.2f} |"
        )
    lines += ["", f"Median share: {ratio:.2f}; at least {TARGET} is asked for."]
    return "\n".join(lines) + "\n", ratio


def main() -> int:
    """Fill, measure, write, and tell whether the import is fast enough."""
    from django.conf import settings
    from django.core.management import call_command

    from tests.bench.generate import fill

    settings.DEBUG = False  # Django would keep the text of every statement
    call_command("migrate", verbosity=0)
    call_command("sync_roles", stdout=StringIO())
    fill(patients=PATIENTS, doses=DOSES)
    with tempfile.TemporaryDirectory() as folder:
        measured = list(rounds(Path(folder)))
    check()
    section, ratio = report(measured)
    print(section)  # noqa: T201
    write(section)
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    name = own_database()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")
    django.setup()
    try:
        sys.exit(main())
    finally:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE `{name}`")
