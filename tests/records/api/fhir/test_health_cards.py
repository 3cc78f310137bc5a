"""The operation ``$health-cards-issue``."""

import pytest

from accounts.roles import PATIENT
from records.codecs import shc
from records.models import AuditEntry, Credential, Patient
from tests.records import factories as make
from tests.records.api.calling import Caller
from tests.records.issuer import with_file

ABSENT = "00000000-0000-4000-8000-000000000000"
IMMUNIZATION = {
    "resourceType": "Parameters",
    "parameter": [{"name": "credentialType", "valueUri": "Immunization"}],
}


def issue(caller, patient_id, body=IMMUNIZATION):
    return caller.post(f"/fhir/R4/Patient/{patient_id}/$health-cards-issue", body, key=None)


@pytest.mark.parametrize("who", ["holder", "volunteer"])
def test_cards_are_made_and_the_same_when_asked_again(world, validator, who):
    caller = getattr(world, who)

    answer = issue(caller, world.patient.public_id)
    again = issue(caller, world.patient.public_id)

    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/fhir+json"
    assert validator.faults(answer.json()) == []
    [parameter] = answer.json()["parameter"]
    statement = shc.read(parameter["valueString"]).statement
    [card] = Credential.objects.all()
    assert (statement.identifier, card.issued_by) == (card.identifier, caller.user)
    assert statement.person.family == "Östberg"
    assert [dose.lot_number for dose in statement.doses] == ["L1"]
    assert again.json() == answer.json()
    looked = AuditEntry.objects.filter(request_id=again["X-Request-ID"], action="patient.read")
    assert [entry.patient for entry in looked] == [world.patient]


def test_card_with_something_else_in_it_is_none_of_ours(world):
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "credentialType", "valueUri": "Observation"}],
    }

    assert issue(world.holder, world.patient.public_id, body).json() == {
        "resourceType": "Parameters"
    }
    assert not Credential.objects.exists()


def test_type_that_is_not_supported_is_named(world, validator):
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "credentialType", "valueUri": "Coverage"}],
    }

    answer = issue(world.holder, world.patient.public_id, body)

    assert answer.status_code == 422
    assert validator.faults(answer.json()) == []
    [issue_found] = answer.json()["issue"]
    assert issue_found["code"] == "not-supported"
    assert issue_found["expression"] == ["Parameters.parameter[0].valueUri"]
    assert not Credential.objects.exists()


def test_missing_key_is_an_outcome(world, validator, settings, tmp_path):
    settings.ISSUER = with_file(tmp_path / "keys.json", '{"keys": []}')

    answer = issue(world.holder, world.patient.public_id)

    assert answer.status_code == 422
    assert validator.faults(answer.json()) == []
    [fault] = answer.json()["issue"]
    assert fault["details"]["coding"][0]["code"] == "no_signing_key"
    assert "expression" not in fault


def test_record_that_no_clinic_has_confirmed_is_an_outcome(world, validator):
    Patient.objects.filter(pk=world.patient.pk).update(identity_confirmed_on=None)

    answer = issue(world.holder, world.patient.public_id)

    assert answer.status_code == 422
    assert validator.faults(answer.json()) == []
    [fault] = answer.json()["issue"]
    assert fault["details"]["coding"][0]["code"] == "unproved"
    assert not Credential.objects.exists()


def test_who_may_not_have_codes_learns_nothing(world):
    relative = make.make_user(PATIENT.name)
    make.make_grant(relative, world.patient, template="relative")
    absent = issue(world.volunteer, ABSENT)

    for caller, patient in (
        (world.volunteer, world.stranger),
        (world.holder, world.stranger),
        (Caller(relative), world.patient),
    ):
        answer = issue(caller, patient.public_id)
        assert (answer.status_code, answer.content) == (404, absent.content)
    assert issue(world.keeper, world.patient.public_id).status_code == 403
    assert issue(Caller(make.make_user("Logistics")), ABSENT).status_code == 403
    assert not Credential.objects.exists()


def test_absent_patient_is_said_before_the_body_is_read(world):
    assert issue(world.volunteer, ABSENT, {"resourceType": "x"}).status_code == 404


def test_operation_is_in_the_capability_statement(world):
    statement = world.holder.get("/fhir/R4/metadata").json()
    [patient] = [each for each in statement["rest"][0]["resource"] if each["type"] == "Patient"]

    assert "health-cards-issue" in {each["name"] for each in patient["operation"]}
