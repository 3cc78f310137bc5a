"""One administration of a vaccine to one patient: HL7 FHIR's Immunization."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from records.models.base import Record, none_or_both
from records.models.constraints import CompositeForeignKey
from records.models.fields import CodeField
from records.models.people import Patient, Volunteer
from records.models.sites import Clinic
from records.models.supply import Lot, Manufacturer, Vaccine


class DoseStatus(models.TextChoices):
    """HL7 FHIR R4 immunization-status."""

    COMPLETED = "completed", _("Completed")
    ENTERED_IN_ERROR = "entered-in-error", _("Entered in error")
    NOT_DONE = "not-done", _("Not done")


class Site(models.TextChoices):
    """Where on the body, from HL7 v3 ActSite (CDC IIS table 0163)."""

    LEFT_ARM = "LA", _("Left arm")
    RIGHT_ARM = "RA", _("Right arm")
    LEFT_DELTOID = "LD", _("Left deltoid")
    RIGHT_DELTOID = "RD", _("Right deltoid")
    LEFT_THIGH = "LT", _("Left thigh")
    RIGHT_THIGH = "RT", _("Right thigh")
    LEFT_VASTUS = "LVL", _("Left vastus lateralis")
    RIGHT_VASTUS = "RVL", _("Right vastus lateralis")
    LEFT_GLUTEUS = "LG", _("Left gluteus medius")
    RIGHT_GLUTEUS = "RG", _("Right gluteus medius")
    LEFT_FOREARM = "LLFA", _("Left lower forearm")
    RIGHT_FOREARM = "RLFA", _("Right lower forearm")


class Route(models.TextChoices):
    """How it was given, from HL7 v3 RouteOfAdministration."""

    INTRAMUSCULAR = "IM", _("Intramuscular")
    SUBCUTANEOUS = "SC", _("Subcutaneous")
    INTRADERMAL = "IDINJ", _("Intradermal")
    NASAL = "NASINHLC", _("Nasal")
    ORAL = "PO", _("Oral")
    PERCUTANEOUS = "TRNSDERM", _("Percutaneous")


class Dose(Record):
    """One administration to one patient; voided, never deleted.

    (manufacturer, lot_number) refers to the lot: a surrogate lot id beside the manufacturer
    would break BCNF. Always assign ``lot=``, never the two columns. ``dose_number`` is a running
    number per patient and manufacturer, a key and nothing more; people see the series position.
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="doses")
    manufacturer = models.ForeignKey(
        Manufacturer, models.PROTECT, null=True, blank=True, related_name="doses"
    )
    lot_number = CodeField(max_length=40, null=True, blank=True)
    lot = models.ForeignObject(
        Lot,
        models.PROTECT,
        from_fields=("manufacturer", "lot_number"),
        to_fields=("manufacturer", "number"),
        null=True,
        blank=True,
        related_name="doses",
    )
    vaccine = models.ForeignKey(
        Vaccine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="doses_without_lot",
        help_text="Only where the lot is unknown.",
    )
    dose_number = models.PositiveIntegerField(null=True, blank=True)
    administered_on = models.DateField()
    volunteer = models.ForeignKey(
        Volunteer, models.PROTECT, null=True, blank=True, related_name="doses"
    )
    clinic = models.ForeignKey(Clinic, models.PROTECT, null=True, blank=True, related_name="doses")
    site = models.CharField(max_length=5, choices=Site, blank=True)
    route = models.CharField(max_length=10, choices=Route, blank=True)
    status = models.CharField(max_length=16, choices=DoseStatus, default=DoseStatus.COMPLETED)
    status_reason = models.CharField(max_length=500, blank=True)
    primary_source = models.BooleanField(
        default=True, help_text="Recorded by who gave it; cleared for a paper card."
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    external_source = CodeField(max_length=60, null=True, blank=True)
    external_id = CodeField(max_length=100, null=True, blank=True)
    live_dose_number = models.GeneratedField(
        expression=Case(When(status=DoseStatus.COMPLETED, then=F("dose_number"))),
        output_field=models.PositiveIntegerField(null=True),
        db_persist=True,
    )

    history_owner: ClassVar[str] = "patient"

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["patient", "administered_on"], name="dose_by_patient"),
            models.Index(fields=["manufacturer", "lot_number"], name="dose_by_lot"),
            models.Index(fields=["administered_on"], name="dose_by_day"),
        )
        permissions = (
            ("void_dose", "Can void dose"),
            ("import_records", "Can import record files"),
            ("view_supply_figures", "Can see how many doses were given of which lot"),
            ("view_coverage_figures", "Can see de-identified figures of doses given"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["patient", "manufacturer", "live_dose_number"], name="dose_number_once"
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"], name="dose_external_id_once"
            ),
            CompositeForeignKey(
                fields=("manufacturer", "lot_number"),
                to="records.Lot",
                to_fields=("manufacturer", "number"),
                name="dose_lot_fk",
                violation_error_message=_("This manufacturer has no such lot."),
            ),
            models.CheckConstraint(
                condition=Q(lot_number__isnull=False, vaccine__isnull=True)
                | Q(lot_number__isnull=True, vaccine__isnull=False),
                name="dose_lot_or_vaccine",
                violation_error_message=_("A dose names a lot, or a vaccine where it is unknown."),
            ),
            models.CheckConstraint(
                condition=Q(lot_number__isnull=True) | Q(manufacturer__isnull=False),
                name="dose_lot_has_manufacturer",
                violation_error_message=_("A lot number needs its manufacturer."),
            ),
            models.CheckConstraint(
                condition=~Q(status=DoseStatus.COMPLETED)
                | none_or_both("manufacturer", "dose_number"),
                name="dose_completed_has_number",
                violation_error_message=_("A completed dose of a manufacturer has a number."),
            ),
            models.CheckConstraint(
                condition=Q(dose_number__isnull=True) | Q(dose_number__gte=1),
                name="dose_number_from_one",
                violation_error_message=_("Dose numbers start at 1."),
            ),
            models.CheckConstraint(
                condition=~Q(status=DoseStatus.COMPLETED, primary_source=True)
                | Q(
                    lot_number__isnull=False,
                    volunteer__isnull=False,
                    clinic__isnull=False,
                ),
                name="dose_given_here_is_complete",
                violation_error_message=_("A dose given here names lot, volunteer and clinic."),
            ),
            models.CheckConstraint(
                condition=Q(status=DoseStatus.COMPLETED, status_reason="")
                | (~Q(status=DoseStatus.COMPLETED) & ~Q(status_reason="")),
                name="dose_status_has_reason",
                violation_error_message=_("Anything but a completed dose has a reason."),
            ),
            models.CheckConstraint(
                condition=none_or_both("external_source", "external_id"),
                name="dose_external_id_has_source",
                violation_error_message=_("An external id needs its source."),
            ),
        )

    def __str__(self) -> str:
        """Show what and when, without the patient."""
        words = {"what": self.given_vaccine, "day": self.administered_on}
        return gettext("%(what)s on %(day)s") % words

    @property
    def given_vaccine_id(self) -> int | None:
        """Return the key of the vaccine, through the lot where one is known."""
        return self.lot.vaccine_id if self.lot is not None else self.vaccine_id

    @property
    def given_vaccine(self) -> Vaccine:
        """Return the vaccine, through the lot where one is known."""
        vaccine = self.lot.vaccine if self.lot is not None else self.vaccine
        assert vaccine is not None, "a dose names a lot or a vaccine"
        return vaccine
