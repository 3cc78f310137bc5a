"""What was corrected in a record, as its holder reads it."""

import pytest

from accounts.roles import PATIENT
from records import access
from records.domain import deletion, doses, merges, patients
from records.domain.corrections import Change, Kind, corrections_of
from records.models import AuditEntry, Dose, DoseStatus, Patient
from tests.records import factories as make
from tests.records.factories import days_ago, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(db):
    return make.make_patient(first_name="Ada", last_name="Okonkwo")


@pytest.fixture
def dose(patient):
    lot = make.make_lot(vaccine=make.make_vaccine(short_name="MMR"), number="A-1")
    return make.make_dose(patient=patient, lot=lot, site="LA", administered_on=days_ago(9))


def found(patient):
    return corrections_of(by=system(), patient=patient)


def test_record_as_it_was_entered_has_no_corrections(patient, dose):
    assert found(patient) == []


def test_corrected_dose_says_what_it_was_and_is(patient, dose):
    other = make.make_lot(manufacturer=dose.manufacturer, vaccine=dose.lot.vaccine, number="B-2")
    doses.amend_dose(
        by=system(),
        dose=dose,
        version=1,
        reason="Misread the vial",
        changes={"lot": other, "site": "RA"},
    )

    [one] = found(patient)

    assert (one.kind, one.vaccine, one.day) == (Kind.CORRECTED, "MMR", days_ago(9))
    assert one.changes == (Change("lot_number", "A-1", "B-2"), Change("site", "LA", "RA"))
    assert one.reason == "Misread the vial"


def test_voided_dose_is_told_with_its_reason(patient, dose):
    doses.void_dose(by=system(), dose=dose, version=1, reason="Wrong patient")

    [one] = found(patient)

    assert (one.kind, one.vaccine, one.changes) == (Kind.VOIDED, "MMR", ())
    assert one.reason == "Wrong patient"


def test_corrected_reason_of_a_dose_that_was_not_given_is_told(patient):
    clinic = make.make_clinic()
    dose = doses.record_dose(
        by=system(),
        patient=patient,
        administered_on=days_ago(2),
        vaccine=make.make_vaccine(short_name="Tdap"),
        status=DoseStatus.NOT_DONE,
        status_reason="Refused",
        clinic=clinic,
        volunteer=make.make_volunteer(clinic),
    )
    changes = {"status_reason": "Fever"}
    doses.amend_dose(by=system(), dose=dose, version=1, reason="Misheard", changes=changes)

    [one] = found(patient)

    assert (one.kind, one.changes) == (
        Kind.CORRECTED,
        (Change("status_reason", "Refused", "Fever"),),
    )


def test_corrected_person_says_what_it_was_and_is(patient):
    patients.amend_patient(
        by=system(), patient=patient, version=1, reason="Married", changes={"last_name": "Bright"}
    )

    [one] = found(patient)

    assert (one.kind, one.day) == (Kind.CORRECTED, None)
    assert one.changes == (Change("last_name", "Okonkwo", "Bright"),)
    assert one.reason == "Married"


def test_record_that_grew_older_than_anybody_can_be_corrected(patient):
    Patient.objects.filter(pk=patient.pk).update(date_of_birth=days_ago(122 * 366))
    changes = {"last_name": "Bright"}

    patients.amend_patient(by=system(), patient=patient, version=1, reason="Typo", changes=changes)

    [one] = found(patient)
    assert Change("last_name", "Okonkwo", "Bright") in one.changes


def test_newest_correction_comes_first(patient, dose):
    doses.void_dose(by=system(), dose=dose, version=1, reason="First")
    patients.amend_patient(
        by=system(), patient=patient, version=1, reason="Second", changes={"city": "Graz"}
    )

    assert [one.reason for one in found(patient)] == ["Second", "First"]


def test_merge_is_told_without_the_other_record(patient, dose):
    survivor = make.make_patient(first_name="Somebody", last_name="Else")
    merges.merge_patients(
        by=system(), survivor=survivor, duplicate=patient, version=1, reason="Ada is Somebody Else"
    )

    [joined] = found(patient)
    [moved] = found(survivor)

    assert (joined.kind, moved.kind, moved.vaccine) == (Kind.MERGED, Kind.MOVED, "MMR")
    assert (joined.reason, moved.reason) == ("", "")
    assert "Else" not in str(joined)
    assert "Ada" not in str(moved)


def test_deleted_dose_stays_in_the_list(patient, dose):
    deletion.delete_record(by=system(), record=dose, version=1, reason="A test entry")

    assert not Dose.objects.filter(pk=dose.pk).exists()
    [one] = found(patient)
    assert (one.kind, one.day, one.reason) == (Kind.DELETED, days_ago(9), "A test entry")


def test_corrections_of_another_record_stay_out(patient, dose):
    other = make.make_patient()
    wrong = make.make_dose(patient=other)
    doses.void_dose(by=system(), dose=wrong, version=1, reason="Not yours to read")

    assert found(patient) == []


def test_corrections_are_for_who_sees_the_record_and_leave_an_entry(patient, dose):
    holder = make.make_user(PATIENT.name)
    with pytest.raises(access.OutOfSight):
        corrections_of(by=holder, patient=patient)
    assert not AuditEntry.objects.filter(actor=holder).exists()

    make.make_grant(holder, patient)
    corrections_of(by=holder, patient=patient)

    entry = AuditEntry.objects.get(actor=holder)
    assert (entry.patient, entry.fields) == (patient, ["history"])


def test_many_corrections_take_as_many_queries(patient, django_assert_num_queries):
    for number in range(4):
        dose = make.make_dose(patient=patient)
        doses.void_dose(by=system(), dose=dose, version=1, reason=f"Wrong {number}")
    by = system()
    by.get_all_permissions()

    with django_assert_num_queries(5):
        assert len(corrections_of(by=by, patient=patient)) == 4
