"""The running dose number: the paper's key, per patient and manufacturer."""

from __future__ import annotations

from django.db.models import Max

from records.models import Dose


def next_dose_number(patient_id: int, manufacturer_id: int) -> int:
    """Return the next free number among the patient's completed doses of a manufacturer.

    The caller holds the lock on the patient.
    """
    rows = Dose.objects.filter(patient_id=patient_id, manufacturer_id=manufacturer_id)
    last: int | None = rows.aggregate(last=Max("live_dose_number"))["last"]
    return (last or 0) + 1
