"""What a device needs to record doses without network: the queue, the lots, the questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from records import access
from records.domain import checkins
from records.domain.reading import RECORD, note_read
from records.domain.screening import code_of, questions_on
from records.models import Attention, Lot, Patient, VaccineTarget
from records.web.choices import lot_options, usable_lots
from records.web.offline_forms import asked_as
from records.web.queue_stamp import Given, given_in, stamp_of
from records.web.shift import Shift

Json = dict[str, Any]


def described(shift: Shift, *, chosen: str) -> Json:
    """Return the shift and all that may be chosen in it; whoever is named is noted as read.

    ``chosen`` is the public id of the lot that the shift began with, if it may still be used.
    """
    day = shift.clinic.today()
    visits = checkins.queue_of(by=shift.user, clinic=shift.clinic)
    patients = {visit.patient.pk: visit.patient for visit in visits}
    given = given_in(visits, by=shift.user)
    note_read(by=shift.user, patients=patients.values(), what=RECORD)
    lots = list(usable_lots(shift.user, day))
    known = {lot.vaccine.public_id for lot in lots} | {vaccine for _, vaccine, _ in given}
    diseases = _diseases(shift.user, known)
    return {
        "clinic": str(shift.clinic.public_id),
        "clinic_name": shift.clinic.name,
        "time_zone": shift.clinic.time_zone,
        "volunteer": str(shift.volunteer().public_id),
        "lot": next((key for lot in lots if (key := str(lot.public_id)) == chosen), ""),
        "site": shift.site,
        "route": shift.route,
        "lots": [
            [str(group), [[str(key), str(label)] for key, label in options]]
            for group, options in lot_options(lots, day)[1:]
        ],
        "vaccines": {str(lot.public_id): _vaccine(lot, diseases) for lot in lots},
        "questions": [
            {
                "id": str(question.public_id),
                "put": asked_as(question),
                "text": question.text,
                "help": question.help_text,
                "ticked": str(Attention(question.attention).label),
                "note": question.note,
                "code": code_of(question),
            }
            for question in questions_on(by=shift.user, day=day)
        ],
        "queue": _queue(patients, given, diseases),
        "stamp": stamp_of(visits, given),
    }


def _diseases(user: Any, vaccines: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return what each vaccine protects against (SNOMED CT): what a series is counted by."""
    found: dict[UUID, list[str]] = {}
    rows = access.visible_to(user, VaccineTarget).filter(vaccine__public_id__in=vaccines)
    for vaccine, disease in rows.values_list("vaccine__public_id", "disease"):
        found.setdefault(vaccine, []).append(disease)
    return found


def _vaccine(lot: Lot, diseases: Mapping[UUID, list[str]]) -> Json:
    vaccine = lot.vaccine
    return {
        "id": str(vaccine.public_id),
        "name": vaccine.short_name,
        "least": vaccine.min_interval_days or 0,
        "series": vaccine.doses_in_series,
        "from_age": vaccine.min_age_months,
        "below_age": vaccine.max_age_months,
        "diseases": diseases.get(vaccine.public_id, []),
    }


def _queue(
    patients: dict[int, Patient], given: Iterable[Given], diseases: Mapping[UUID, list[str]]
) -> list[Json]:
    """Return who is here, each with the completed doses that a rule may compare with."""
    doses: dict[int, list[Json]] = {}
    for key, vaccine, day in given:
        against = diseases.get(vaccine, [])
        dose = {"vaccine": str(vaccine), "on": day.isoformat(), "diseases": against}
        doses.setdefault(key, []).append(dose)
    return [
        {
            "patient": str(patient.public_id),
            "last_name": patient.last_name,
            "first_name": patient.first_name,
            "born": patient.date_of_birth.isoformat(),
            "doses": doses.get(key, []),
        }
        for key, patient in patients.items()
    ]
