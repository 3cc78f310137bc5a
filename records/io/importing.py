"""Import of a file of records: read, divided into batches, written through the domain, told.

Each batch is one transaction. Keys that the file itself names (source and id, identifier, lot
number) tell what is on record, so an import that was cut off is finished by running it again.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import IntegrityError, connection, reset_queries, transaction

from records.domain.dose_import import import_doses
from records.domain.imports import Finding, Kind, Outcome
from records.domain.lot_import import import_lots
from records.domain.patient_import import import_patients
from records.io.csv_files import RecordFile
from records.io.row_values import UnreadableRow, row_reader

COLUMN_OF = {
    "patient": "identifier",
    "system": "identifier_system",
    "value": "identifier",
    "manufacturer": "mvx_code",
    "lot": "lot_number",
    "number": "lot_number",
    "vaccine": "cvx_code",
    "given_vaccine": "cvx_code",
    "clinic": "clinic_code",
    "volunteer": "volunteer_code",
    "eu_product": "eu_product_code",
    "__all__": "",
}
"""Where the columns of a file are not called what the fields of a model are."""


class Problem(NamedTuple):
    """One line of the report: where, how grave, and which rule."""

    row: int
    column: str
    kind: Kind
    code: str
    message: str


@dataclass(slots=True)
class Totals:
    """What became of the rows of a file; ``rows_with`` counts rows, not problems."""

    rows: int = 0
    new: int = 0
    unchanged: int = 0
    rows_with: Counter[Kind] = field(default_factory=Counter)

    def add(self, rows: int, outcome: Outcome) -> None:
        """Count one batch."""
        self.rows += rows
        self.new += outcome.new
        self.unchanged += outcome.unchanged
        self.rows_with.update(
            kind for _, kind in {(finding.row, finding.kind) for finding in outcome.findings}
        )

    @property
    def complete(self) -> bool:
        """Tell whether every row of the file is on record."""
        return not (self.rows_with[Kind.REFUSED] or self.rows_with[Kind.CONFLICT])


@dataclass(frozen=True, slots=True)
class Settings:
    """How a file is imported; ``workers`` above 1 only helps where several can write at once."""

    by: Any
    commit: bool
    batch: int
    workers: int = 1
    allow_similar: bool = False


REASON_LENGTH = 500
Writer = Callable[..., Outcome]
Tell = Callable[[int, list[Problem]], None]
"""What is called after each batch: with its number of rows and its problems in order."""


def import_file(file: RecordFile, settings: Settings, tell: Tell) -> Totals:
    """Import a file and return what became of it.

    Without ``commit`` everything is done in one transaction and taken back. Raises ``FileError``
    and ``PermissionDenied``.
    """
    totals = Totals()
    write = writer_of(file, settings)

    def done(rows: int, outcome: Outcome) -> None:
        totals.add(rows, outcome)
        tell(rows, problems_of(outcome))
        reset_queries()  # in development Django keeps the text of every statement

    rows = rows_of(file)
    if not settings.commit:
        with transaction.atomic():
            for batch in batches(rows, settings.batch):
                done(len(batch), import_batch(batch, write))
            transaction.set_rollback(True)
    elif settings.workers > 1 and file.kind == "doses" and not connection.in_atomic_block:
        _side_by_side(rows, settings, write, done)
    else:
        for batch in batches(rows, settings.batch):
            done(len(batch), import_batch(batch, write))
    return totals


def writer_of(file: RecordFile, settings: Settings) -> Writer:
    """Return the domain function for the kind of file, with all arguments but the rows."""
    reason = f"Import of {file.source.name}"[:REASON_LENGTH]
    if file.kind == "patients":
        return functools.partial(
            import_patients,
            by=settings.by,
            reason=reason,
            allow_similar=settings.allow_similar,
        )
    function = import_doses if file.kind == "doses" else import_lots
    return functools.partial(function, by=settings.by, reason=reason)


def rows_of(file: RecordFile) -> Iterator[Any]:
    """Yield the rows of a file, typed or as ``UnreadableRow``."""
    read = row_reader(file.kind)
    return (read(number, cells) for number, cells in file.rows())


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield the rows in lists of this length."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, size)):
        yield batch


def import_batch(batch: Sequence[Any], write: Writer) -> Outcome:
    """Write the readable rows of a batch and return the outcome of all of them."""
    rows = [row for row in batch if not isinstance(row, UnreadableRow)]
    try:
        outcome = write(rows=rows)
    except IntegrityError:
        # Somebody wrote one of these keys meanwhile. Now it is on record and will be recognised.
        outcome = write(rows=rows)
    for row in batch:
        if isinstance(row, UnreadableRow):
            for error in row.errors:
                outcome.refuse(row.row, *error)
    return outcome


def _side_by_side(
    rows: Iterable[Any],
    settings: Settings,
    write: Writer,
    done: Callable[[int, Outcome], None],
) -> None:
    """Write several batches at a time, each over a connection of its own.

    All rows under one identifier go the same way, so that they stay in the order of the file.
    The next rows are read while others are written, and no lane waits for another one.
    """

    def work(batch: Sequence[Any]) -> Outcome:
        try:
            return import_batch(batch, write)
        finally:
            connection.close()  # that of this thread, which nobody else would close

    def send(lane: Lane) -> None:
        lane.take(done)
        lane.sent = lane.waiting
        lane.future = lane.pool.submit(copy_context().run, work, lane.sent)
        lane.waiting = []

    with ExitStack() as stack:
        lanes = [Lane(stack.enter_context(ThreadPoolExecutor(1))) for _ in range(settings.workers)]
        for row in rows:
            lane = lanes[_share(row) % len(lanes)]
            lane.waiting.append(row)
            if len(lane.waiting) == settings.batch:
                send(lane)
        for lane in lanes:
            send(lane)
        for lane in lanes:
            lane.take(done)


@dataclass(slots=True)
class Lane:
    """One way of rows to the database: those gathered, and the batch that is under way."""

    pool: ThreadPoolExecutor
    waiting: list[Any] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    future: Future[Outcome] | None = None

    def take(self, done: Callable[[int, Outcome], None]) -> None:
        """Wait for the batch that is under way and hand its outcome on."""
        if self.future is not None:
            done(len(self.sent), self.future.result())
            self.future = None


def _share(row: Any) -> int:
    if isinstance(row, UnreadableRow):
        return 0
    return zlib.crc32(f"{row.identifier_system} {row.identifier}".encode())


def problems_of(outcome: Outcome) -> list[Problem]:
    """Return the lines of the report of a batch, in the order of its rows."""
    return [_problem(finding) for finding in sorted(outcome.findings, key=lambda each: each.row)]


def _problem(finding: Finding) -> Problem:
    row, kind, name, code, message = finding
    return Problem(row, COLUMN_OF.get(name, name), kind, code, message)
