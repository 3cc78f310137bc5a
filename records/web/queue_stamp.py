"""What tells one state of the queue from another without naming anybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models.functions import Coalesce

from records import access
from records.models import CheckIn, Dose, DoseStatus

Given = tuple[int, UUID, date]
"""The key of the patient, the vaccine, and the day of a completed dose."""


def given_in(visits: Iterable[CheckIn], *, by: Any) -> list[Given]:
    """Return the completed doses of who is in the queue, as a rule compares with them."""
    doses = access.at_work(by, Dose).filter(
        patient__in={visit.patient_id for visit in visits}, status=DoseStatus.COMPLETED
    )
    vaccine = Coalesce("vaccine__public_id", "lot__vaccine__public_id")
    rows = doses.order_by("administered_on", "id")
    return list(rows.values_list("patient_id", vaccine, "administered_on"))


def stamp_of(visits: Iterable[CheckIn], given: Iterable[Given]) -> str:
    """Return what differs as soon as a row of the queue does, or a dose of who is in it."""
    rows = "".join(f"{each.public_id}{each.version}.{each.patient.version} " for each in visits)
    doses = "".join(f"{key}.{vaccine}.{day} " for key, vaccine, day in given)
    return sha256(f"{rows}|{doses}".encode()).hexdigest()[:32]
