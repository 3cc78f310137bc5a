"""Where a bulk import puts doses for the database to judge; empty between imports."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from records.models.doses import DoseStatus
from records.models.fields import CodeField
from records.models.people import Patient, Volunteer
from records.models.sites import Clinic
from records.models.supply import Lot, Manufacturer, Vaccine


def _reference(to: type[models.Model], *, null: bool = True) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        to,
        models.DO_NOTHING,
        null=null,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )


class StagedDose(models.Model):
    """One parsed row of a file, its codes resolved to keys, under the column names of ``Dose``.

    ``given_vaccine`` is the vaccine in every case, ``vaccine`` only where no lot is known;
    ``today`` is the clinic's; the open interval ``interval_from`` to ``interval_to`` is where
    another dose would be too close. Rows live inside the import's transaction only.
    """

    run = models.UUIDField(db_index=True)
    row = models.PositiveIntegerField()
    public_id = models.UUIDField(default=uuid.uuid4)
    patient = _reference(Patient, null=False)
    manufacturer = _reference(Manufacturer)
    lot = _reference(Lot)
    lot_number = CodeField(max_length=40, null=True)
    vaccine = _reference(Vaccine)
    given_vaccine = _reference(Vaccine, null=False)
    dose_number = models.PositiveIntegerField(null=True)
    administered_on = models.DateField()
    interval_from = models.DateField(null=True)
    interval_to = models.DateField(null=True)
    today = models.DateField()
    volunteer = _reference(Volunteer)
    clinic = _reference(Clinic)
    site = models.CharField(max_length=5, blank=True)
    route = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=16, choices=DoseStatus)
    status_reason = models.CharField(max_length=500, blank=True)
    primary_source = models.BooleanField()
    external_source = CodeField(max_length=60, null=True)
    external_id = CodeField(max_length=100, null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        """Show the row's number in its file."""
        return f"row {self.row}"
