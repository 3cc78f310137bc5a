"""What we write is FHIR R4 in the eyes of others, and they do notice what is not."""

import copy
import datetime as dt

import pytest
from fhirclient.models.patient import Patient as TheirPatient
from hypothesis import given, settings

from records.codecs.fhir import people
from records.codecs.fhir.answers import ISSUES, outcome, searchset
from records.codecs.fhir.capability import Operation, Type, capability_statement
from records.codecs.fhir.immunization import Given, Kept, immunization
from records.codecs.fhir.reading import read_immunization
from tests.records.codecs.fhir import values

MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=dt.UTC)
KEY = "00000000-0000-4000-8000-000000000001"
GIVEN = Given(
    patient=KEY,
    status="not-done",
    occurred_on=dt.date(2026, 1, 2),
    cvx_code="208",
    primary_source=True,
    status_reason="Fever",
    lot_number="L1",
    mvx_code="PFR",
    clinic=KEY,
    volunteer=KEY,
    site="LA",
    route="SC",
)
IMMUNIZATION = immunization(Kept(GIVEN, KEY, 1, MOMENT, MOMENT, positions={"840539006": 2}))
PATIENT = people.patient(
    people.Person(
        people.Version(KEY, 1, MOMENT),
        "Ada",
        "Example",
        dt.date(1980, 1, 2),
        "female",
        phone="1",
        active=False,
        merged_into=KEY,
    )
)


@given(kept=values.kepts)
@settings(deadline=None, max_examples=150)
def test_immunization_is_valid_and_says_what_was_given(validator, kept):
    resource = immunization(kept)

    assert validator.faults(resource) == []
    assert read_immunization(resource) == kept.given


@given(person=values.persons)
@settings(deadline=None, max_examples=100)
def test_patient_is_valid_and_reads_the_same_elsewhere(validator, person):
    resource = people.patient(person)

    assert validator.faults(resource) == []
    theirs = TheirPatient(resource)
    assert theirs.id == person.shown.id
    assert theirs.name[0].family == person.last_name
    assert theirs.birthDate.date == person.born_on
    assert (theirs.gender, theirs.active) == (person.gender, person.active)
    assert [number.value for number in theirs.identifier[1:]] == [
        number.value for number in person.numbers
    ]


@given(shown=values.versions, place=values.places, name=values.texts, code=values.codes)
@settings(deadline=None, max_examples=25)
def test_who_stands_around_is_valid(validator, shown, place, name, code):
    for resource in (
        people.organization(shown, name, "", place, active=False),
        people.organization(shown, name, code, place, active=True),
        people.location(shown, code, name, place, active=True),
        people.practitioner(shown, code, name, name),
        people.replaced_patient(shown.id, shown.id),
    ):
        assert validator.faults(resource) == []


def test_bundle_with_all_it_holds_is_valid(validator):
    base = "https://vax.example/fhir/R4/"
    links = {"self": f"{base}Immunization", "next": None}

    assert validator.faults(searchset(base, [], links=links)) == []
    bundle = searchset(base, [IMMUNIZATION], links=links, included=[PATIENT])
    assert validator.faults(bundle) == []
    assert bundle["entry"][1]["fullUrl"] == f"{base}Patient/{KEY}"


@pytest.mark.parametrize("status", [*ISSUES, 418, 503])
def test_outcome_of_any_refusal_is_valid(validator, status):
    plain = {"type": "urn:vaxpass:problem:x", "status": status, "detail": "No."}
    entry = {"field": "Immunization.lotNumber", "code": "lot_expired", "detail": "Too late."}

    assert validator.faults(outcome(plain)) == []
    assert validator.faults(outcome({**plain, "errors": [entry]})) == []


def test_capability_statement_is_valid(validator):
    types = (
        Type("Patient", ("read", "search-type"), (("family", "string", "Surname."),), ("A:b",)),
        Type("Location", ("read",), operations=(Operation("everything", "http://x"),)),
    )

    assert validator.faults(capability_statement("https://vax.example/", types)) == []


def put(*path, to):
    def mutate(resource):
        place = resource
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = to

    return mutate


def drop(*path):
    def mutate(resource):
        place = resource
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]

    return mutate


WRONG = {
    "status outside the required value set": put("status", to="done"),
    "no status": drop("status"),
    "no vaccine": drop("vaccineCode"),
    "no patient": drop("patient"),
    "no day": drop("occurrenceDateTime"),
    "no such day": put("occurrenceDateTime", to="2026-02-31"),
    "a day in words": put("occurrenceDateTime", to="yesterday"),
    "a day and words": put("occurrenceString", to="yesterday"),
    "an element of no standard": put("lot", to="L1"),
    "a truth value as text": put("primarySource", to="true"),
    "a list for one": put("site", to=[{"text": "arm"}]),
    "one for a list": put("performer", to={"actor": {"reference": f"Practitioner/{KEY}"}}),
    "position 0": put("protocolApplied", 0, "doseNumberPositiveInt", to=0),
    "no position": drop("protocolApplied", 0, "doseNumberPositiveInt"),
    "no performing actor": drop("performer", 0, "actor"),
    "a system that is no URI": put("vaccineCode", "coding", 0, "system", to="the CDC"),
    "a code with blanks": put("vaccineCode", "coding", 0, "code", to=" 208"),
    "a patient who is a place": put("patient", "reference", to=f"Location/{KEY}"),
    "a reference as text": put("patient", to=f"Patient/{KEY}"),
    "a moment without an offset": put("meta", "lastUpdated", to="2026-01-02T03:04:05"),
    "nothing in a list": put("identifier", to=[]),
    "an empty text": put("lotNumber", to=""),
    "an education without a source": put("education", to=[{"publicationDate": "2020"}]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_immunization_is_noticed(validator, name):
    resource = copy.deepcopy(IMMUNIZATION)
    assert validator.faults(resource) == []

    WRONG[name](resource)

    assert validator.faults(resource)


WRONG_PATIENT = {
    "gender outside the required value set": put("gender", to="F"),
    "use of a name outside it": put("name", 0, "use", to="real"),
    "system of a contact outside it": put("telecom", 0, "system", to="pigeon"),
    "kind of link outside it": put("link", 0, "type", to="merged"),
    "link to nowhere": drop("link", 0, "other"),
    "no such birth date": put("birthDate", to="1980-02-31"),
}


@pytest.mark.parametrize("name", WRONG_PATIENT)
def test_wrong_patient_is_noticed(validator, name):
    resource = copy.deepcopy(PATIENT)
    assert validator.faults(resource) == []

    WRONG_PATIENT[name](resource)

    assert validator.faults(resource)
