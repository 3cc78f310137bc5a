"""Reading single resources, and all of one patient."""

import pytest

from accounts.roles import PATIENT
from records.domain import doses, merges, reading
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.api.calling import Caller

FHIR = "/fhir/R4/"
ABSENT = "00000000-0000-4000-8000-000000000000"
JSON = "application/fhir+json"


def addresses(world):
    return {
        "patient": f"{FHIR}Patient/{world.patient.public_id}",
        "everything": f"{FHIR}Patient/{world.patient.public_id}/$everything",
        "immunization": f"{FHIR}Immunization/{world.dose.public_id}",
        "organization": f"{FHIR}Organization/{world.lot.manufacturer.public_id}",
        "location": f"{FHIR}Location/{world.clinic.public_id}",
        "practitioner": f"{FHIR}Practitioner/{world.user.volunteer.public_id}",
    }


def codes(outcome):
    return [issue["code"] for issue in outcome.json()["issue"]]


def entries(response):
    rows = AuditEntry.objects.filter(request_id=response["X-Request-ID"])
    return [(row.patient_id, row.action, row.fields, row.channel) for row in rows]


@pytest.mark.parametrize("who", ["volunteer", "keeper"])
def test_every_type_is_read_and_valid(world, validator, who):
    for address in addresses(world).values():
        answer = getattr(world, who).get(address)

        assert (answer.status_code, answer["Content-Type"]) == (200, JSON)
        assert validator.faults(answer.json()) == []


def test_immunization_tells_all_of_a_dose(world):
    answer = world.volunteer.get(addresses(world)["immunization"])
    resource = answer.json()

    assert resource["status"] == "completed"
    assert resource["vaccineCode"]["coding"][0]["code"] == "208"
    assert resource["manufacturer"]["identifier"]["value"] == "PFR"
    assert resource["patient"] == {"reference": f"Patient/{world.patient.public_id}"}
    assert resource["occurrenceDateTime"] == world.dose.administered_on.isoformat()
    assert (resource["lotNumber"], resource["primarySource"]) == ("L1", True)
    assert resource["location"]["reference"] == f"Location/{world.clinic.public_id}"
    [series] = resource["protocolApplied"]
    assert series["targetDisease"][0]["coding"][0]["code"] == make.COVID_19
    assert series["doseNumberPositiveInt"] == 1
    assert answer["ETag"] == 'W/"1"'
    assert answer["Last-Modified"].endswith("GMT")


def test_void_dose_is_entered_in_error_and_leaves_the_series(world):
    second = make.make_dose(
        patient=world.patient,
        clinic=world.clinic,
        volunteer=world.user.volunteer,
        lot=world.lot,
        administered_on=make.days_ago(3),
    )
    address = f"{FHIR}Immunization/{second.public_id}"
    before = world.volunteer.get(address).json()
    doses.void_dose(by=world.user, dose=world.dose, version=1, reason="Wrong arm")

    void = world.volunteer.get(addresses(world)["immunization"]).json()
    after = world.volunteer.get(address).json()

    assert (void["status"], void["statusReason"]) == ("entered-in-error", {"text": "Wrong arm"})
    assert "protocolApplied" not in void
    assert before["protocolApplied"][0]["doseNumberPositiveInt"] == 2
    assert after["protocolApplied"][0]["doseNumberPositiveInt"] == 1


def test_dose_from_elsewhere_is_valid_without_what_nobody_knows(world, validator):
    dose = make.make_dose(
        patient=world.patient,
        vaccine=make.make_vaccine(diseases=[]),
        external_source="Old card",
        external_id="7",
    )

    resource = world.volunteer.get(f"{FHIR}Immunization/{dose.public_id}").json()

    assert validator.faults(resource) == []
    assert resource["identifier"] == [{"system": "urn:vaxpass:system:Old%20card", "value": "7"}]
    assert resource["reportOrigin"]
    assert not {"lotNumber", "location", "performer", "manufacturer"} & set(resource)


@pytest.mark.parametrize("name", ["patient", "everything", "immunization"])
def test_hidden_resource_answers_like_an_absent_one(world, name):
    key = world.hidden.public_id if name == "immunization" else world.stranger.public_id
    known = addresses(world)[name]
    own = str(world.dose.public_id if name == "immunization" else world.patient.public_id)

    for caller in (world.volunteer, world.holder):
        hidden = caller.get(known.replace(own, str(key)))
        absent = caller.get(known.replace(own, ABSENT))

        assert hidden.status_code == absent.status_code == 404
        assert hidden.content == absent.content
        assert codes(hidden) == ["not-found"]
        assert entries(hidden) == []


@pytest.mark.parametrize("role", ["Logistics", "Analytics", "Sales", "User manager"])
def test_role_without_patients_is_refused_before_the_look_up(world, validator, role):
    caller = Caller(make.make_user(role))

    for name in ("patient", "everything", "immunization"):
        for address in (addresses(world)[name], f"{FHIR}{name.title()}/{ABSENT}"):
            if "Everything" in address:
                continue
            answer = caller.get(address)
            assert (answer.status_code, codes(answer)) == (403, ["forbidden"])
            assert validator.faults(answer.json()) == []


def test_nobody_signed_in_is_told_how(world, client):
    for address in addresses(world).values():
        answer = client.get(address)

        assert (answer.status_code, answer["Content-Type"]) == (401, JSON)
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert codes(answer) == ["login"]


