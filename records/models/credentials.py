"""What VaxPass has signed for patients, and what patients share by a link."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from records.models.base import Record
from records.models.doses import Dose
from records.models.fields import CodeField
from records.models.people import Patient


class CredentialFormat(models.TextChoices):
    """How a credential is written (``codecs.credentials.Format``)."""

    SHC = "shc", _("SMART Health Card")
    DCC = "dcc", _("EU certificate")


class RevocationCause(models.TextChoices):
    """Why a credential does not count any more."""

    DOSE_VOIDED = "dose-voided", _("A dose was voided")
    DOSE_AMENDED = "dose-amended", _("A dose was corrected")
    DOSE_MOVED = "dose-moved", _("Records were merged or parted")
    PATIENT_CORRECTED = "patient-corrected", _("The patient's data were corrected")
    KEY_COMPROMISED = "key-compromised", _("The signing key is not safe any more")
    WITHDRAWN = "withdrawn", _("Withdrawn by hand")


class Credential(Record):
    """A signed statement of doses, as it was issued.

    ``identifier`` is the card's ``rid`` or the certificate's UVCI: by it, and never by its text
    or signature, a credential is found and revoked. ``content`` is the signed text, encrypted
    with the first of ``settings.CREDENTIAL_KEYS``.
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="credentials")
    format = models.CharField(max_length=3, choices=CredentialFormat)
    kid = CodeField("key", max_length=64, help_text="Which key signed it.")
    identifier = CodeField(max_length=80)
    content = models.BinaryField(editable=False)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revocation_cause = models.CharField(
        max_length=17, choices=RevocationCause, blank=True, editable=False
    )

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions = (
            ("issue_credential", "Can issue credentials of patients"),
            ("revoke_credential", "Can revoke credentials of patients"),
        )
        # The lists of revocations are counted and read from it alone.
        indexes = (
            models.Index(
                fields=["kid", "format", "revoked_at", "identifier"],
                name="credential_by_revocation",
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["kid", "identifier"], name="credential_once"),
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, revocation_cause="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revocation_cause="")),
                name="credential_revocation_has_time_and_cause",
            ),
        )

    def __str__(self) -> str:
        """Show the format and whose it is."""
        words = {"what": self.get_format_display(), "patient": self.patient}
        return gettext("%(what)s of %(patient)s") % words


class CredentialDose(models.Model):
    """A credential states this dose; a certificate also which one of its series it is."""

    credential = models.ForeignKey(Credential, models.PROTECT, related_name="stated")
    dose = models.ForeignKey(Dose, models.PROTECT, related_name="stated_by")
    position = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="As stated; empty in a card, which states none."
    )

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=["credential", "dose"], name="credential_dose_once"),
        )

    def __str__(self) -> str:
        """Show both."""
        return f"{self.dose} in {self.credential}"


class ShareLink(Record):
    """A SMART Health Link: whoever has it, and its passcode, reads the patient's passport.

    Only a keyed digest of the address's token is searched; ``secret`` holds token and file key,
    encrypted with the first of ``settings.CREDENTIAL_KEYS``, so that its owner can see the link
    again. ``tries_left`` counts down over the link's whole life (SMART Health Links, manifest).
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="share_links")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    label = models.CharField(max_length=80, blank=True, help_text="For whom or what it is.")
    digest = CodeField(max_length=64, unique=True, editable=False)
    secret = models.BinaryField(editable=False)
    passcode = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed.")
    tries_left = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    views_allowed = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: any.")
    views = models.PositiveIntegerField(default=0, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        """Show what its owner called it."""
        return self.label or f"Link of {self.created_at:%Y-%m-%d}"


class ShareView(models.Model):
    """Somebody opened a link: when, and who they said they were."""

    link = models.ForeignKey(ShareLink, models.PROTECT, related_name="opened")
    at = models.DateTimeField(default=timezone.now)
    recipient = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-id",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        """Show who and when."""
        return f"{self.recipient} at {self.at:%Y-%m-%d %H:%M:%S}"
