"""Patients, volunteers, and how both belong to clinics."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from records.models.base import Address, Record, furthest_today, period_check
from records.models.fields import CodeField, SearchKeyField
from records.models.sites import Clinic

OLDEST = 120  # years


class Gender(models.TextChoices):
    """HL7 FHIR R4 administrative-gender."""

    FEMALE = "female", gettext_lazy("Female")
    MALE = "male", gettext_lazy("Male")
    OTHER = "other", gettext_lazy("Other")
    UNKNOWN = "unknown", gettext_lazy("Unknown")


class Patient(Address, Record):
    """A person with a vaccination record; may have no login."""

    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    date_of_birth = models.DateField()
    gender = models.CharField(max_length=7, choices=Gender, default=Gender.UNKNOWN)
    email = models.EmailField("e-mail address", blank=True)
    phone = models.CharField(max_length=32, blank=True)
    identity_confirmed_on = models.DateField(null=True, blank=True, editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged_from"
    )
    last_name_key = SearchKeyField(source="last_name", max_length=100)
    first_name_key = SearchKeyField(source="first_name", max_length=100)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["last_name_key", "first_name_key", "id"], name="patient_by_name"),
            models.Index(
                fields=["date_of_birth", "last_name_key", "id"], name="patient_by_birth_date"
            ),
        )
        permissions = (
            ("see_every_patient", "Can see every patient, enrolled anywhere"),
            ("merge_patient", "Can merge and unmerge patients"),
            # As roles: the portal is open. On one patient, as rows of PatientPermission: which.
            ("view_own_record", "Can see the records granted to them"),
            ("change_own_contact", "Can change contact data of records granted to them"),
            ("share_own_record", "Can share the records granted to them"),
            ("register_own_record", "Can create their own record"),
            ("claim_record", "Can claim a record with a code from a clinic"),
        )

    def __str__(self) -> str:
        """Show the full name."""
        return f"{self.first_name} {self.last_name}"

    def clean(self) -> None:
        """Refuse a birth in the future, and for a new record one before living memory."""
        born = self.date_of_birth
        if isinstance(born, dt.date) and born > furthest_today():
            raise ValidationError({"date_of_birth": _("The birth date is in the future.")})
        if self._state.adding:
            self.check_lifetime()

    def check_lifetime(self) -> None:
        """Refuse a birth of more than ``OLDEST`` years ago.

        Only where a birth date is written: a record may grow older than any person.
        """
        born, first = self.date_of_birth, furthest_today().year - OLDEST
        if isinstance(born, dt.date) and born.year < first:
            message = _("Nobody is that old: the year of birth is %(first)d or later.")
            raise ValidationError({"date_of_birth": message % {"first": first}})


class PatientIdentifier(Record):
    """A number that another system gave the patient, e.g. a national or insurance number."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="identifiers")
    system = CodeField(max_length=100, help_text="Who issued it, as a URI or short name.")
    value = CodeField(max_length=100)

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("system", "value")
        constraints = (
            models.UniqueConstraint(fields=["system", "value"], name="patient_identifier_once"),
        )

    def __str__(self) -> str:
        """Show the number with its issuer."""
        return f"{self.system}: {self.value}"


