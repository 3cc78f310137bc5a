"""The identifiers of a patient over the API."""

import pytest

from accounts.roles import DBA
from records.domain import lookup, patients
from records.models import AuditEntry, PatientIdentifier
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper():
    return Caller(make.make_user(DBA.name))


@pytest.fixture
def number():
    return patients.add_identifier(
        by=make.system(), patient=make.make_patient(), system="insurance", value="4711"
    )


def address_of(number):
    return f"patients/{number.patient.public_id}/identifiers/{number.public_id}"


def test_number_is_added_once_within_its_system(keeper, number):
    other = make.make_patient()
    address = f"patients/{other.public_id}/identifiers"

    taken = keeper.post(address, {"system": "insurance", "value": "4711"})
    added = keeper.post(address, {"system": "national", "value": "4711"})

    assert (taken.status_code, refused_fields(taken)) == (409, {"value": "taken"})
    assert added.status_code == 201
    assert keeper.get(added["Location"]).json() == added.json()
    assert keeper.get(address).json()["results"] == [added.json()]


def test_number_below_another_patient_is_not_there(keeper, number):
    other = make.make_patient()
    address = f"patients/{other.public_id}/identifiers/{number.public_id}"

    assert keeper.get(address_of(number)).status_code == 200
    assert keeper.get(address).status_code == 404
    assert keeper.patch(address, {"value": "1", "reason": "No."}, version=1).status_code == 404
    assert keeper.post(f"{address}/remove", {"reason": "No."}).status_code == 404


def test_numbers_of_a_hidden_patient_are_not_there(number):
    nurse = Caller(make.make_volunteer_user(make.make_clinic()))
    address = f"patients/{number.patient.public_id}/identifiers"

    answers = [nurse.get(address), nurse.post(address, {"system": "a", "value": "b"})]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_number_is_corrected(keeper, number):
    answer = keeper.patch(address_of(number), {"value": "4712", "reason": "Typo."}, version=1)

    assert (answer.status_code, answer.json()["value"], answer["ETag"]) == (200, "4712", '"2"')


def test_number_that_was_taken_off_stays_in_the_answer_of_a_repeat(keeper, number):
    address = f"{address_of(number)}/remove"

    first, second = (keeper.post(address, {"reason": "Not theirs."}, key="k") for _ in range(2))

    assert (first.status_code, first.content) == (200, second.content)
    assert (first.json()["value"], first.json()["version"]) == ("4711", 2)
    assert not PatientIdentifier.objects.exists()
    assert keeper.get(address_of(number)).status_code == 404


@pytest.mark.parametrize("way", ["register", "add"])
def test_number_that_is_taken_elsewhere_counts_as_a_search(number, way, monkeypatch):
    monkeypatch.setattr(lookup, "PER_HOUR", 2)
    clinic = make.make_clinic()
    nurse = Caller(make.make_volunteer_user(clinic))
    taken = {"system": "insurance", "value": "4711"}
    if way == "register":
        person = {"first_name": "Ada", "last_name": "New", "date_of_birth": "1990-01-01"}
        path, body = "patients", {**person, "clinic": clinic.public_id, "identifiers": [taken]}
    else:
        path = f"patients/{make.make_patient(clinic=clinic).public_id}/identifiers"
        body = taken

    answers = [nurse.post(path, body).status_code for _ in range(3)]

    assert answers == [409, 409, 429]
    found = AuditEntry.objects.filter(action=lookup.MATCHED, actor=nurse.user)
    assert [entry.patient_id for entry in found] == [number.patient_id] * 2


def test_number_that_is_taken_in_sight_is_no_search(number):
    patient = make.make_patient()
    keeper = Caller(make.make_user(DBA.name))

    answer = keeper.post(
        f"patients/{patient.public_id}/identifiers", {"system": "insurance", "value": "4711"}
    )

    assert answer.status_code == 409
    assert not AuditEntry.objects.filter(action=lookup.MATCHED).exists()
