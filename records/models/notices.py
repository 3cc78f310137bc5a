"""Notices to whom a recall concerns, as a queue: sent by ``manage.py send_notices``."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models.people import Patient
from records.models.supply import Lot


class NoticeState(models.TextChoices):
    """What became of a notice."""

    QUEUED = "queued", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")
    NO_ADDRESS = "no-address", _("Without an address")
    DROPPED = "dropped", _("Not needed any more")


class RecallMailing(models.Model):
    """What those who own supply say to all whom the recall of a lot concerns."""

    lot = models.OneToOneField(Lot, models.PROTECT, related_name="mailing")
    message = models.TextField(blank=True, help_text="Stands in every notice.")
    queued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    queued_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        permissions = (("send_recall_notices", "Can send recall notices without seeing names"),)

    def __str__(self) -> str:
        """Show which lot it is about."""
        return f"recall of {self.lot_id}"


class Notice(models.Model):
    """One patient's notice of a mailing; whose address it goes to is asked when it is sent.

    ``tries`` counts the claims of workers, and so tells one claim from the next.
    """

    mailing = models.ForeignKey(
        RecallMailing, models.PROTECT, related_name="notices", db_index=False
    )
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="notices")
    state = models.CharField(max_length=10, choices=NoticeState, default=NoticeState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = (
            models.Index(fields=["state", "next_try_at"], name="notice_due"),
            models.Index(fields=["mailing", "state"], name="notice_by_state"),
        )
        constraints = (
            models.UniqueConstraint(fields=["mailing", "patient"], name="notice_once"),
            models.CheckConstraint(
                condition=Q(state=NoticeState.SENT, sent_at__isnull=False)
                | (~Q(state=NoticeState.SENT) & Q(sent_at__isnull=True)),
                name="notice_sent_has_moment",
            ),
        )

    def __str__(self) -> str:
        """Show how far it is, never to whom it goes."""
        return f"notice {self.pk}: {self.state}"