class Enrolment(Record):
    """A patient belongs to a clinic for a while."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="enrolments")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="enrolments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day; empty: open.")

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["patient", "clinic", "starts_on"], name="enrolment_once"
            ),
            period_check("enrolment_ends_after_start"),
        )

    def __str__(self) -> str:
        """Show who belongs where."""
        return _("%(person)s at %(clinic)s") % {"person": self.patient, "clinic": self.clinic}


class Volunteer(Record):
    """Who administers doses; works at clinics through assignments."""

    code = CodeField("badge", max_length=32, unique=True)
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="volunteer",
    )

    class Meta:
        ordering = ("code",)
        permissions = (("link_volunteer", "Can link volunteer to an account"),)

    def __str__(self) -> str:
        """Show the full name."""
        return f"{self.first_name} {self.last_name}"

    def clean(self) -> None:
        """Refuse a birth year that nobody alive can have."""
        now = timezone.localdate().year
        if isinstance(self.birth_year, int) and not now - OLDEST <= self.birth_year <= now:
            raise ValidationError(
                {
                    "birth_year": _("A year from %(value)s to %(now)s.")
                    % {"value": now - OLDEST, "now": now}
                }
            )


class Assignment(Record):
    """A volunteer works at a clinic for a while."""

    volunteer = models.ForeignKey(Volunteer, models.PROTECT, related_name="assignments")
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="assignments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="Last day; empty: open.")

    history_owner: ClassVar[str] = "volunteer"

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["volunteer", "clinic", "starts_on"], name="assignment_once"
            ),
            period_check("assignment_ends_after_start"),
        )

    def __str__(self) -> str:
        """Show who works where."""
        return _("%(person)s at %(clinic)s") % {"person": self.volunteer, "clinic": self.clinic}


class PatientMerge(Record):
    """Two records turned out to be one person; keeps what undoing it needs."""

    survivor = models.ForeignKey(Patient, models.PROTECT, related_name="merges_received")
    duplicate = models.ForeignKey(Patient, models.PROTECT, related_name="merges")
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    history_owner: ClassVar[str] = "survivor"

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(survivor=models.F("duplicate")),
                name="merge_joins_two_patients",
            ),
        )

    def __str__(self) -> str:
        """Show which record went into which."""
        return f"{self.duplicate} → {self.survivor}"


class ProposalOutcome(models.TextChoices):
    """What became of a proposal."""

    OPEN = "open", pgettext_lazy("proposal", "Open")
    ACCEPTED = "accepted", gettext_lazy("Accepted")
    DECLINED = "declined", gettext_lazy("Declined")


class MergeProposal(Record):
    """Somebody at a clinic thinks that two records are one person's; a keeper of records decides.

    ``live_outcome`` is NULL once it is decided, so that a unique key lets a pair be proposed
    again.
    """

    patient = models.ForeignKey(
        Patient, models.PROTECT, related_name="merge_proposals", help_text="The one that would go."
    )
    survivor = models.ForeignKey(
        Patient,
        models.PROTECT,
        related_name="merge_proposals_received",
        help_text="The one that would stay.",
    )
    reason = models.CharField(max_length=500)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+"
    )
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    outcome = models.CharField(
        max_length=8, choices=ProposalOutcome, default=ProposalOutcome.OPEN, editable=False
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    live_outcome = models.GeneratedField(
        expression=models.Case(models.When(outcome="open", then=models.F("outcome"))),
        output_field=models.CharField(max_length=8, null=True),
        db_persist=True,
    )

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        default_permissions = ("view", "add", "change")
        indexes = (models.Index(fields=["live_outcome", "id"], name="merge_proposal_open"),)
        constraints = (
            models.UniqueConstraint(
                fields=["patient", "survivor", "live_outcome"], name="merge_proposal_open_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(survivor=models.F("patient")),
                name="merge_proposal_names_two_patients",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="open", decided_by__isnull=True, decided_at__isnull=True)
                | (
                    ~models.Q(outcome="open")
                    & models.Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="merge_proposal_is_decided_by_somebody",
            ),
        )

    def __str__(self) -> str:
        """Show which record would go into which."""
        return f"{self.patient} → {self.survivor}"


class MergedDose(models.Model):
    """Where a dose stood before a merge moved it: its old patient and number."""

    merge = models.ForeignKey(PatientMerge, models.PROTECT, related_name="doses")
    dose = models.ForeignKey("records.Dose", models.PROTECT, related_name="merged")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    dose_number = models.PositiveIntegerField(null=True)

    class Meta:
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=["merge", "dose"], name="merged_dose_once"),)

    def __str__(self) -> str:
        """Show the old place."""
        return f"{self.dose} of {self.patient}"


class MergedEnrolment(models.Model):
    """An enrolment that a merge moved with the patient."""

    merge = models.ForeignKey(PatientMerge, models.PROTECT, related_name="enrolments")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="merged")

    class Meta:
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=["merge", "enrolment"], name="merged_enrolment_once"),
        )

    def __str__(self) -> str:
        """Show the enrolment."""
        return str(self.enrolment)
