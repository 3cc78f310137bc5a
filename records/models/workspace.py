"""The working day of a clinic: who waits, and what is asked before a dose."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from records.models.base import Record, Retirable
from records.models.doses import Dose
from records.models.people import Patient
from records.models.sites import Clinic


class CheckInState(models.TextChoices):
    """How far a visit has come."""

    WAITING = "waiting", _("Waiting")
    IN_PROGRESS = "in-progress", _("In progress")
    DONE = "done", _("Done")
    LEFT = "left", _("Left")


OPEN = (CheckInState.WAITING, CheckInState.IN_PROGRESS)


class CheckIn(Record):
    """A patient who came to a clinic on a day; a visit that is over may be followed by another.

    ``live_day`` is the day while the visit is open and NULL afterwards, so that a unique key lets
    a patient wait only once. ``served_by`` has taken the patient, also after the visit.
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="check_ins")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="check_ins")
    day = models.DateField(help_text="By the clinic's calendar.")
    arrived_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(
        max_length=11, choices=CheckInState, default=CheckInState.WAITING, editable=False
    )
    served_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    live_day = models.GeneratedField(
        expression=Case(When(state__in=OPEN, then=F("day"))),
        output_field=models.DateField(null=True),
        db_persist=True,
    )

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        verbose_name = "check-in"
        default_permissions = ("view", "add", "change")
        indexes = (models.Index(fields=["clinic", "live_day"], name="check_in_by_queue"),)
        constraints = (
            models.UniqueConstraint(
                fields=["patient", "clinic", "live_day"], name="check_in_open_once"
            ),
            models.CheckConstraint(
                condition=Q(state=CheckInState.WAITING, served_by__isnull=True)
                | Q(state=CheckInState.IN_PROGRESS, served_by__isnull=False)
                | Q(state__in=(CheckInState.DONE, CheckInState.LEFT)),
                name="check_in_in_progress_is_served",
                violation_error_message=_(
                    "Somebody serves who is in progress, and nobody who waits."
                ),
            ),
        )

    def __str__(self) -> str:
        """Show who came when."""
        return gettext("%(what)s on %(day)s") % {"what": self.patient, "day": self.day}


class Attention(models.TextChoices):
    """Which answer to a question needs a second look."""

    YES = "yes", _("Yes")
    NO = "no", _("No")


class ScreeningQuestion(Retirable, Record):
    """What the site asks before each dose; a question out of use is retired."""

    text = models.CharField("question", max_length=200)
    help_text = models.CharField(max_length=300, blank=True)
    attention = models.CharField(
        "answer that needs attention", max_length=3, choices=Attention, default=Attention.YES
    )
    note = models.CharField(
        max_length=500, help_text="What to consider then; shown to whoever records the dose."
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Small numbers come first.")

    class Meta:
        ordering = ("position", "id")
        default_permissions = ("view", "add", "change")
        permissions = (("retire_screeningquestion", "Can retire screening question"),)

    def __str__(self) -> str:
        """Show the question."""
        return self.text


class ScreeningAnswer(models.Model):
    """What was answered before a dose, to the question as it was worded in that version."""

    dose = models.ForeignKey(Dose, models.PROTECT, related_name="screening")
    question = models.ForeignKey(ScreeningQuestion, models.PROTECT, related_name="answers")
    question_version = models.PositiveIntegerField()
    answer = models.CharField(max_length=3, choices=Attention)

    class Meta:
        ordering = ("dose", "question")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=["dose", "question"], name="screening_answer_once"),
        )

    def __str__(self) -> str:
        """Show the answer with its question."""
        return f"{self.question} {self.get_answer_display()}"
