"""The running dose number: the paper's key, per patient and manufacturer."""

from __future__ import annotations

from functools import cache

from records.models import Dose
from records.statements import Select, stand_in


def next_dose_number(patient_id: int, manufacturer_id: int) -> int:
    """Return the next free number among the patient's completed doses of a manufacturer.

    The caller holds the lock on the patient.
    """
    numbers = _numbers().fetch({"patient": patient_id, "manufacturer": manufacturer_id})
    return max((number for (number,) in numbers), default=0) + 1


@cache
def _numbers() -> Select:
    slots = {"patient": stand_in(int, 0), "manufacturer": stand_in(int, 1)}
    rows = Dose.objects.filter(
        patient_id=slots["patient"],
        manufacturer_id=slots["manufacturer"],
        live_dose_number__isnull=False,
    )
    return Select(rows.order_by("-live_dose_number").values_list("live_dose_number")[:1], slots)
