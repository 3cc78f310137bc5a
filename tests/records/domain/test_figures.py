"""Figures without identity: that they are right, and that nothing can be computed back."""

import datetime as dt
from collections import Counter

import pytest
from django.core.exceptions import PermissionDenied

from accounts.roles import ANALYTICS, DBA, LOGISTICS, ROLES
from records.domain import doses, figures
from records.models import AuditEntry
from tests.records import factories as make

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 3, 14)


def give(number, *, lot, clinic, day=DAY, patients=None):
    """Give so many doses, each to a person of their own unless they are named."""
    volunteer = make.make_volunteer(clinic)
    people = patients or [make.make_patient() for _ in range(number)]
    return [
        make.make_dose(
            patient=people[count % len(people)],
            lot=lot,
            clinic=clinic,
            volunteer=volunteer,
            administered_on=day + dt.timedelta(days=count // len(people)),
        )
        for count in range(number)
    ]


def supply(**given):
    user = make.make_user(LOGISTICS.name)
    period = {"since": dt.date(2025, 1, 1), "until": dt.date(2025, 12, 31)}
    rows = figures.supply_figures(by=user, **{**period, **given})
    return [(row.lot, row.clinic, row.day, str(row.status), row.doses) for row in rows]


def coverage():
    user = make.make_user(ANALYTICS.name)
    return figures.coverage_figures(by=user, year=2025)


def test_supply_counts_doses_by_lot_clinic_day_and_status():
    lot, clinic, other = make.make_lot(), make.make_clinic(), make.make_clinic()
    first, *_ = give(3, lot=lot, clinic=clinic)
    give(1, lot=lot, clinic=other, day=DAY + dt.timedelta(days=1))
    doses.void_dose(by=make.system(), dose=first, version=1, reason="Wrong patient")

    assert supply() == [
        (lot.number, other.name, DAY + dt.timedelta(days=1), "completed", 1),
        (lot.number, clinic.name, DAY, "completed", 2),
        (lot.number, clinic.name, DAY, "entered-in-error", 1),
    ]


def test_supply_is_limited_to_lot_clinic_and_period():
    lot, clinic = make.make_lot(), make.make_clinic()
    give(1, lot=lot, clinic=clinic)
    give(1, lot=make.make_lot(), clinic=make.make_clinic())
    give(1, lot=lot, clinic=clinic, day=DAY + dt.timedelta(days=9))

    assert len(supply()) == 3
    assert [row[0] for row in supply(lot_number=lot.number)] == [lot.number] * 2
    assert [row[1] for row in supply(clinic_code=clinic.code)] == [clinic.name] * 2
    assert len(supply(since=DAY, until=DAY)) == 2
    assert supply(lot_number="no such lot") == []


def test_supply_leaves_out_doses_of_an_unknown_lot():
    make.make_dose(vaccine=make.make_vaccine(), administered_on=DAY)
    assert supply() == []


def test_supply_stops_after_the_most(monkeypatch):
    monkeypatch.setattr(figures, "MOST", 1)
    for _ in range(3):
        give(1, lot=make.make_lot(), clinic=make.make_clinic())
    assert len(supply()) == 2  # one more than is shown, to tell that there are more


def test_no_figure_holds_a_patient_or_a_dose():
    given = give(5, lot=make.make_lot(), clinic=make.make_clinic())
    user = make.make_user(DBA.name)
    rows = figures.supply_figures(by=user, since=DAY, until=DAY)
    text = repr((rows, figures.coverage_figures(by=user, year=2025)))
    for dose in given:
        patient = dose.patient
        for secret in (dose.public_id, patient.public_id, patient.last_name, patient.first_name):
            assert str(secret) not in text


def test_coverage_shows_no_figure_about_fewer_than_five_people():
    lot, big, small = make.make_lot(), make.make_clinic(), make.make_clinic()
    give(5, lot=lot, clinic=big)
    give(4, lot=lot, clinic=small)

    shown = {row.clinic: row.doses for row in coverage().rows}

    assert shown == {big.name: 5, small.name: None}


def test_coverage_counts_people_and_not_their_doses():
    vaccine = make.make_vaccine()
    lots = [make.make_lot(vaccine=vaccine) for _ in range(3)]
    clinic, people = make.make_clinic(), [make.make_patient() for _ in range(2)]
    for number, lot in enumerate(lots):
        day = DAY + dt.timedelta(days=number)
        give(2, lot=lot, clinic=clinic, patients=people, day=day)

    [row] = coverage().rows

    assert row.cvx_code == vaccine.cvx_code
    assert row.doses is None  # six doses, but of two people


def test_totals_add_up_what_is_shown_so_that_nothing_can_be_computed_back():
    lot = make.make_lot()
    for people in (6, 5, 1, 4):
        give(people, lot=lot, clinic=make.make_clinic())
    give(7, lot=(other := make.make_lot()), clinic=make.make_clinic())

    found = coverage()

    sums = Counter()
    for row in found.rows:
        sums[row.cvx_code] += row.doses or 0
    assert {total.cvx_code: total.doses for total in found.totals} == sums
    assert {total.cvx_code: total.has_small for total in found.totals} == {
        lot.vaccine.cvx_code: True,
        other.vaccine.cvx_code: False,
    }
    assert sums[lot.vaccine.cvx_code] == 11


def test_coverage_counts_completed_doses_by_month_also_those_from_elsewhere():
    lot, clinic = make.make_lot(), make.make_clinic()
    first, *_ = give(6, lot=lot, clinic=clinic)
    give(5, lot=lot, clinic=clinic, day=dt.date(2025, 4, 1))
    give(5, lot=lot, clinic=clinic, day=dt.date(2024, 12, 31))
    doses.void_dose(by=make.system(), dose=first, version=1, reason="Wrong patient")
    card = make.make_vaccine()
    for _ in range(5):
        make.make_dose(vaccine=card, administered_on=DAY)

    found = {(row.month, row.cvx_code, row.clinic): row.doses for row in coverage().rows}

    assert found == {
        (dt.date(2025, 4, 1), lot.vaccine.cvx_code, clinic.name): 5,
        (dt.date(2025, 3, 1), lot.vaccine.cvx_code, clinic.name): 5,
        (dt.date(2025, 3, 1), card.cvx_code, ""): 5,
    }


def test_an_export_is_audited_and_holds_what_the_page_shows():
    give(5, lot=make.make_lot(), clinic=make.make_clinic())
    user = make.make_user(ANALYTICS.name)

    rows = figures.export_coverage(by=user, year=2025)

    assert rows == coverage().rows != []
    entry = AuditEntry.objects.get(action="coverage.exported")
    assert (entry.actor, entry.patient_id, entry.subject_type) == (user, None, "export")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_figure_is_for_its_role_alone(role):
    user = make.make_user(role.name)
    calls = {
        "supply": lambda: figures.supply_figures(by=user, since=DAY, until=DAY),
        "coverage": lambda: figures.coverage_figures(by=user, year=2025),
        "export": lambda: figures.export_coverage(by=user, year=2025),
    }
    allowed = {
        LOGISTICS.name: {"supply"},
        ANALYTICS.name: {"coverage", "export"},
        DBA.name: {"supply", "coverage", "export"},
    }.get(role.name, set())
    for name, call in calls.items():
        if name in allowed:
            assert call() is not None
        else:
            with pytest.raises(PermissionDenied):
                call()
    assert AuditEntry.objects.filter(action="coverage.exported").exists() is ("export" in allowed)
