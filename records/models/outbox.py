"""Events for other systems, written in the transaction that they tell of."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from records.models.fields import CodeField


class OutboxEvent(models.Model):
    """Something happened to one record. Carries no personal data: readers fetch what they may.

    Ids are not commit order; a relay claims rows with ``published_at`` empty.
    """

    event_id = models.UUIDField(default=uuid.uuid4, unique=True)
    type = CodeField(max_length=60, help_text="subject.verb, e.g. dose.recorded")
    schema_version = models.PositiveSmallIntegerField(default=1)
    aggregate_type = CodeField(max_length=40)
    aggregate_id = models.UUIDField(help_text="public_id of the record.")
    aggregate_version = models.PositiveIntegerField()
    occurred_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        default_permissions = ("view",)
        indexes = (models.Index(fields=["published_at", "id"], name="outbox_unpublished"),)

    def __str__(self) -> str:
        """Show what happened to what."""
        return f"{self.type} {self.aggregate_id}"
