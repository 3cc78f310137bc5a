"""The staging table at work: many doses judged by the database in one statement.

Everything here lives inside the transaction of an import; the rows of one run never commit.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from records.domain.dose_codes import CodedDose, chunks
from records.domain.dose_rules import RULES, Rule, staged_flag
from records.domain.dose_warnings import WARNINGS
from records.domain.imports import ImportBroken
from records.models import Dose, StagedDose

_COLUMN_OF = {field.attname: str(field.column) for field in StagedDose._meta.concrete_fields}
COLUMNS = [_COLUMN_OF[name] for name in CodedDose._fields]


class Verdict(NamedTuple):
    """What the database found about one row: its dose on record, or the rules it breaks."""

    on_record: int | None
    rules: list[Rule]
    warnings: list[Rule]


@contextmanager
def staging() -> Iterator[str]:
    """Give an import its staging table and yield the ``run`` under which its rows stand.

    On MariaDB and MySQL a temporary table of the same name hides the common one: it belongs to
    this connection alone, so imports side by side never wait for each other's rows, and it goes
    without a trace. Needs the privilege CREATE TEMPORARY TABLES. SQLite has one writer anyway.
    """
    run = uuid.uuid4().hex
    if connection.vendor != "mysql":
        yield run
        unstage(run)
        return
    table = connection.ops.quote_name(StagedDose._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TEMPORARY TABLE IF EXISTS {table}")
        cursor.execute(f"SHOW CREATE TABLE {table}")
        definition = cursor.fetchone()[1]
        cursor.execute(definition.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
        yield run
        cursor.execute(f"DROP TEMPORARY TABLE {table}")


def stage(run: str, doses: Sequence[CodedDose]) -> None:
    """Put coded doses into the staging table, under the import's own ``run``."""
    quote = connection.ops.quote_name
    table = quote(StagedDose._meta.db_table)
    names = [quote(name) for name in COLUMNS]
    with connection.cursor() as cursor:
        if _takes_files():
            _load(cursor, table, names, run, doses)
            return
        marks = ", ".join(["%s"] * (len(names) + 1))
        # The driver makes few long statements of this, as long as every value is a parameter.
        sql = f"INSERT INTO {table} ({', '.join(names)}, run) VALUES ({marks})"  # noqa: S608
        cursor.executemany(sql, [(*dose, run) for dose in doses])


def _takes_files() -> bool:
    """Tell whether this connection may send files, which import_records allows for itself."""
    return bool(
        connection.vendor == "mysql"
        and connection.settings_dict["OPTIONS"].get("local_infile")
        and hasattr(os, "memfd_create")
    )


def _load(cursor: Any, table: str, names: list[str], run: str, doses: Sequence[CodedDose]) -> None:
    """Send the rows as a file, several times as fast; it lives in memory and has no name."""
    line = "\t".join(["%s"] * len(names))
    plain = _plain(doses)
    rows = doses if plain else [tuple(map(_escaped, dose)) for dose in doses]
    text = "\n".join([line % row for row in rows])
    taken, given = [], ["run = %s"]
    for name, field in zip(names, CodedDose._fields, strict=True):
        if field == "primary_source":
            given.append(f"{name} = (@{field} = 'True')")
        elif field in _NULLABLE and plain:
            given.append(f"{name} = NULLIF(@{field}, 'None')")
        else:
            taken.append(name)
            continue
        taken.append(f"@{field}")
    with open(os.memfd_create("doses"), "wb") as file:
        file.write(text.encode())
        file.flush()
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '/proc/self/fd/{file.fileno()}' INTO TABLE {table}"
            f" CHARACTER SET utf8mb4 ({', '.join(taken)}) SET {', '.join(given)}",
            [run],
        )
        written = cursor.rowcount
    # LOAD DATA skips a line that it cannot take, with a warning that nobody reads.
    if written != len(doses):
        raise ImportBroken(f"{written} rows were staged instead of {len(doses)}.")


_NULLABLE = {field.attname for field in StagedDose._meta.concrete_fields if field.null}
_TEXTS = [
    place
    for place, name in enumerate(CodedDose._fields)
    if name in {"lot_number", "status_reason", "external_source", "external_id"}
]
_SPECIAL = re.compile(r"[\\\t\n\r\0]")
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": r"\0"})


def _plain(doses: Sequence[CodedDose]) -> bool:
    """Tell whether no text in these rows means something to LOAD DATA, or looks like a NULL."""
    for place in _TEXTS:
        texts = {str(dose[place] or "") for dose in doses}
        if "None" in texts or _SPECIAL.search("".join(texts)):
            return False
    return True


def _escaped(value: object) -> object:
    if value is None:
        return r"\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else value


def staged(run: str) -> QuerySet[StagedDose]:
    """Return the staged rows of a run."""
    return StagedDose.objects.filter(run=run)


def judge_staged(run: str) -> dict[int, Verdict]:
    """Return a verdict for every staged row that is on record already or breaks a rule.

    Rules and warnings are the set forms of ``dose_rules`` and ``dose_warnings``. What two staged
    rows are to each other is not looked at here.
    """
    rules = (*RULES, *WARNINGS)
    known = Dose.objects.filter(
        external_source=OuterRef("external_source"), external_id=OuterRef("external_id")
    )
    flags = {f"rule_{rule.code}": staged_flag(rule) for rule in rules}
    rows = staged(run).annotate(on_record=Subquery(known.order_by().values("pk")), **flags)
    remarkable = Q(on_record__isnull=False)
    for name in flags:
        remarkable |= Q(**{name: True})
    found = {}
    for row, on_record, *broken in rows.filter(remarkable).values_list("row", "on_record", *flags):
        codes = [rule for rule, is_broken in zip(rules, broken, strict=True) if is_broken]
        found[row] = Verdict(
            on_record,
            [rule for rule in codes if rule in RULES],
            [rule for rule in codes if rule in WARNINGS],
        )
    return found


def unstage(run: str, rows: Iterable[int] | None = None) -> None:
    """Take these rows out of the staging table, or all of the run."""
    if rows is None:
        staged(run)._raw_delete(using=connection.alias)
        return
    for chunk in chunks(rows):
        staged(run).filter(row__in=chunk)._raw_delete(using=connection.alias)
