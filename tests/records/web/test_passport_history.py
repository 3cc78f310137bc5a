"""The patient's portal: corrections in plain words."""

import pytest
from django.utils.formats import date_format
from django.utils.html import escape

from accounts.roles import PATIENT
from records.domain import doses, patients
from records.wording import UNDONE
from tests.records import factories as make
from tests.records.factories import days_ago, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient(db):
    return make.make_patient(last_name="Okonkwo")


@pytest.fixture
def dose(patient):
    clinic = make.make_clinic()
    volunteer = make.make_volunteer(clinic, first_name="Vera", last_name="Quist")
    lot = make.make_lot(vaccine=make.make_vaccine(short_name="MMR"), number="A-1")
    return make.make_dose(
        patient=patient,
        lot=lot,
        clinic=clinic,
        volunteer=volunteer,
        site="LA",
        administered_on=days_ago(9),
    )


@pytest.fixture
def read(client, patient):
    client.force_login(holder := make.make_user(PATIENT.name))
    make.make_grant(holder, patient, template="relative")

    def page():
        content = client.get(f"/passport/{patient.public_id}/history").content.decode()
        # Isolates keep values of another direction in place and are not seen.
        return content.replace("\u2068", "").replace("\u2069", "")

    return page


def test_page_without_corrections_says_what_to_do(read):
    assert "Nothing was corrected" in read()


def test_correction_says_when_what_and_why(read, dose):
    changes = {"site": "RA", "administered_on": days_ago(8)}
    doses.amend_dose(by=system(), dose=dose, version=1, reason="Misread & noted", changes=changes)

    page = read()

    before, after = date_format(days_ago(9)), date_format(days_ago(8))
    assert f"The dose of MMR of {before} was corrected." in page
    assert f"Day: was “{before}”, is now “{after}”." in page
    assert "Where on the body: was “Left arm”, is now “Right arm”." in page
    assert escape("Misread & noted") in page
    assert date_format(days_ago(0)) in page


def test_void_is_told_and_marked(read, dose):
    doses.void_dose(by=system(), dose=dose, version=1, reason="Wrong patient")

    page = read()

    assert "was entered in error. It does not count any more." in page
    assert "Wrong patient" in page
    assert "Does not count" in page


def test_undone_dose_says_why_in_the_readers_language(read, dose, monkeypatch):
    monkeypatch.setattr("records.wording.gettext", str.upper)
    doses.void_dose(by=system(), dose=dose, version=1, reason=UNDONE)

    page = read()

    assert UNDONE.upper() in page
    assert UNDONE not in page


def test_changes_of_the_person_are_told(read, patient):
    patients.amend_patient(
        by=system(),
        patient=patient,
        version=1,
        reason="Moved",
        changes={"city": "Graz", "last_name": "Bright"},
    )

    page = read()

    assert "The data of the person were changed." in page
    assert "City: “Graz” was added." in page
    assert "Surname: was “Okonkwo”, is now “Bright”." in page


def test_who_corrected_is_not_named(read, patient, dose):
    keeper = make.make_user("DBA", name="Dora Keeper")
    doses.void_dose(by=keeper, dose=dose, version=1, reason="Wrong patient")

    assert "Dora" not in read()


def test_page_takes_few_queries_however_many_corrections(
    client, read, patient, django_assert_max_num_queries
):
    for number in range(5):
        given = make.make_dose(patient=patient)
        doses.void_dose(by=system(), dose=given, version=1, reason=f"Wrong {number}")

    with django_assert_max_num_queries(10):
        assert "Wrong 4" in read()


def test_history_of_another_record_is_404(client, patient):
    client.force_login(make.make_user(PATIENT.name))

    assert client.get(f"/passport/{patient.public_id}/history").status_code == 404
