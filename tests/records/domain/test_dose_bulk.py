"""Doses of one request, written as a set: the verdicts of one dose after another."""

from __future__ import annotations

import uuid
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, Phase, given, settings

from accounts.roles import DBA, ROLES, VOLUNTEER
from records.domain import dose_bulk
from records.domain.dose_bulk import Fate, GivenDose, record_doses
from records.domain.dose_codes import DoseRow
from records.domain.dose_warnings import WARNINGS
from records.domain.doses import record_dose
from records.domain.errors import ConfirmationRequired
from records.domain.imports import ImportBroken
from records.models import (
    AuditEntry,
    Clinic,
    Dose,
    Lot,
    Manufacturer,
    OutboxEvent,
    Patient,
    Vaccine,
    Volunteer,
)
from tests.records import factories as make
from tests.records.domain.dose_worlds import codes_of, make_world, row, stored, versions
from tests.records.domain.test_concurrency import errors, race
from tests.records.domain.test_dose_rules import CODES, rows, scenarios, taken_back

pytestmark = pytest.mark.django_db
ALL_WARNINGS = frozenset(rule.code for rule in WARNINGS)


def key_of(model: type[Any], **named: Any) -> uuid.UUID | None:
    return model.objects.filter(**named).values_list("public_id", flat=True).first()


def request_row(number: int, told: DoseRow, **more: Any) -> GivenDose:
    """Return what a row of a file tells as a row of a request."""
    patient = key_of(Patient, identifiers__value=told.identifier)
    if told.identifier == "3":  # the record that was merged, not the one that has its number now
        patient = key_of(Patient, merged_into__isnull=False)
    assert patient is not None
    lot = (
        key_of(Lot, manufacturer__mvx_code=told.mvx_code, number=told.lot_number)
        if told.lot_number
        else None
    )
    return GivenDose(
        number,
        patient,
        told.administered_on,
        lot=lot,
        vaccine=None if lot else key_of(Vaccine, cvx_code=told.cvx_code),
        manufacturer=key_of(Manufacturer, mvx_code=told.mvx_code or "-"),
        clinic=key_of(Clinic, code=told.clinic_code),
        volunteer=key_of(Volunteer, code=told.volunteer_code),
        **{
            name: getattr(told, name)
            for name in ("dose_number", "site", "route", "status", "status_reason")
        },
        primary_source=told.primary_source,
        **{"external_source": told.external_source, "external_id": told.external_id, **more},
    )


def one_by_one(given: list[GivenDose]) -> list[tuple[str, frozenset[str]]]:
    """Record each row by ``record_dose`` and return what became of it, with the codes."""
    told: list[tuple[str, frozenset[str]]] = []
    for each in given:
        found: dict[str, Any] = {
            name: model._default_manager.filter(public_id=getattr(each, name)).first()
            for name, model in dose_bulk.REFERENCES.items()
        }
        values = {
            name: value for name, value in each._asdict().items() if name not in {*found, "row"}
        }
        try:
            with transaction.atomic():
                record_dose(by=make.system(), **found, **values)
            told.append(("recorded", frozenset()))
        except ValidationError as error:
            told.append(("refused", codes_of(error)))
        except ConfirmationRequired as asked:
            told.append(("confirmation-required", frozenset(asked.warnings)))
    return told


def at_once(given: list[GivenDose]) -> list[tuple[str, frozenset[str]]]:
    results = record_doses(by=make.system(), rows=given)
    assert [result.row for result in results] == [each.row for each in given]
    return [
        (result.fate.value, frozenset(finding.code for finding in result.findings))
        for result in results
    ]


