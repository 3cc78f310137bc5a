"""A small world in which every rule of a dose can be broken, and two ways to write into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from records.domain import doses, lots, merges, reference
from records.domain.dose_codes import DoseRow, patients_of
from records.domain.errors import ConfirmationRequired
from records.models import Clinic, Dose, Lot, Manufacturer, Patient, Vaccine, Volunteer
from tests.records import factories as make

NOT_WRITTEN = frozenset({"not written"})
"""The verdict on a row whose key another row has: the two ways word it differently."""


@dataclass
class Verdicts:
    """What became of each row: the codes that refused it, else those that warned of it."""

    refused: dict[int, frozenset[str]] = field(default_factory=dict)
    warned: dict[int, frozenset[str]] = field(default_factory=dict)


def make_world() -> None:
    """Make what the codes in ``row`` name.

    M0's lot A is good, B expired 20 days ago; M1's lot A is good, C was recalled 15 days ago.
    A and B hold vaccine 900 (21 days apart), C vaccine 901. M1's D holds 902, a series of 2 from
    two months on, and E 903, a series of 3 below a year; both are against the same two diseases,
    901 against one of them. Clinic OLD was retired 10 days ago.
    ANA works everywhere, BEA only at NEW and from 60 to 5 days ago. Patient 2 was born 100 days
    ago, patient 3 was merged into patient 1.
    """
    spaced = make.make_vaccine(cvx_code="900", min_interval_days=21)
    free = make.make_vaccine(cvx_code="901", diseases=["14189004"])
    both = ["14189004", "36989005"]
    older = make.make_vaccine(cvx_code="902", doses_in_series=2, min_age_months=2, diseases=both)
    young = make.make_vaccine(cvx_code="903", doses_in_series=3, max_age_months=12, diseases=both)
    first = make.make_manufacturer(mvx_code="M0")
    second = make.make_manufacturer(mvx_code="M1")
    make.make_lot(manufacturer=first, number="A", vaccine=spaced)
    make.make_lot(manufacturer=first, number="B", vaccine=spaced, expires_on=make.days_ago(20))
    make.make_lot(manufacturer=second, number="A", vaccine=spaced)
    make.make_lot(manufacturer=second, number="D", vaccine=older)
    make.make_lot(manufacturer=second, number="E", vaccine=young)
    recalled = make.make_lot(manufacturer=second, number="C", vaccine=free)
    lots.recall_lot(
        by=make.system(),
        lot=recalled,
        version=recalled.version,
        recalled_on=make.days_ago(15),
        reason="Glass.",
    )
    new, old = make.make_clinic(code="NEW"), make.make_clinic(code="OLD")
    make.make_volunteer(new, old, code="ANA")
    bea = make.make_volunteer(code="BEA")
    make.make_assignment(bea, new, starts_on=make.days_ago(60), ends_on=make.days_ago(5))
    reference.retire(
        by=make.system(),
        record=old,
        version=old.version,
        reason="Closed.",
        retired_on=make.days_ago(10),
    )
    one, _, three = (
        make.make_patient(identifiers=[("id", number)], **fields)
        for number, fields in (
            ("1", {}),
            ("2", {"date_of_birth": make.days_ago(100)}),
            ("3", {}),
        )
    )
    merges.merge_patients(
        by=make.system(), survivor=one, duplicate=three, version=three.version, reason="Twice."
    )


def row(number: int = 2, **fields: Any) -> DoseRow:
    """Return a row that breaks no rule, but for what ``fields`` say."""
    good = DoseRow(
        row=number,
        external_source="old",
        external_id=f"{number}",
        identifier_system="id",
        identifier="1",
        mvx_code="M0",
        lot_number="A",
        cvx_code="",
        administered_on=make.days_ago(30),
        clinic_code="NEW",
        volunteer_code="ANA",
        site="LD",
        route="IM",
        primary_source=True,
        status="completed",
        status_reason="",
        dose_number=None,
    )
    return good._replace(**fields)


def record(row: DoseRow, *, patient: Patient | None = None, **more: Any) -> Dose:
    """Record the dose of a row by ``record_dose``."""
    if patient is None:
        key = (row.identifier_system, row.identifier)
        patient = Patient.objects.get(pk=patients_of([key])[key])
    lot = None
    if row.lot_number:
        lot = Lot.objects.get(manufacturer__mvx_code=row.mvx_code, number=row.lot_number)
    return doses.record_dose(
        by=make.system(),
        patient=patient,
        lot=lot,
        vaccine=None if lot else Vaccine.objects.filter(cvx_code=row.cvx_code).first(),
        manufacturer=Manufacturer.objects.filter(mvx_code=row.mvx_code or "-").first(),
        clinic=Clinic.objects.filter(code=row.clinic_code).first(),
        volunteer=Volunteer.objects.filter(code=row.volunteer_code).first(),
        **{
            name: getattr(row, name)
            for name in (
                *("administered_on", "dose_number", "site", "route", "status"),
                *("status_reason", "primary_source", "external_source", "external_id"),
            )
        },
        **more,
    )


def record_all(rows: list[DoseRow]) -> Verdicts:
    """Record one dose after another, confirming every warning; skip what is refused."""
    verdicts = Verdicts()
    for each in rows:
        try:
            with transaction.atomic():
                try:
                    record(each)
                except ConfirmationRequired as asked:
                    verdicts.warned[each.row] = frozenset(asked.warnings)
                    record(each, confirmed=asked.warnings)
        except ValidationError as error:
            verdicts.refused[each.row] = codes_of(error)
            verdicts.warned.pop(each.row, None)
    return verdicts


def codes_of(error: ValidationError) -> frozenset[str]:
    """Return the codes of all messages of an error."""
    return frozenset(str(fault.code) for faults in error.error_dict.values() for fault in faults)


def stored() -> list[tuple[Any, ...]]:
    """Return every dose but for its keys, with its versions."""
    columns = [
        name.attname
        for name in Dose._meta.concrete_fields
        if name.name not in {"id", "public_id", "live_dose_number"}
    ]
    return sorted(Dose.objects.values_list(*columns), key=repr)


def versions() -> list[tuple[Any, ...]]:
    """Return every version of a dose but for its keys and moment."""
    model = Dose.history.model
    columns = [
        field.attname
        for field in model._meta.concrete_fields
        if field.name not in {"id", "public_id", "history_id", "history_date"}
        and field.name != "history_change_reason"
    ]
    return sorted(model.objects.values_list(*columns), key=repr)
