"""A token reads and writes what its scopes name, and never more than the role."""

import pytest
from rest_framework.test import APIClient

from records.models import Dose

FHIR = "/fhir/R4/"


class Token:
    def __init__(self, *scopes):
        self.scopes = set(scopes)

    def allow_scopes(self, scopes):
        return set(scopes) <= self.scopes


@pytest.fixture
def ask(world):
    """Return a function that gives a client with a token of these scopes."""

    def client(*scopes, user=None):
        caller = APIClient()
        caller.force_authenticate(user or world.keeper.user, Token(*scopes))
        return caller

    return client


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("patient", {"patients:read"}),
        ("immunization", {"doses:read"}),
        ("everything", {"patients:read", "doses:read"}),
        ("organization", {"reference:read"}),
        ("location", {"reference:read"}),
        ("practitioner", {"staffing:read"}),
    ],
)
def test_each_read_needs_its_scopes(world, ask, name, scopes):
    address = {
        "patient": f"Patient/{world.patient.public_id}",
        "immunization": f"Immunization/{world.dose.public_id}",
        "everything": f"Patient/{world.patient.public_id}/$everything",
        "organization": f"Organization/{world.lot.manufacturer.public_id}",
        "location": f"Location/{world.clinic.public_id}",
        "practitioner": f"Practitioner/{world.user.volunteer.public_id}",
    }[name]

    assert ask(*scopes).get(FHIR + address).status_code == 200
    for lacking in scopes:
        writing = {scope.replace("read", "write") for scope in scopes}
        answer = ask(*(scopes - {lacking}), *writing).get(FHIR + address)
        assert answer.status_code == 403
        assert answer.json()["issue"][0]["code"] == "forbidden"


def test_search_brings_beside_it_only_what_the_token_reads(world, ask):
    wanted = "_include=Immunization:patient&_include=Immunization:location"
    address = f"{FHIR}Immunization?{wanted}"

    def kinds(*scopes):
        entries = ask("doses:read", *scopes).get(address).json()["entry"]
        return {entry["resource"]["resourceType"] for entry in entries}

    assert kinds() == {"Immunization"}
    assert kinds("reference:read") == {"Immunization", "Location"}
    assert kinds("patients:read") == {"Immunization", "Patient"}


def test_everything_brings_beside_it_only_what_the_token_reads(world, ask):
    address = f"{FHIR}Patient/{world.patient.public_id}/$everything"
    entries = ask("doses:read", "patients:read").get(address).json()["entry"]

    assert [entry["resource"]["resourceType"] for entry in entries] == ["Patient", "Immunization"]


def test_recording_needs_to_write_doses(world, ask, report):
    user = world.user

    reading = ask("doses:read", user=user).post(f"{FHIR}Immunization", report(), format="json")
    before = Dose.objects.count()
    writing = ask("doses:write", user=user).post(f"{FHIR}Immunization", report(), format="json")

    assert (reading.status_code, writing.status_code) == (403, 201)
    assert Dose.objects.count() == before + 1


def test_wide_token_widens_no_role(world, ask):
    all_scopes = [f"{name}:{way}" for name in ("doses", "patients") for way in ("read", "write")]
    caller = ask(*all_scopes, user=world.holder.user)

    assert caller.get(f"{FHIR}Immunization/{world.hidden.public_id}").status_code == 404
    assert caller.post(f"{FHIR}Immunization", {}, format="json").status_code == 403
