"""Where a patient stands in each series, and when the next dose may be given."""

import datetime as dt

import pytest

from accounts.roles import PATIENT
from records.domain import doses
from records.domain.schedule import OVERDUE_AFTER, Course, Standing, courses_of
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.factories import days_ago, system

pytestmark = pytest.mark.django_db

MEASLES, MUMPS, POLIO = "14189004", "36989005", "398102009"
TODAY = dt.date(2026, 5, 20)


@pytest.fixture
def patient(db):
    return make.make_patient()


def vaccine(*diseases, needed=3, interval=28, **fields):
    return make.make_vaccine(
        diseases=list(diseases), doses_in_series=needed, min_interval_days=interval, **fields
    )


def give(patient, given, *days):
    for ago in days:
        make.make_dose(
            patient=patient, lot=make.make_lot(vaccine=given), administered_on=days_ago(ago)
        )


def courses(patient, by=None):
    return courses_of(by=by or system(), patients=[patient])[patient.pk]


def course(**fields):
    known = {
        "diseases": (MEASLES,),
        "vaccine": "MMR",
        "given": 1,
        "needed": 2,
        "is_complete": False,
        "last_on": TODAY,
        "next_from": None,
        "below_age": None,
        "born": dt.date(2024, 5, 20),
    }
    return Course(**known | fields)


def test_diseases_that_stand_the_same_are_one_course(patient):
    give(patient, vaccine(MEASLES, MUMPS), 60, 30)

    [one] = courses(patient)

    assert sorted(one.diseases) == sorted([MEASLES, MUMPS])
    assert (one.given, one.needed, one.is_complete) == (2, 3, False)
    assert one.next_from == days_ago(30) + dt.timedelta(days=28)


def test_diseases_that_stand_apart_are_courses_of_their_own(patient):
    give(patient, vaccine(MEASLES), 60)
    give(patient, vaccine(MEASLES, MUMPS, needed=2), 10)

    assert {one.diseases: (one.given, one.is_complete) for one in courses(patient)} == {
        (MEASLES,): (2, True),
        (MUMPS,): (1, False),
    }


def test_series_that_one_vaccine_completed_stays_complete(patient):
    give(patient, vaccine(MEASLES, needed=1), 60)
    give(patient, vaccine(MEASLES, needed=5), 10)

    [one] = courses(patient)

    assert (one.given, one.is_complete, one.next_from) == (2, True, None)


def test_series_without_a_schedule_says_nothing_of_the_next_dose(patient):
    give(patient, vaccine(POLIO, needed=None, interval=None), 60)

    [one] = courses(patient)

    assert (one.needed, one.next_from) == (None, None)
    assert one.standing(TODAY) is Standing.UNKNOWN


def test_vaccine_against_no_known_disease_is_a_course_by_its_name(patient):
    give(patient, vaccine(short_name="Plague"), 10)

    [one] = courses(patient)

    assert (one.diseases, one.vaccine, one.given) == ((), "Plague", 1)


def test_dose_without_a_lot_counts_by_its_vaccine(patient):
    make.make_dose(patient=patient, vaccine=vaccine(POLIO), administered_on=days_ago(5))

    [one] = courses(patient)

    assert (one.diseases, one.given, one.needed) == ((POLIO,), 1, 3)


def test_voided_dose_does_not_count(patient):
    given = vaccine(POLIO)
    give(patient, given, 60)
    wrong = make.make_dose(patient=patient, lot=make.make_lot(vaccine=given))
    doses.void_dose(by=system(), dose=wrong, version=1, reason="Wrong patient")

    assert [one.given for one in courses(patient)] == [1]


@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        ({"is_complete": True}, Standing.COMPLETE),
        ({"needed": None}, Standing.UNKNOWN),
        ({}, Standing.OPEN),
        ({"next_from": TODAY + dt.timedelta(days=1)}, Standing.PLANNED),
        ({"next_from": TODAY}, Standing.OPEN),
        ({"next_from": TODAY - OVERDUE_AFTER}, Standing.OPEN),
        ({"next_from": TODAY - OVERDUE_AFTER - dt.timedelta(days=1)}, Standing.OVERDUE),
        ({"below_age": 25}, Standing.OPEN),
        ({"below_age": 24}, Standing.PAST),
        ({"below_age": 25, "next_from": TODAY + dt.timedelta(days=30)}, Standing.PLANNED),
        ({"below_age": 25, "next_from": TODAY + dt.timedelta(days=31)}, Standing.PAST),
        ({"below_age": 24, "is_complete": True}, Standing.COMPLETE),
    ],
)
def test_standing_of_a_course_on_a_day(fields, standing):
    assert course(**fields).standing(TODAY) is standing


def test_next_dose_is_not_due_once_the_patient_is_too_old():
    child = make.make_patient(date_of_birth=days_ago(400))
    give(child, vaccine(POLIO, max_age_months=12), 300)

    [one] = courses(child)

    assert one.standing(days_ago(250)) is Standing.OPEN
    assert one.standing(days_ago(0)) is Standing.PAST


@pytest.mark.parametrize(
    ("interval", "given_on", "next_from"),
    [
        (28, "2020-06-01", "2021-01-31"),
        (300, "2020-06-01", "2021-03-28"),
        (28, "2021-02-01", "2021-03-01"),
        (None, "2020-06-01", "2021-01-31"),
        (None, "2021-02-01", None),
    ],
)
def test_next_dose_waits_for_interval_and_lowest_age(interval, given_on, next_from):
    given = vaccine(POLIO, interval=interval, min_age_months=12)
    child = make.make_patient(date_of_birth=dt.date(2020, 1, 31))
    make.make_dose(
        patient=child,
        lot=make.make_lot(vaccine=given),
        administered_on=dt.date.fromisoformat(given_on),
        confirmed={"wrong_age"},
    )

    [one] = courses(child)

    assert one.next_from == (next_from and dt.date.fromisoformat(next_from))


def test_several_patients_take_one_statement(patient, django_assert_num_queries):
    user = make.make_user(PATIENT.name)
    children = [patient, make.make_patient(), make.make_patient()]
    polio = vaccine(POLIO)
    for child in children:
        make.make_grant(user, child)
        give(child, polio, 40)
    user.get_all_permissions()

    with django_assert_num_queries(2):  # the entries of the audit, the doses
        found = courses_of(by=user, patients=children)

    assert [len(found[child.pk]) for child in children] == [1, 1, 1]
    assert AuditEntry.objects.filter(actor=user, action="patient.read").count() == 3


def test_patient_out_of_sight_has_no_courses(patient):
    give(patient, vaccine(POLIO), 40)

    assert courses(patient, by=make.make_user(PATIENT.name)) == []