@pytest.mark.parametrize("code", CODES)
def test_each_rule_holds_in_bulk(code):
    make_world()
    before, broken = scenarios()[code]
    one_by_one([request_row(n, each) for n, each in enumerate(before)])

    [(fate, codes)] = at_once([request_row(0, broken)])

    judged = code in ALL_WARNINGS
    assert (fate, codes) == ("confirmation-required" if judged else "refused", {code})
    if judged:
        confirmed = request_row(0, broken, confirmed={code})
        assert at_once([confirmed]) == [("recorded", frozenset())]


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # every example makes a world: no time to shrink
    suppress_health_check=list(HealthCheck),
)
@given(drawn=rows(most=25))
def test_bulk_judges_and_writes_as_one_after_another(drawn):
    with taken_back():
        make_world()
        given = [
            # Every other row has no key of its own; every third one confirms what it may.
            request_row(
                place,
                told,
                confirmed=ALL_WARNINGS if place % 3 == 0 else (),
                external_source=told.external_source if place % 2 else "",
                external_id=f"{told.external_id}-{place}" if place % 2 else "",
            )
            for place, told in enumerate(drawn)
        ]
        with taken_back():
            expected = one_by_one(given)
            written, history = stored(), versions()
        assert at_once(given) == expected
        assert (stored(), versions()) == (written, history)
        recorded = sum(fate == "recorded" for fate, _ in expected)
        assert AuditEntry.objects.filter(action="dose.recorded").count() == recorded
        assert OutboxEvent.objects.filter(type="dose.recorded").count() == recorded


def test_bulk_of_a_thousand_mixed_rows_tells_of_each():
    make_world()
    people = [make.make_patient(identifiers=[("id", f"P{n}")]) for n in range(20)]
    given = []
    for place in range(1000):
        day = make.days_ago(30 + 22 * (place // 20)) if place % 3 else make.days_ago(-1)
        given.append(
            request_row(
                place, row(), external_source="", external_id="", confirmed=ALL_WARNINGS
            )._replace(patient=people[place % 20].public_id, administered_on=day)
        )

    results = record_doses(by=make.system(), rows=given)

    for place, result in enumerate(results):
        assert result.fate == (Fate.RECORDED if place % 3 else Fate.REFUSED)
        assert Dose.objects.filter(public_id=result.id).exists() == bool(place % 3)
    assert Dose.objects.count() == 666


@pytest.mark.parametrize("role", [r.name for r in ROLES if r not in (DBA, VOLUNTEER)])
def test_bulk_is_refused_to_who_never_records(role):
    make_world()

    with pytest.raises(PermissionDenied):
        record_doses(by=make.make_user(role), rows=[request_row(0, row())])

    assert not Dose.objects.exists()


def test_bulk_that_the_database_did_not_keep_leaves_nothing():
    make_world()
    audited = AuditEntry.objects.count()
    real = dose_bulk._coded

    def orphaned(*args):
        return real(*args)._replace(lot_number="gone")

    with (
        patch.object(dose_bulk, "_coded", orphaned),
        pytest.raises((IntegrityError, ImportBroken)),
    ):
        record_doses(by=make.system(), rows=[request_row(0, row())])

    assert not Dose.objects.exists()
    assert AuditEntry.objects.count() == audited


@pytest.mark.django_db(transaction=True)
def test_bulk_and_single_doses_of_one_patient_number_them_without_a_gap():
    make_world()
    by = make.system()
    by.has_perm("warm.up")
    patient = make.make_patient(identifiers=[("id", "P")])
    lot = make.make_lot()
    clinic = Clinic.objects.get(code="NEW")
    ana = Volunteer.objects.get(code="ANA")

    def bulk(first):
        given = [
            GivenDose(
                n,
                patient.public_id,
                make.days_ago(first + n),
                lot=lot.public_id,
                clinic=clinic.public_id,
                volunteer=ana.public_id,
            )
            for n in range(10)
        ]
        return lambda: record_doses(by=by, rows=given)

    def single(day):
        return lambda: record_dose(
            by=by,
            patient=patient,
            administered_on=make.days_ago(day),
            lot=lot,
            clinic=clinic,
            volunteer=ana,
        )

    outcomes = race(bulk(100), bulk(200), *(single(300 + n) for n in range(6)), bulk(400))

    assert errors(outcomes) == []
    numbers = Dose.objects.filter(patient=patient).values_list("dose_number", flat=True)
    assert sorted(numbers) == list(range(1, 37))
