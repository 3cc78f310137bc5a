"""Which user may see which patient: the one truth about grants."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from records.models.base import Record
from records.models.people import Patient


class GrantTemplate(models.TextChoices):
    """What a grant allows."""

    SELF = "self", "Self"
    GUARDIAN = "guardian", "Parent or guardian"
    CARER = "carer", "Carer"
    RELATIVE = "relative", "Relative"


class PatientGrant(Record):
    """A user may see, and by template manage, one patient's record until it expires."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="patient_grants"
    )
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="grants")
    template = models.CharField(max_length=8, choices=GrantTemplate)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: does not expire.")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        permissions = (
            ("view_own_record", "Can see the records granted to them"),
            ("change_own_contact", "Can change contact data of records granted to them"),
        )
        constraints = (
            models.UniqueConstraint(fields=["user", "patient"], name="patient_grant_once"),
        )

    def __str__(self) -> str:
        """Show who may see whom, and as what."""
        return f"{self.user} → {self.patient} ({self.get_template_display()})"