@pytest.mark.parametrize(
    ("name", "what"),
    [("patient", "record"), ("immunization", "record"), ("everything", "passport")],
)
def test_reading_leaves_an_entry(world, name, what):
    for caller in (world.volunteer, world.holder):
        answer = caller.get(addresses(world)[name])

        assert entries(answer) == [(world.patient.pk, "patient.read", [what], "api")]


def test_read_that_cannot_be_noted_is_refused(world, monkeypatch):
    def full(*args, **options):
        raise OSError("no space left")

    monkeypatch.setattr(reading.entries, "run", full)
    world.volunteer.client.raise_request_exception = False

    for name in ("patient", "immunization", "everything"):
        answer = world.volunteer.get(addresses(world)[name])
        assert answer.status_code == 500
        assert "Östberg" not in answer.content.decode()


def kinds_in(bundle):
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


def test_everything_of_a_patient_names_what_it_refers_to(world):
    doses.void_dose(by=world.user, dose=world.dose, version=1, reason="Wrong arm")

    bundle = world.keeper.get(addresses(world)["everything"]).json()

    assert kinds_in(bundle) == [
        "Patient",
        "Immunization",
        "Organization",
        "Location",
        "Practitioner",
    ]
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match"] * 2 + ["include"] * 3
    assert str(world.hidden.public_id) not in str(bundle)


def test_everything_leaves_out_what_the_role_never_reads(world):
    bundle = world.holder.get(addresses(world)["everything"]).json()

    assert kinds_in(bundle) == ["Patient", "Immunization", "Location"]
    assert world.holder.get(addresses(world)["organization"]).status_code == 403


def test_merged_patient_leads_to_the_one_that_remains(world, validator):
    double = make.make_patient(clinic=world.clinic, last_name="Ostberg")
    old = f"{FHIR}Patient/{double.public_id}"
    merges.merge_patients(
        by=make.system(), survivor=world.patient, duplicate=double, version=1, reason="Same"
    )
    link = [{"other": {"reference": f"Patient/{world.patient.public_id}"}, "type": "replaced-by"}]

    for caller in (world.volunteer, world.keeper):
        answer = caller.get(old)
        resource = answer.json()
        assert validator.faults(resource) == []
        assert (resource["active"], resource["link"]) == (False, link)
        assert entries(answer)
    nobody = Caller(make.make_user(PATIENT.name))
    assert nobody.get(old).status_code == 404


def test_reader_who_has_a_clinic_gets_nothing_again(world):
    for name in ("organization", "location", "practitioner"):
        address = addresses(world)[name]
        tag = world.keeper.get(address)["ETag"]

        again = world.keeper.get(address, if_none_match=tag)

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)


def test_immunization_is_never_taken_for_unchanged(world):
    answer = world.volunteer.get(addresses(world)["immunization"], if_none_match='W/"1"')

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
def test_method_that_there_is_not_is_refused(world, validator, method):
    for address in addresses(world).values():
        answer = world.keeper.send(method, address)

        assert (answer.status_code, codes(answer)) == (405, ["not-supported"])
        assert validator.faults(answer.json()) == []


def test_head_leaves_an_entry_like_get(world):
    answer = world.volunteer.client.head(addresses(world)["patient"])

    assert (answer.status_code, answer.content) == (200, b"")
    assert len(entries(answer)) == 1


@pytest.mark.parametrize("path", ["", "Observation", "Patient/x", "Patient/1/2", "$everything"])
def test_address_of_nothing_answers_with_an_outcome(world, client, path):
    assert codes(world.keeper.get(f"{FHIR}{path}")) == ["not-found"]
    assert client.get(f"{FHIR}{path}").status_code == 401


@pytest.mark.parametrize("format", ["json", "application/json", "application/fhir%2Bjson"])
def test_format_may_be_named_in_the_address(world, format):
    address = f"{addresses(world)['location']}?_format={format}"
    answer = world.keeper.client.get(address, headers={"accept": "text/html"})

    assert (answer.status_code, answer["Content-Type"]) == (200, JSON)


def test_plain_json_is_written_for_who_asks_for_it(world):
    address = addresses(world)["location"]
    plain = world.keeper.client.get(address, headers={"accept": "application/json"})
    versioned = "application/fhir+json; fhirVersion=4.0"

    assert plain["Content-Type"] == "application/json"
    assert world.keeper.client.get(address, headers={"accept": versioned}).status_code == 200


def test_xml_is_not_written(world, validator):
    address = addresses(world)["location"]
    for answer in (
        world.keeper.get(f"{address}?_format=xml"),
        world.keeper.client.get(address, headers={"accept": "application/fhir+xml"}),
    ):
        assert (answer.status_code, codes(answer)) == (406, ["not-supported"])
        assert validator.faults(answer.json()) == []


def test_capabilities_are_public_and_valid(client, db, validator):
    answer = client.get(f"{FHIR}metadata")
    resource = answer.json()

    assert (answer.status_code, answer["Content-Type"]) == (200, JSON)
    assert validator.faults(resource) == []
    assert resource["implementation"]["url"] == "http://testserver/fhir/R4"
    assert [each["type"] for each in resource["rest"][0]["resource"]] == [
        "Patient",
        "Immunization",
        "Organization",
        "Location",
        "Practitioner",
    ]
