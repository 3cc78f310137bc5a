"""Imports of files as jobs: taken by the API, done by ``manage.py run_imports``."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models.fields import CodeField


class ImportState(models.TextChoices):
    """How far an import is; the last three are its ends."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ImportJob(models.Model):
    """A file to be imported, how far the import is, and what became of the rows.

    The counts are written in the transaction of the rows that they count. ``worker`` names who
    works on it now and changes with every claim, so that a worker that was given up and wakes
    again writes nothing more.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1, help_text="Counts every change; the ETag.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=200, help_text="Of the file, as its sender calls it.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    allow_similar = models.BooleanField(
        default=False, help_text="Register patients who have the names and birth date of another."
    )
    kind = CodeField(max_length=10, blank=True, help_text="Told by the file's header.")
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.QUEUED)
    rows = models.PositiveIntegerField(null=True, help_text="In the file; counted at the start.")
    rows_read = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0, help_text="On record already.")
    refused = models.PositiveIntegerField(default=0)
    conflicting = models.PositiveIntegerField(
        default=0, help_text="On record with something else; nothing was overwritten."
    )
    warned = models.PositiveIntegerField(default=0, help_text="Written; a person should look.")
    error = models.CharField(max_length=500, blank=True, help_text="Why it failed.")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    worker = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True, help_text="Last sign of life of the worker.")

    class Meta:
        ordering = ("id",)
        default_permissions = ()
        indexes = (models.Index(fields=["state", "id"], name="import_by_state"),)

    def __str__(self) -> str:
        """Show the file and how far it is."""
        return f"{self.name}: {self.state}"


class ImportChunk(models.Model):
    """A piece of a file that waits for its import; gone once that has ended.

    In the database, so that the worker may run on another machine than the one that took the
    file, and so that a backup holds a job as a whole.
    """

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField(help_text="0, 1, 2 …")
    data = models.BinaryField()

    class Meta:
        ordering = ("job", "number")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["job", "number"], name="import_chunk_once"),)

    def __str__(self) -> str:
        """Show the place in the file."""
        return f"chunk {self.number} of import {self.job_id}"


class ImportProblem(models.Model):
    """One line of an import's report: where, how grave, and which rule."""

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="problems", db_index=False)
    row = models.PositiveIntegerField(help_text="As a spreadsheet counts: the header is row 1.")
    column = CodeField(max_length=40, blank=True)
    kind = CodeField(max_length=10, help_text="refused, conflict or warning")
    code = CodeField(max_length=60)
    message = models.TextField()

    class Meta:
        ordering = ("id",)
        default_permissions = ()
        indexes = (models.Index(fields=["job", "id"], name="import_problems"),)

    def __str__(self) -> str:
        """Show the row and the rule."""
        return f"row {self.row}: {self.code}"
