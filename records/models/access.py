"""Which user may see which patient: grants, what hangs on them, and the codes that lead to them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from records.models.base import Record
from records.models.fields import CodeField
from records.models.people import Patient
from records.models.sites import Clinic


class GrantTemplate(models.TextChoices):
    """What a grant allows."""

    SELF = "self", _("Self")
    GUARDIAN = "guardian", _("Parent or guardian")
    CARER = "carer", _("Carer")
    RELATIVE = "relative", _("Relative")


# What each template lets its holder do: permissions of Patient, on the one patient of the grant.
RIGHTS: dict[str, tuple[str, ...]] = {
    GrantTemplate.SELF: ("view_own_record", "change_own_contact", "share_own_record"),
    GrantTemplate.GUARDIAN: ("view_own_record", "change_own_contact", "share_own_record"),
    GrantTemplate.CARER: ("view_own_record", "change_own_contact"),
    GrantTemplate.RELATIVE: ("view_own_record",),
}


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
        constraints = (
            models.UniqueConstraint(fields=["user", "patient"], name="patient_grant_once"),
        )

    def __str__(self) -> str:
        """Show who may see whom, and as what."""
        return f"{self.user} → {self.patient} ({self.get_template_display()})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the grant and make its permission rows those of its template."""
        super().save(*args, **kwargs)
        rows = PatientPermission.objects.filter(grant=self)
        rights = Permission.objects.filter(
            content_type__app_label=Patient._meta.app_label,
            content_type__model=Patient._meta.model_name,
            codename__in=RIGHTS[self.template],
        )
        wanted = set(rights.values_list("pk", flat=True))
        held = set(rows.values_list("permission_id", flat=True))
        if held - wanted:
            rows.filter(permission__in=held - wanted).delete()
        PatientPermission.objects.bulk_create(
            PatientPermission(
                user_id=self.user_id,
                content_object_id=self.patient_id,
                permission_id=key,
                grant=self,
            )
            for key in sorted(wanted - held)
        )


class PatientPermission(UserObjectPermissionBase):
    """One permission of one user on one patient (django-guardian, direct foreign key).

    Derived from the grant it hangs on: written and removed with it, valid as long as it.
    """

    content_object = models.ForeignKey(Patient, models.CASCADE, related_name="permissions")
    grant = models.ForeignKey(PatientGrant, models.CASCADE, related_name="permissions")

    class Meta(UserObjectPermissionBase.Meta):
        default_permissions = ()


class ClaimCode(Record):
    """A one-time code that a clinic printed for a patient; whoever enters it gets a grant.

    Only a keyed digest of the code is kept. ``tries`` counts wrong birth dates.
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="claim_codes")
    template = models.CharField(max_length=8, choices=GrantTemplate, default=GrantTemplate.SELF)
    digest = CodeField(max_length=64, unique=True, editable=False)
    clinic = models.ForeignKey(Clinic, models.PROTECT, null=True, related_name="+")
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    access_until = models.DateTimeField(
        null=True, blank=True, help_text="When the access that it gives ends; empty: never."
    )
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        """Show whose record it opens, never the code."""
        return f"{self.patient} ({self.get_template_display()})"
