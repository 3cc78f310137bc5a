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
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        db_index=False,  # audit_by_actor begins with it
    )
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
            models.Index(fields=["actor", "action", "at"], name="audit_by_actor"),
            models.Index(fields=["at"], name="audit_by_time"),
        )

    def __str__(self) -> str:
        """Show the act."""
        return f"{self.action} by {self.actor_id} at {self.at:%Y-%m-%d %H:%M:%S}"


class AuditSeal(models.Model):
    """A checkpoint over the audit entries with ids in ``(after_id, to_id]``.

    ``leaves`` holds the id and a keyed digest of every entry, so that a change is found to the
    row; ``digest`` covers them and the seal before this one.
    """

    number = models.PositiveBigIntegerField(unique=True, help_text="1, 2, 3 … without a gap.")
    sealed_at = models.DateTimeField(default=timezone.now)
    after_id = models.PositiveBigIntegerField()
    to_id = models.PositiveBigIntegerField()
    entries = models.PositiveIntegerField(help_text="How many there were.")
    leaves = models.BinaryField()
    key_id = CodeField(max_length=16, help_text="Which key signed it.")
    digest = CodeField(max_length=64)

    class Meta:
        ordering = ("number",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        """Show what it covers."""
        return f"Seal {self.number}: entries {self.after_id + 1} to {self.to_id}"
