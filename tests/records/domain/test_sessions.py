"""What a clinic gave on a day."""

import pytest

from records.domain import doses, sessions
from tests.records import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make.make_clinic()


@pytest.fixture
def by(clinic):
    return make.make_volunteer_user(clinic)


def give(by, clinic, lot, **more):
    given = {"administered_on": clinic.today(), "patient": make.make_patient(clinic=clinic)}
    return doses.record_dose(
        by=by, clinic=clinic, lot=lot, volunteer=by.volunteer, **{**given, **more}
    )


def test_doses_are_counted_by_lot_with_ones_own(by, clinic):
    flu, measles = (make.make_lot(vaccine=make.make_vaccine(short_name=n)) for n in ("Flu", "MMR"))
    give(by, clinic, flu)
    give(make.make_volunteer_user(clinic), clinic, flu)
    give(by, clinic, measles)
    rows = sessions.given_today(by=by, clinic=clinic)
    assert [(row.vaccine, row.lot_number, row.doses, row.mine) for row in rows] == [
        ("Flu", flu.number, 2, 1),
        ("MMR", measles.number, 1, 1),
    ]


def test_session_counts_only_what_was_given_here_today(by, clinic):
    there = make.make_clinic()
    lot = make.make_lot()
    give(by, clinic, lot, administered_on=make.days_ago(1))
    give(make.make_volunteer_user(there), there, lot)
    voided = give(by, clinic, lot)
    doses.void_dose(by=by, dose=voided, version=1, reason="Twice")
    assert sessions.given_today(by=by, clinic=clinic) == []
    assert list(sessions.recorded_today(by=by, clinic=clinic)) == [voided]


def test_own_list_holds_nobody_elses_doses(by, clinic):
    give(make.make_volunteer_user(clinic), clinic, make.make_lot())
    first, second = (give(by, clinic, make.make_lot()) for _ in range(2))
    assert list(sessions.recorded_today(by=by, clinic=clinic)) == [second, first]


def test_moment_of_recording_stays_when_a_dose_is_corrected(by, clinic):
    dose = give(by, clinic, make.make_lot())
    made = dose.history.get().history_date
    doses.amend_dose(by=by, dose=dose, version=1, reason="Arm", changes={"site": "LA"})
    [row] = sessions.recorded_today(by=by, clinic=clinic)
    assert row.recorded_at == made
