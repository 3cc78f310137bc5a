"""What was answered to a request that may be sent again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from records.models.fields import CodeField


class IdempotencyKey(models.Model):
    """One request of one actor, by the key that its sender chose, and what it led to.

    Nothing of the request is kept but a keyed digest, nothing of the answer but which version of
    which record it was; ``answer`` is for what no record can tell, the verdicts of a bulk.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        db_index=False,  # the unique key begins with it
    )
    route = CodeField(max_length=200, help_text="Method and path.")
    key = CodeField(max_length=100)
    fingerprint = CodeField(max_length=64, help_text="Keyed digest of the request's body.")
    subject_type = CodeField(max_length=40, blank=True)
    subject_id = models.UUIDField(null=True, help_text="public_id of the record.")
    subject_version = models.PositiveIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["actor", "route", "key"], name="idempotency_once"),
        )
        indexes = (models.Index(fields=["created_at"], name="idempotency_by_age"),)

    def __str__(self) -> str:
        """Show the request."""
        return f"{self.key} of {self.route}"
