"""Import a CSV file of patients, lots or doses."""

from __future__ import annotations

import csv
import gc
import uuid
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from tqdm import tqdm

from records.domain.context import request_id
from records.domain.dose_import import BATCH
from records.domain.imports import Kind
from records.io.csv_files import COLUMNS, FileError, RecordFile, open_records
from records.io.importing import Problem, Settings, Totals, import_file

SHOWN = 20
MOST = 30_000  # SQLite takes 32,766 parameters in one statement
WORKERS = 2
INCOMPLETE, NOTHING = 1, 2


def count(text: str) -> int:
    """Return a whole number from 1 to ``MOST``, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"{text} is not a number from 1 to {MOST:,}.")
    return int(text)


class Command(BaseCommand):
    """Validate every row of a file by the rules of the domain and write those that break none."""

    help = (
        "Import a CSV file (UTF-8, header row, ISO dates, empty = unknown); the header tells"
        f" whether it holds {', '.join(COLUMNS)}. Without --commit nothing is written. What is on"
        " record is recognised and left as it is, so an import that was cut off is finished by"
        " running it again. Ends with status 0 if every row is on record (or would be), 1 if rows"
        " were refused or contradict a record, 2 if the file or a setting is wrong and nothing"
        " was read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file and how to import it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--commit", action="store_true", help="write; else only report")
        parser.add_argument("--report", type=Path, metavar="FILE", help="all problems as CSV")
        parser.add_argument(
            "--as", dest="email", metavar="EMAIL", help="who imports; default: VaxPass itself"
        )
        parser.add_argument(
            "--allow-similar",
            action="store_true",
            help="register patients who have the names and birth date of another one",
        )
        parser.add_argument(
            "--batch",
            type=count,
            default=BATCH,
            metavar="ROWS",
            help=f"rows in one transaction (default {BATCH:,})",
        )
        parser.add_argument(
            "--workers",
            type=count,
            default=WORKERS,
            metavar="NUMBER",
            help=f"batches of doses at a time, on MariaDB only (default {WORKERS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the whole file, import it, and print the report."""
        try:
            file = open_records(options["file"])
            number = file.count()
        except FileError as error:
            self._stop(f"{options['file']}: {error}")
        if not number:
            self._stop(f"{options['file']}: The file has a header but no rows.")
        several = connection.vendor == "mysql"
        settings = Settings(
            by=self._user(options["email"]),
            commit=options["commit"],
            batch=options["batch"],
            workers=options["workers"] if several else 1,
            allow_similar=options["allow_similar"],
        )
        _allow_files()
        request_id.set(str(uuid.uuid4()))
        totals, shown = self._import(file, number, settings, options["report"])
        self._print(file, totals, shown, options)
        if not totals.complete:
            raise SystemExit(INCOMPLETE)

    def _import(
        self, file: RecordFile, number: int, settings: Settings, report: Path | None
    ) -> tuple[Totals, list[Problem]]:
        shown: list[Problem] = []
        with ExitStack() as stack:
            progress = stack.enter_context(
                tqdm(total=number, unit="row", disable=None, file=self.stderr)
            )
            writer = None
            if report is not None:
                try:
                    out = stack.enter_context(report.open("w", newline="", encoding="utf-8"))
                except OSError as error:
                    self._stop(f"{report}: The report cannot be written: {error.strerror}.")
                writer = csv.writer(out)
                writer.writerow(("row", "column", "result", "rule", "message"))

            def tell(rows: int, problems: list[Problem]) -> None:
                progress.update(rows)
                shown.extend(problems[: SHOWN - len(shown)])
                if writer:
                    writer.writerows(problems)

            # Rows are tuples in their thousands and hold no cycles: to look for some among them
            # takes a fifth of the processor's time.
            gc.disable()
            stack.callback(gc.enable)
            try:
                return import_file(file, settings, tell), shown
            except PermissionDenied as error:
                self._stop(f"{settings.by} may not import records: {error}")
            except FileError as error:
                self._stop(f"{file.source} changed while it was read: {error}")

    def _print(
        self, file: RecordFile, totals: Totals, shown: list[Problem], options: dict[str, Any]
    ) -> None:
        counts = totals.rows_with
        for problem in sorted(shown):
            grave = "" if problem.kind == Kind.REFUSED else f" ({problem.kind})"
            self.stdout.write(
                f"row {problem.row}  {problem.column or '-'}  {problem.message}"
                f" [{problem.code}]{grave}"
            )
        if sum(counts.values()) and len(shown) == SHOWN:
            self.stdout.write("Only the first problems are shown; --report FILE lists them all.")
        written = "written" if options["commit"] else "that would be written"
        self.stdout.write(
            f"{totals.rows:,} {file.kind}: {totals.new:,} new ones {written},"
            f" {totals.unchanged:,} on record already, {counts[Kind.REFUSED]:,} refused,"
            f" {counts[Kind.CONFLICT]:,} in conflict with a record,"
            f" {counts[Kind.WARNING]:,} with a warning."
        )
        if not options["commit"]:
            self.stdout.write("This was a dry run: nothing was written. --commit writes.")

    def _user(self, email: str | None) -> Any:
        users = get_user_model()
        if email is None:
            return users.objects.system()
        try:
            return users.objects.get_by_natural_key(email)
        except users.DoesNotExist:
            self._stop(f"There is no account {email}.")

    def _stop(self, message: str) -> NoReturn:
        raise CommandError(f"Nothing was written. {message}", returncode=NOTHING)


def _allow_files() -> None:
    """Let this process, and no web worker, send rows to MariaDB as a file where it takes them."""
    if connection.vendor != "mysql" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.local_infile")
        [allowed] = cursor.fetchone()
    if allowed:
        connection.settings_dict["OPTIONS"]["local_infile"] = True
        connections.close_all()
