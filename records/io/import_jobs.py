"""An import that was taken as a job, done by whichever worker has claimed it."""

from __future__ import annotations

import io
import itertools
import logging
from collections.abc import Sequence
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError

from records.domain import unit
from records.domain.context import request_id
from records.domain.imports import Kind
from records.domain.jobs import (
    ClaimLost,
    Counts,
    Line,
    advance_import,
    begin_import,
    end_import,
    read_chunk,
)
from records.io.csv_files import FileError, open_records
from records.io.importing import (
    Settings,
    Totals,
    Writer,
    batches,
    import_batch,
    problems_of,
    rows_of,
    writer_of,
)
from records.models import ImportJob

BATCH = 5000
"""Rows of one transaction: some seconds at most, since a cancel waits for its end."""

logger = logging.getLogger(__name__)


class StoredFile:
    """The file of a job, read piece by piece from the database; it never lies on a disk."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        self.name = job.name

    def open(self, mode: str, /) -> IO[bytes]:
        """Return its bytes, from the start."""
        return io.BufferedReader(_Chunks(self.job))


class _Chunks(io.RawIOBase):
    def __init__(self, job: ImportJob) -> None:
        self._pieces = (read_chunk(job, number) for number in itertools.count())
        self._rest = b""

    def readable(self) -> bool:
        """Tell that this is read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer and return with how many bytes; 0 at the end."""
        if not self._rest:
            self._rest = next(self._pieces)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken


def run_import(job: ImportJob, batch: int = BATCH) -> None:
    """Import the file of a claimed job, from the row where the last worker stopped, to its end.

    Each batch is one transaction with its counts. What goes wrong with the file or the sender's
    rights ends the job as failed. Raises ``OperationalError`` when the database fails: the job
    stays claimed, and whoever finds it given up goes on with it.
    """
    token = request_id.set(job.public_id.hex)
    try:
        end_import(job, error=_run_to_end(job, batch))
    except ClaimLost:
        logger.warning("import %s was given to another worker", job.public_id)
    finally:
        request_id.reset(token)


def _run_to_end(job: ImportJob, batch: int) -> str:
    """Import the file and return what stopped it; nothing if nothing did."""
    try:
        _run(job, batch)
    except FileError as error:
        return str(error)
    except PermissionDenied:
        return "The account that sent the file may not import records."
    except (ClaimLost, OperationalError):
        raise
    except Exception:
        logger.exception("import %s failed", job.public_id)
        return "Something is wrong with VaxPass itself; its log tells what."
    return ""


def _run(job: ImportJob, size: int) -> None:
    file = open_records(StoredFile(job))
    current = begin_import(job, kind=file.kind, rows=file.count())
    settings = Settings(by=job.created_by, commit=True, batch=size, allow_similar=job.allow_similar)
    write = writer_of(file, settings)
    rows = itertools.islice(rows_of(file), current.rows_read, None)
    for batch in batches(rows, size):
        if current.cancel_asked_at:
            break
        current = _step(job, batch, write)


@unit.transactional
def _step(job: ImportJob, batch: Sequence[Any], write: Writer) -> ImportJob:
    outcome = import_batch(batch, write)
    totals = Totals()
    totals.add(len(batch), outcome)
    counts = Counts(
        rows_read=totals.rows,
        written=totals.new,
        unchanged=totals.unchanged,
        refused=totals.rows_with[Kind.REFUSED],
        conflicting=totals.rows_with[Kind.CONFLICT],
        warned=totals.rows_with[Kind.WARNING],
    )
    return advance_import(job, counts, [Line(*problem) for problem in problems_of(outcome)])
