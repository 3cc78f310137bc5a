"""Lots: receipt, corrections, renumbering and recall."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _

from records import access
from records.codecs.credentials import Format
from records.domain import bulk, unit
from records.domain.patients import need_day, need_reason
from records.domain.revocation import revoke_shifted, revoke_stating_any
from records.models import Dose, DoseStatus, EuProduct, Lot, Manufacturer, Patient, Vaccine
from records.models.base import furthest_today

AMENDABLE = frozenset({"vaccine", "expires_on", "eu_product"})
SCRATCH = "\u2192"  # cannot stand on a vial: see renumber_lot


@unit.transactional
def receive_lot(
    *,
    by: Any,
    manufacturer: Manufacturer,
    number: str,
    vaccine: Vaccine,
    expires_on: dt.date | None = None,
    eu_product: EuProduct | None = None,
) -> Lot:
    """Add a lot and return it; its number is unique within the manufacturer."""
    access.require(by, "add_lot", manufacturer, vaccine)
    lot = Lot(
        manufacturer=manufacturer,
        number=clean_number(number),
        vaccine=vaccine,
        **unit.coerce(Lot, {"expires_on": expires_on}),
        eu_product=eu_product,
    )
    return unit.create(lot, by=by, event="lot.received")


@unit.transactional
def amend_lot(*, by: Any, lot: Lot, version: int, reason: str, changes: Mapping[str, Any]) -> Lot:
    """Correct vaccine, expiry or EU product of a lot and return its next version."""
    access.require(by, "change_lot", lot)
    need_reason(reason)
    current = unit.lock(lot, version=version)
    fields = unit.apply(current, unit.known(Lot, changes, AMENDABLE))
    unit.update(current, fields, by=by, event="lot.amended", reason=reason)
    doses = affected_doses(current)
    if "vaccine" in fields:
        revoke_stating_any(by=by, doses=doses, reason=reason)
        revoke_shifted(by=by, patients=doses.values("patient"), reason=reason)
    elif "eu_product" in fields:
        revoke_stating_any(by=by, doses=doses, reason=reason, formats=[Format.DCC])
    return current


@unit.transactional
def renumber_lot(*, by: Any, lot: Lot, version: int, reason: str, number: str) -> Lot:
    """Correct the number of a lot; its doses follow, each with one new version.

    The number is part of a foreign key that never cascades, so the doses wait on a scratch lot
    while the lot is renamed. Neither the scratch lot nor the waiting leaves a trace: only the
    renaming happened.
    """
    access.require(by, "renumber_lot", lot)
    need_reason(reason)
    current = unit.lock(lot, version=version)
    old, number = current.number, clean_number(number)
    if number == old:
        return current
    doses = Dose.objects.filter(manufacturer=current.manufacturer_id, lot_number=old)
    waiting = Dose.objects.filter(manufacturer=current.manufacturer_id, lot_number=SCRATCH)
    Lot.objects.bulk_create(
        [Lot(manufacturer=current.manufacturer, number=SCRATCH, vaccine=current.vaccine)]
    )
    doses.update(lot_number=SCRATCH)
    fields = unit.apply(current, {"number": number})
    unit.update(current, fields, by=by, event="lot.renumbered", reason=reason)
    waiting.update(lot_number=number, version=F("version") + 1)
    scratch = Lot.objects.filter(manufacturer=current.manufacturer_id, number=SCRATCH)
    scratch._raw_delete(using=scratch.db)
    bulk.leave_versions(
        list(Dose.objects.filter(manufacturer=current.manufacturer_id, lot_number=number)),
        by=by,
        event="dose.amended",
        fields=["lot_number"],
        reason=reason,
    )
    # A certificate states no lot.
    doses = affected_doses(current)
    revoke_stating_any(by=by, doses=doses, reason=reason, formats=[Format.SHC])
    return current


@unit.transactional
def recall_lot(*, by: Any, lot: Lot, version: int, recalled_on: dt.date, reason: str) -> Lot:
    """Withdraw a lot from a day on: no dose on or after it; every affected patient is findable.

    Waits for doses being recorded from this lot, so that none slips past. A recall may be
    corrected by another one. It counts at once: raises ``ValidationError`` for a day to come.
    """
    access.require(by, "recall_lot", lot)
    need_reason(reason)
    current = unit.lock(lot, version=version)
    fields = unit.apply(current, {"recalled_on": recalled_on, "recall_reason": reason})
    need_day(current, "recalled_on")
    if current.recalled_on and current.recalled_on > furthest_today():
        raise ValidationError({"recalled_on": _("The day of a recall is not in the future.")})
    return unit.update(current, fields, by=by, event="lot.recalled", reason=reason)


@unit.transactional
def lift_recall(*, by: Any, lot: Lot, version: int, reason: str) -> Lot:
    """Take back a recall that was wrong; history keeps it."""
    access.require(by, "recall_lot", lot)
    need_reason(reason)
    current = unit.lock(lot, version=version)
    fields = unit.apply(current, {"recalled_on": None, "recall_reason": ""})
    return unit.update(current, fields, by=by, event="lot.recall_lifted", reason=reason)


def affected_doses(lot: Lot) -> QuerySet[Dose]:
    """Return the completed doses given from a lot."""
    return Dose.objects.filter(
        manufacturer=lot.manufacturer_id, lot_number=lot.number, status=DoseStatus.COMPLETED
    )


def affected_patients(lot: Lot) -> QuerySet[Patient]:
    """Return the patients who were given a dose of a lot, each once."""
    return Patient.objects.filter(pk__in=affected_doses(lot).values("patient_id"))


def affected_counts(lot: Lot) -> tuple[int, int]:
    """Return how many doses came from a lot, and to how many patients."""
    counts = affected_doses(lot).aggregate(
        doses=Count("id"), patients=Count("patient", distinct=True)
    )
    return counts["doses"], counts["patients"]


def affected_by_clinic(lot: Lot) -> list[tuple[str, int, int]]:
    """Return (clinic, doses, patients) for each clinic that gave doses of a lot, most first.

    Doses from elsewhere stand under an empty name. These are figures without identity.
    """
    rows = affected_doses(lot).values_list("clinic__name")
    counted = rows.annotate(doses=Count("id"), patients=Count("patient", distinct=True))
    return [(name or "", *counts) for name, *counts in counted.order_by("-doses", "clinic__name")]


def clean_number(number: str) -> str:
    """Return a lot number as it is stored; raises ``ValidationError`` for one no vial has."""
    number = unit.coerce(Lot, {"number": number})["number"]
    if SCRATCH in number:
        raise ValidationError({"number": _("A lot number is what stands on the vial.")})
    return number
