"""Imports as jobs: taken, claimed by a worker, told of as they go, cancelled.

A worker that dies leaves a job whose ``heartbeat_at`` grows old; another one claims it and goes
on after the last row that was committed together with its count. Rows are recognised by their
own keys too, so nothing is doubled whatever happens.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.context import channel, request_id
from records.models import AuditEntry, ImportChunk, ImportJob, ImportProblem, ImportState

GIVEN_UP = dt.timedelta(seconds=90)
"""Without a sign of life for so long, a worker counts as dead; a batch takes a few seconds."""

BATCH = 1000
OPEN = (ImportState.QUEUED, ImportState.RUNNING)


class ClaimLost(Exception):
    """Another worker has the job now; what this one has not committed is taken back."""


class Line(NamedTuple):
    """One line of a report: where, how grave (``imports.Kind``), and which rule."""

    row: int
    column: str
    kind: str
    code: str
    message: str


class Counts(NamedTuple):
    """What became of the rows of one batch; the last three count rows, not problems."""

    rows_read: int
    written: int
    unchanged: int
    refused: int
    conflicting: int
    warned: int


@unit.transactional
def queue_import(
    *, by: Any, name: str, chunks: Iterable[bytes], size: int, allow_similar: bool = False
) -> ImportJob:
    """Take a file for import and return its job; what it holds is read by the worker.

    ``chunks`` are the file in pieces that fit a packet of the database. Raises
    ``PermissionDenied``, and ``ValidationError`` for an empty file.
    """
    access.require(by, "import_records")
    if not size:
        raise ValidationError({"file": ValidationError(_("The file is empty."), code="empty")})
    job = ImportJob.objects.create(created_by=by, name=name, size=size, allow_similar=allow_similar)
    for number, data in enumerate(chunks):
        ImportChunk.objects.create(job=job, number=number, data=data)
    _note(job, by=by, action="import.queued")
    return job


@unit.transactional
def cancel_import(*, by: Any, job: ImportJob) -> ImportJob:
    """Stop an import and return its job; what is written stays.

    One that waits is cancelled at once, one that runs after the batch that it is at. Raises
    ``ValidationError`` for one that has ended.
    """
    access.require(by, "import_records", job)
    current = _locked(job)
    if current.state not in OPEN:
        raise ValidationError(
            _("This import has ended: it is %(state)s.") % {"state": current.state}, code="ended"
        )
    if current.cancel_asked_at is None:
        current.cancel_asked_at = timezone.now()
        if current.state == ImportState.QUEUED:
            _end(current, ImportState.CANCELLED)
        _save(current)
        _note(current, by=by, action="import.cancelled")
    return current


def claim_import() -> ImportJob | None:
    """Return the oldest job that nobody works on, now claimed under a new ``worker``."""
    # Looked at without a lock first: on SQLite that would be the only writer's.
    return _claim() if _free().exists() else None


@unit.transactional
def _claim() -> ImportJob | None:
    job = _free().select_for_update(skip_locked=True).first()
    if job is None:
        return None
    job.state, job.worker = ImportState.RUNNING, uuid.uuid4()
    job.heartbeat_at = timezone.now()
    job.started_at = job.started_at or job.heartbeat_at
    return _save(job)


@unit.transactional
def begin_import(job: ImportJob, *, kind: str, rows: int) -> ImportJob:
    """Note what the worker of a job found in its file; raise ``ClaimLost``."""
    current = _mine(job)
    current.kind, current.rows = kind, rows
    return _save(current)


@unit.transactional
def advance_import(job: ImportJob, counts: Counts, problems: Sequence[Line]) -> ImportJob:
    """Count a batch, within the transaction that wrote it; raise ``ClaimLost``."""
    current = _mine(job)
    for name, number in counts._asdict().items():
        setattr(current, name, getattr(current, name) + number)
    ImportProblem.objects.bulk_create(
        [ImportProblem(job=current, **line._asdict()) for line in problems], batch_size=BATCH
    )
    return _save(current)


@unit.transactional
def end_import(job: ImportJob, *, error: str = "") -> ImportJob:
    """End a job as finished, cancelled if somebody asked, or failed; drop its file.

    Raises ``ClaimLost``.
    """
    current = _mine(job)
    if error:
        _end(current, ImportState.FAILED)
        current.error = error[: ImportJob._meta.get_field("error").max_length]
    elif current.cancel_asked_at and current.rows_read != current.rows:
        _end(current, ImportState.CANCELLED)
    else:
        _end(current, ImportState.FINISHED)
    return _save(current)


def read_chunk(job: ImportJob, number: int) -> bytes:
    """Return a piece of a job's file; nothing after the last one."""
    chunks = ImportChunk.objects.filter(job=job, number=number)
    return bytes(chunks.values_list("data", flat=True).first() or b"")


def _note(job: ImportJob, *, by: Any, action: str) -> None:
    """Leave an audit entry; no event, for a job is no record of which others keep a copy."""
    AuditEntry.objects.create(
        actor=by,
        action=action,
        subject_type="importjob",
        subject_id=job.public_id,
        subject_version=job.version,
        channel=channel.get(),
        request_id=request_id.get(),
    )


def _free() -> QuerySet[ImportJob]:
    waiting = Q(state=ImportState.QUEUED)
    orphaned = Q(state=ImportState.RUNNING, heartbeat_at__lt=timezone.now() - GIVEN_UP)
    return ImportJob.objects.filter(waiting | orphaned).order_by("pk")


def _mine(job: ImportJob) -> ImportJob:
    current = _locked(job)
    if (current.state, current.worker) != (ImportState.RUNNING, job.worker):
        raise ClaimLost
    current.heartbeat_at = timezone.now()
    return current


def _locked(job: ImportJob) -> ImportJob:
    return ImportJob.objects.select_for_update().get(pk=job.pk)


def _end(job: ImportJob, state: ImportState) -> None:
    job.state, job.finished_at, job.worker = state, timezone.now(), None
    ImportChunk.objects.filter(job=job).delete()


def _save(job: ImportJob) -> ImportJob:
    job.version += 1
    job.save()
    return job
