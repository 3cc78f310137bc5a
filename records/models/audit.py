"""Who did what to which record: names of fields, never their values."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from records.models.fields import CodeField
from records.models.people import Patient


class AuditEntry(models.Model):
    """One act. Written in the transaction of what it describes, never changed afterwards."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    action = CodeField(max_length=60, help_text="subject.verb, e.g. dose.recorded")
    # Outlives a deleted patient, so the database does not hold the reference.
    patient = models.ForeignKey(
        Patient,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="audit_entries",
        db_constraint=False,
        db_index=False,  # audit_by_patient begins with it
    )
    subject_type = CodeField(max_length=40)
    subject_id = models.UUIDField(help_text="public_id of what was acted on.")
    subject_version = models.PositiveIntegerField(null=True, blank=True)
    fields = models.JSONField(default=list, help_text="Names of the fields concerned.")
    channel = CodeField(max_length=10, help_text="web, admin, api or command")
    request_id = CodeField(max_length=36, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["patient", "id"], name="audit_by_patient"),
            models.Index(fields=["subject_id"], name="audit_by_subject"),
        )

    def __str__(self) -> str:
        """Show the act."""
        return f"{self.action} by {self.actor_id} at {self.at:%Y-%m-%d %H:%M:%S}"
