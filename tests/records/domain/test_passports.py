"""What a passport says: names of the day, series positions, as of a moment."""

import pytest
from django.utils import timezone

from records.access import OutOfSight
from records.domain import doses, lots, reference
from records.domain.passports import read_passport
from tests.records import factories as make

pytestmark = pytest.mark.django_db

MEASLES, MUMPS = "14189004", "36989005"


def read(patient, **options):
    return read_passport(by=make.system(), patient=patient, **options)


def test_position_counts_per_disease_by_day_not_by_entry():
    patient = make.make_patient()
    both = make.make_vaccine(diseases=[MEASLES, MUMPS])
    single = make.make_vaccine(diseases=[MEASLES])
    make.make_dose(patient=patient, vaccine=both, administered_on=make.days_ago(100))
    make.make_dose(patient=patient, vaccine=single, administered_on=make.days_ago(300))
    make.make_dose(patient=patient, vaccine=make.make_vaccine(), administered_on=make.days_ago(200))

    newest, other, oldest = read(patient)
    assert newest.positions == {MEASLES: 2, MUMPS: 1}
    assert other.positions == {make.COVID_19: 1}
    assert oldest.positions == {MEASLES: 1}


def test_voided_and_not_given_doses_are_left_out_and_do_not_count():
    patient, vaccine = make.make_patient(), make.make_vaccine()
    wrong = make.make_dose(patient=patient, vaccine=vaccine, administered_on=make.days_ago(90))
    doses.void_dose(by=make.system(), dose=wrong, version=1, reason="wrong arm, wrong person")
    make.make_dose(
        patient=patient,
        vaccine=vaccine,
        administered_on=make.days_ago(60),
        status="not-done",
        status_reason="fever",
    )
    given = make.make_dose(patient=patient, vaccine=vaccine)

    [dose] = read(patient)
    assert (dose.public_id, dose.positions) == (given.public_id, {make.COVID_19: 1})


def test_names_are_those_of_the_day_of_the_dose_and_typing_errors_are_mended():
    clinic = make.make_clinic(name="Old Naem")
    before = make.make_dose(clinic=clinic, administered_on=make.days_ago(20))
    after = make.make_dose(
        clinic=clinic,
        patient=before.patient,
        volunteer=before.volunteer,
        administered_on=make.days_ago(5),
    )
    given = {"by": make.system(), "record": clinic, "reason": "x"}
    reference.correct(version=1, changes={"name": "Old Name"}, **given)
    reference.change(
        version=2, changes={"name": "New Name"}, effective_from=make.days_ago(10), **given
    )

    names = {dose.public_id: dose.clinic_name for dose in read(before.patient)}
    assert names == {before.public_id: "Old Name", after.public_id: "New Name"}


def test_as_of_a_moment_it_says_what_the_records_said_then():
    dose = make.make_dose()
    then = timezone.now()
    lots.renumber_lot(by=make.system(), lot=dose.lot, version=1, reason="x", number="RIGHT")
    doses.void_dose(by=make.system(), dose=dose, version=2, reason="x")
    make.make_dose(patient=dose.patient, administered_on=make.days_ago(1))

    [then_said] = read(dose.patient, moment=then)
    assert (then_said.public_id, then_said.lot_number) == (dose.public_id, dose.lot.number)
    assert then_said.lot_number != "RIGHT"
    [now] = read(dose.patient)
    assert now.public_id != dose.public_id


def test_passport_of_somebody_out_of_sight_is_out_of_sight():
    dose = make.make_dose()
    for user in (make.make_user("Patient"), make.make_volunteer_user(make.make_clinic())):
        with pytest.raises(OutOfSight):
            read_passport(by=user, patient=dose.patient)


def test_passport_takes_as_many_queries_for_ten_doses_as_for_one(django_assert_num_queries):
    patient, clinic = make.make_patient(), make.make_clinic()
    for days in range(10, 110, 10):
        make.make_dose(patient=patient, clinic=clinic, administered_on=make.days_ago(days))
    user = make.system()
    user.has_perm("records.view_patient")

    with django_assert_num_queries(2):
        assert len(read_passport(by=user, patient=patient)) == 10
