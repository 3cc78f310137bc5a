"""Enrolments over the API."""

import pytest

from accounts.roles import PATIENT
from records.models import AuditEntry, Enrolment
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make.make_clinic()


@pytest.fixture
def nurse(clinic):
    return Caller(make.make_volunteer_user(clinic))


def enrolled(clinic):
    """Return an enrolment that began a while ago."""
    patient = make.make_patient(clinic=clinic)
    Enrolment.objects.filter(patient=patient).update(starts_on=make.days_ago(9))
    return patient.enrolments.get()


def test_patient_in_sight_is_enrolled_at_a_second_clinic(clinic):
    other = make.make_clinic()
    nurse, patient = (
        Caller(make.make_volunteer_user(clinic, other)),
        make.make_patient(clinic=clinic),
    )
    body = {"patient": str(patient.public_id), "clinic": str(other.public_id)}

    answer, again = nurse.post("enrolments", body), nurse.post("enrolments", body)

    assert answer.status_code == 201
    assert answer.json() == {
        "id": answer.json()["id"],
        "version": 1,
        **body,
        "starts_on": other.today().isoformat(),
        "ends_on": None,
    }
    assert again.json() == answer.json()
    assert nurse.get(f"enrolments?clinic={other.public_id}").json()["results"] == [answer.json()]


def test_patient_out_of_sight_is_not_enrolled_by_identifier(nurse, clinic):
    patient = make.make_patient(clinic=make.make_clinic())
    body = {"patient": str(patient.public_id), "clinic": str(clinic.public_id)}

    assert refused_fields(nurse.post("enrolments", body)) == {"patient": "does_not_exist"}


def test_patient_who_is_only_granted_is_not_enrolled_by_identifier(nurse, clinic):
    """Staff opens the record of somebody from elsewhere by ``find``, a grant or none."""
    patient = make.make_patient(clinic=make.make_clinic())
    nurse.user.groups.add(make.Group.objects.get(name=PATIENT.name))
    make.make_grant(nurse.user, patient)
    body = {"patient": str(patient.public_id), "clinic": str(clinic.public_id)}

    assert nurse.get(f"patients/{patient.public_id}").status_code == 200
    assert refused_fields(nurse.post("enrolments", body)) == {"patient": "does_not_exist"}
    assert not clinic.enrolments.exists()


def test_enrolment_that_is_there_already_is_read_and_audited(nurse, clinic):
    patient = enrolled(clinic).patient
    body = {"patient": str(patient.public_id), "clinic": str(clinic.public_id)}
    reads = AuditEntry.objects.filter(actor=nurse.user, action="patient.read", patient=patient)

    assert nurse.post("enrolments", body, key=None).status_code == 201
    assert reads.count() == 1


def test_enrolment_that_ended_takes_the_patient_out_of_sight(nurse, clinic):
    enrolment = enrolled(clinic)
    address = f"enrolments/{enrolment.public_id}/end"
    body = {"ends_on": make.days_ago(1).isoformat()}

    first = nurse.post(address, body, key="k", if_match='"1"')
    repeat = nurse.post(address, body, key="k", if_match='"1"')

    assert (first.status_code, first.json()["ends_on"]) == (200, body["ends_on"])
    assert repeat.status_code == 404
    assert nurse.get("enrolments").json()["results"] == []


def test_enrolment_does_not_end_before_it_starts(nurse, clinic):
    enrolment = enrolled(clinic)

    answer = nurse.post(
        f"enrolments/{enrolment.public_id}/end",
        {"ends_on": make.days_ago(10).isoformat()},
        if_match='"1"',
    )

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"ends_on"})


def test_list_notes_whom_it_shows(nurse, clinic):
    shown, other = enrolled(clinic), enrolled(clinic)

    nurse.get(f"enrolments?patient={shown.patient.public_id}&ended=false")

    noted = AuditEntry.objects.filter(action="patient.read").values_list("patient", flat=True)
    assert shown.patient_id in noted
    assert other.patient_id not in noted
