"""Doses: record, amend, void."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.dose_rules import RULES, Facts, Given, judge
from records.domain.dose_warnings import WARNINGS
from records.domain.errors import ConfirmationRequired
from records.domain.patients import need_reason
from records.domain.revocation import STATED_OF_DOSE, revoke_stating
from records.domain.series import diseases_of, given_before
from records.models import (
    Assignment,
    Clinic,
    Dose,
    DoseStatus,
    Lot,
    Manufacturer,
    Patient,
    RevocationCause,
    Vaccine,
    Volunteer,
)
from records.statements import Select, by_key, stand_in

AMENDABLE = frozenset(
    {
        *("lot", "vaccine", "manufacturer", "administered_on", "volunteer", "clinic"),
        *("site", "route", "status_reason"),
    }
)
UNJUDGED = frozenset({"site", "route"})


@unit.transactional
def record_dose(
    *,
    by: Any,
    patient: Patient,
    administered_on: dt.date,
    lot: Lot | None = None,
    vaccine: Vaccine | None = None,
    manufacturer: Manufacturer | None = None,
    clinic: Clinic | None = None,
    volunteer: Volunteer | None = None,
    dose_number: int | None = None,
    site: str = "",
    route: str = "",
    status: str = DoseStatus.COMPLETED,
    status_reason: str = "",
    primary_source: bool = True,
    external_source: str | None = None,
    external_id: str | None = None,
    confirmed: Collection[str] = (),
) -> Dose:
    """Record one dose and return it.

    Give ``lot``, or ``vaccine`` (with ``manufacturer`` if known) where the lot is not. The dose
    number is computed unless one is given. Raises ``ValidationError`` for every rule of
    ``dose_rules`` that is broken, and ``ConfirmationRequired`` for what a person has to judge
    unless ``confirmed`` names its code.
    """
    # A dose from elsewhere names no clinic of ours; then seeing the patient is what counts.
    access.require(by, "add_dose", patient, at=clinic)
    patient = unit.lock(patient)
    # After the patient, always in this order: a recall waits for us or we see it.
    lot = unit.lock(lot) if lot is not None else None
    dose = Dose(
        patient=patient,
        lot=lot,
        vaccine=vaccine,
        administered_on=administered_on,
        clinic=clinic,
        volunteer=volunteer,
        dose_number=dose_number,
        site=site,
        route=route,
        status=status,
        status_reason=(status_reason or "").strip(),
        primary_source=primary_source,
        external_source=external_source or None,
        external_id=external_id or None,
        recorded_by=by,
    )
    if lot is None:
        dose.manufacturer = manufacturer
    facts = _check(dose, confirmed)
    _number(dose, facts)
    unit.create(dose, by=by, event="dose.recorded", check=False)
    if any(other.administered_on > dose.administered_on for other in facts.others):
        reason = "An earlier dose was recorded."
        cause = RevocationCause.DOSE_AMENDED
        revoke_stating(by=by, patients=[patient.pk], cause=cause, reason=reason)
    return dose


def check_dose(
    *,
    by: Any,
    patient: Patient,
    lot: Lot,
    administered_on: dt.date,
    clinic: Clinic,
    volunteer: Volunteer,
) -> None:
    """Raise what ``record_dose`` would raise for a dose given here now; nothing is written."""
    access.require(by, "add_dose", patient, at=clinic)
    dose = Dose(
        patient=patient,
        lot=lot,
        administered_on=administered_on,
        clinic=clinic,
        volunteer=volunteer,
        recorded_by=by,
    )
    _check(dose, ())


@unit.transactional
def amend_dose(
    *,
    by: Any,
    dose: Dose,
    version: int,
    reason: str,
    changes: Mapping[str, Any],
    confirmed: Collection[str] = (),
) -> Dose:
    """Correct a dose and return its next version; the same rules hold as for recording it.

    A dose of another manufacturer takes that manufacturer's next number. A dose of the wrong
    patient is voided and recorded again. Raises ``ValidationError`` for a voided dose.
    """
    access.require(by, "change_dose", dose, at=dose.clinic)
    need_reason(reason)
    changes = unit.known(Dose, changes, AMENDABLE)
    patient = unit.lock(dose.patient)
    current = unit.lock(dose, version=version)
    if current.status == DoseStatus.ENTERED_IN_ERROR:
        raise ValidationError(_("A voided dose cannot be changed."))
    if clinic := changes.get("clinic"):
        access.require(by, "change_dose", at=clinic)
    current.patient = patient
    made_by = current.manufacturer_id
    fields = unit.apply(current, _with_lot(current, changes))
    if current.lot is not None:
        current.lot = unit.lock(current.lot)
    if current.manufacturer_id != made_by:
        fields.append("dose_number")
        current.dose_number = None
    # Where and how on the body is no business of the rules: what was right then stays right.
    if set(fields) - UNJUDGED:
        _number(current, _check(current, confirmed))
    unit.update(current, fields, by=by, event="dose.amended", reason=reason)
    if STATED_OF_DOSE & set(fields):
        _revoke(current, RevocationCause.DOSE_AMENDED, by=by, reason=reason)
    return current


@unit.transactional
def void_dose(*, by: Any, dose: Dose, version: int, reason: str) -> Dose:
    """Mark a dose entered-in-error; it stays readable and its number becomes free."""
    access.require(by, "void_dose", dose, at=dose.clinic)
    need_reason(reason)
    unit.lock(dose.patient)
    current = unit.lock(dose, version=version)
    if current.status == DoseStatus.ENTERED_IN_ERROR:
        raise ValidationError(_("This dose was voided already."))
    fields = unit.apply(current, {"status": DoseStatus.ENTERED_IN_ERROR, "status_reason": reason})
    unit.update(current, fields, by=by, event="dose.voided", reason=reason)
    _revoke(current, RevocationCause.DOSE_VOIDED, by=by, reason=reason)
    return current


@unit.transactional
def void_doses(*, by: Any, doses: Iterable[tuple[Dose, int]], reason: str) -> list[Dose]:
    """Void several doses, each with the version that was seen: all of them or none."""
    access.require(by, "void_dose")
    # Patients in one order, so that two such calls cannot deadlock.
    ordered = sorted(doses, key=lambda pair: (pair[0].patient_id, pair[0].pk))
    return [void_dose(by=by, dose=dose, version=seen, reason=reason) for dose, seen in ordered]


def _revoke(dose: Dose, cause: str, *, by: Any, reason: str) -> None:
    patients, doses = [dose.patient_id], [dose.pk]
    revoke_stating(by=by, patients=patients, doses=doses, cause=cause, reason=reason)


def _with_lot(dose: Dose, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A lot brings its manufacturer and takes the place of a vaccine, and the other way round.

    Raises ``ValidationError`` for another manufacturer beside the lot that decides it.
    """
    wanted = dict(changes)
    if wanted.get("lot") is not None:
        wanted["vaccine"] = None
        wanted.pop("manufacturer", None)
    elif wanted.get("vaccine") is not None:
        # Clearing the lot clears the manufacturer column too, so it is set after it.
        manufacturer = wanted.pop("manufacturer", dose.manufacturer)
        wanted = {"lot": None, **wanted, "manufacturer": manufacturer}
    elif wanted.get("manufacturer", dose.manufacturer) != dose.manufacturer and dose.lot:
        message = _("The lot decides the manufacturer; choose another lot.")
        raise ValidationError({"manufacturer": message})
    return wanted


