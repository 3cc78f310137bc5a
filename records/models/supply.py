"""What is given: manufacturers, vaccines, their targets, EU products and lots."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from records.models.base import Address, Effective, Record, Retirable
from records.models.fields import CodeField


class Manufacturer(Address, Retirable, Effective, Record):
    """A company that makes vaccines, MVX-coded where the CDC has a code."""

    name = models.CharField(max_length=200)
    mvx_code = CodeField("MVX code", max_length=10, unique=True, null=True, blank=True)

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=["name", "id"], name="manufacturer_by_name"),)
        permissions = (("retire_manufacturer", "Can retire manufacturer"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(mvx_code=""), name="manufacturer_mvx_code_not_empty"
            ),
        )

    def __str__(self) -> str:
        """Show the company's name."""
        return self.name


class Vaccine(Retirable, Effective, Record):
    """A vaccine type of the CDC's CVX list; the schedule is the site's own entry."""

    cvx_code = CodeField("CVX code", max_length=10, unique=True)
    short_name = models.CharField(max_length=200)
    full_name = models.CharField(max_length=500, blank=True)
    doses_in_series = models.PositiveSmallIntegerField(null=True, blank=True)
    min_interval_days = models.PositiveSmallIntegerField(
        "minimum interval (days)", null=True, blank=True
    )
    min_age_months = models.PositiveSmallIntegerField(
        "minimum age (months)", null=True, blank=True, help_text=_("From this age on.")
    )
    max_age_months = models.PositiveSmallIntegerField(
        "maximum age (months)", null=True, blank=True, help_text=_("Below this age only.")
    )

    class Meta:
        ordering = ("cvx_code",)
        permissions = (("retire_vaccine", "Can retire vaccine"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(doses_in_series__isnull=True) | Q(doses_in_series__gte=1),
                name="vaccine_series_has_a_dose",
                violation_error_message=_("A series has at least one dose."),
            ),
            models.CheckConstraint(
                condition=Q(min_age_months__isnull=True)
                | Q(max_age_months__isnull=True)
                | Q(max_age_months__gt=F("min_age_months")),
                name="vaccine_ages_are_a_range",
                violation_error_message=_("The maximum age is above the minimum age."),
            ),
        )

    def __str__(self) -> str:
        """Show the short name with its code."""
        return f"{self.short_name} (CVX {self.cvx_code})"


class VaccineTarget(Record):
    """A vaccine protects against a disease (SNOMED CT); the pair is the whole fact."""

    vaccine = models.ForeignKey(Vaccine, models.PROTECT, related_name="targets")
    disease = CodeField("disease (SNOMED CT)", max_length=18)

    history_owner: ClassVar[str] = "vaccine"

    class Meta:
        ordering = ("vaccine", "disease")
        constraints = (
            models.UniqueConstraint(fields=["vaccine", "disease"], name="vaccine_target_once"),
        )

    def __str__(self) -> str:
        """Show the pair."""
        return f"{self.vaccine} → {self.disease}"


class EuProduct(Record):
    """A medicinal product of the EU value sets, as the EU certificate names it."""

    code = CodeField(max_length=40, unique=True)
    name = models.CharField(max_length=150)
    org_code = CodeField("marketing authorisation holder", max_length=80)
    prophylaxis_code = CodeField(max_length=20)

    class Meta:
        ordering = ("name", "id")
        verbose_name = "EU product"

    def __str__(self) -> str:
        """Show the trade name with its code."""
        return f"{self.name} ({self.code})"


class Lot(Record):
    """One manufacturer's batch of one vaccine; the number is unique only within the maker."""

    manufacturer = models.ForeignKey(Manufacturer, models.PROTECT, related_name="lots")
    number = CodeField(max_length=40)
    vaccine = models.ForeignKey(Vaccine, models.PROTECT, related_name="lots")
    expires_on = models.DateField(null=True, blank=True, help_text="Last day of use.")
    eu_product = models.ForeignKey(
        EuProduct,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lots",
        verbose_name="EU product",
    )
    recalled_on = models.DateField(
        null=True, blank=True, editable=False, help_text="No dose on or after this day."
    )
    recall_reason = models.CharField(max_length=500, blank=True, editable=False)

    history_owner: ClassVar[str] = "manufacturer"

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["expires_on"], name="lot_by_expiry"),)
        permissions = (
            ("recall_lot", "Can recall lot"),
            ("renumber_lot", "Can renumber lot"),
        )
        constraints = (
            models.UniqueConstraint(fields=["manufacturer", "number"], name="lot_number_once"),
            models.CheckConstraint(condition=~Q(number=""), name="lot_number_not_empty"),
            models.CheckConstraint(
                condition=Q(recalled_on__isnull=True, recall_reason="")
                | (Q(recalled_on__isnull=False) & ~Q(recall_reason="")),
                name="lot_recall_has_day_and_reason",
                violation_error_message=_("A recall has a day and a reason."),
            ),
        )

    def __str__(self) -> str:
        """Show the number as it stands on the vial."""
        return self.number