def _number(dose: Dose, facts: Facts) -> None:
    """Give a completed dose its number; where the manufacturer is unknown there is none."""
    if dose.dose_number is None and dose.status == DoseStatus.COMPLETED and dose.manufacturer_id:
        numbers = (
            other.dose_number or 0
            for other in facts.others
            if other.manufacturer_id == dose.manufacturer_id
        )
        dose.dose_number = max(numbers, default=0) + 1


def _check(dose: Dose, confirmed: Collection[str]) -> Facts:
    """Return what the rules were asked about.

    Raises one ``ValidationError`` for all broken rules, or asks about open warnings.
    """
    errors: dict[str, list[ValidationError]] = {}
    try:
        # The relations are objects that were just read; their existence needs no query.
        dose.clean_fields(exclude={"patient", "lot", "recorded_by", *RELATIONS})
    except ValidationError as error:
        errors.update(error.update_error_dict({}))
    if (dose.lot is None) == (dose.vaccine is None):
        message = _("Name the lot, or the vaccine where the lot is unknown.")
        errors["lot"] = [ValidationError(message, code="lot_or_vaccine")]
    elif "administered_on" not in errors:
        if dose.lot is not None:
            dose.lot.vaccine = by_key(Vaccine, dose.lot.vaccine_id)  # its schedule counts
        facts = _facts(dose)
        for rule in judge(dose, facts, RULES):
            errors.setdefault(rule.field, []).append(ValidationError(rule.message, rule.code))
    if errors:
        raise ValidationError(errors)
    open_warnings = {
        rule.code: rule.says(dose, facts)
        for rule in judge(dose, facts, WARNINGS)
        if rule.code not in confirmed
    }
    if open_warnings:
        raise ConfirmationRequired(open_warnings)
    return facts


RELATIONS = frozenset({"manufacturer", "vaccine", "volunteer", "clinic", NON_FIELD_ERRORS})


def _facts(dose: Dose) -> Facts:
    others = _completed().fetch({"patient": dose.patient_id})
    assigned = False
    if dose.volunteer_id and dose.clinic_id:
        place = {"volunteer": dose.volunteer_id, "clinic": dose.clinic_id}
        assigned = bool(_assigned().fetch({**place, "day": dose.administered_on}))
    given = [
        Given(own or by_lot, maker, number, day)
        for key, own, by_lot, maker, number, day in others
        if key != dose.pk
    ]
    return Facts(
        today=dose.clinic.today() if dose.clinic else timezone.localdate(),
        assigned=assigned,
        others=given,
        in_series=_in_series(dose, given),
    )


def _in_series(dose: Dose, others: Collection[Given]) -> int:
    """Return how many of the others count before the dose; asks only where it matters."""
    vaccine = dose.given_vaccine
    needed = vaccine.doses_in_series
    if dose.status != DoseStatus.COMPLETED or needed is None or len(others) < needed:
        return 0
    past = [(other.vaccine_id, other.administered_on) for other in others]
    diseases = diseases_of({vaccine.pk, *(key for key, _ in past)}, None)
    return given_before(vaccine.pk, dose.administered_on, past, diseases)


@functools.cache
def _completed() -> Select:
    """Return the statement for what the rules need of a patient's completed doses."""
    patient = stand_in(int, 0)
    rows = Dose.objects.filter(patient=patient, status=DoseStatus.COMPLETED).order_by()
    columns = ("vaccine_id", "lot__vaccine_id", "manufacturer_id", "dose_number", "administered_on")
    return Select(rows.values_list("pk", *columns), {"patient": patient})


@functools.cache
def _assigned() -> Select:
    """Return the statement that has a row for a volunteer who works at a clinic on a day."""
    slots = {name: stand_in(int, place) for place, name in enumerate(("volunteer", "clinic"))}
    slots["day"] = day = stand_in(dt.date, 0)
    rows = Assignment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=day),
        volunteer=slots["volunteer"],
        clinic=slots["clinic"],
        starts_on__lte=day,
    )
    return Select(rows.order_by().values_list("pk")[:1], slots)
