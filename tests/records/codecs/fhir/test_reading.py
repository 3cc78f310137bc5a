"""An Immunization that somebody sent is read whole or refused by name."""

import copy
import datetime as dt

import pytest

from records.codecs.fhir.elements import Unreadable
from records.codecs.fhir.reading import read_immunization
from records.codecs.fhir.terms import CVX, MVX_BEFORE, Identifier, system_of, uri_of

KEY = "00000000-0000-4000-8000-000000000001"
LEAST = {
    "resourceType": "Immunization",
    "status": "completed",
    "vaccineCode": {"coding": [{"system": CVX, "code": "208"}]},
    "patient": {"reference": f"Patient/{KEY}"},
    "occurrenceDateTime": "2026-01-02",
    "primarySource": False,
}


def faults_of(**changes):
    resource = copy.deepcopy(LEAST) | changes
    with pytest.raises(Unreadable) as caught:
        read_immunization({name: part for name, part in resource.items() if part is not None})
    return [(fault.path, fault.code) for fault in caught.value.faults]


def test_least_that_is_needed_is_read():
    given = read_immunization(LEAST)

    assert (given.patient, given.cvx_code, given.occurred_on) == (KEY, "208", dt.date(2026, 1, 2))


@pytest.mark.parametrize(
    "name", ["status", "vaccineCode", "patient", "occurrenceDateTime", "primarySource"]
)
def test_what_is_needed_and_missing_is_named(name):
    assert (f"Immunization.{name}", "required") in faults_of(**{name: None})


@pytest.mark.parametrize("name", ["note", "reaction", "encounter", "modifierExtension", "_status"])
def test_element_that_would_be_lost_is_named(name):
    assert faults_of(**{name: [{"text": "x"}]}) == [(f"Immunization.{name}", "not-supported")]


def test_element_that_would_be_lost_deeper_down_is_named():
    coding = {"system": CVX, "code": "208", "extension": [{"url": "x"}]}

    assert faults_of(vaccineCode={"coding": [coding]}) == [
        ("Immunization.vaccineCode.coding[0].extension", "not-supported")
    ]


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("status", 1, "status"),
        ("status", " ", "status"),
        ("primarySource", "true", "primarySource"),
        ("patient", "Patient/1", "patient"),
        ("patient", {"reference": f"Location/{KEY}"}, "patient.reference"),
        ("patient", {"reference": "https://elsewhere/Patient/1"}, "patient.reference"),
        ("patient", {"display": "Ada"}, "patient.reference"),
        ("occurrenceDateTime", "2026", "occurrenceDateTime"),
        ("occurrenceDateTime", "2026-02-30", "occurrenceDateTime"),
        ("occurrenceDateTime", "2026-01-02T10:00", "occurrenceDateTime"),
        ("vaccineCode", {"coding": [{"system": "x:y", "code": "208"}]}, "vaccineCode"),
        ("vaccineCode", {"text": "Flu"}, "vaccineCode"),
        ("performer", {"actor": {}}, "performer"),
        ("performer", [{}], "performer[0].actor"),
        ("performer", ["x"], "performer[0]"),
        ("manufacturer", {"display": "Pfizer"}, "manufacturer"),
        ("identifier", [{"value": "1"}], "identifier[0].system"),
        ("resourceType", "Patient", "resourceType"),
        ("lotNumber", "x" * 2001, "lotNumber"),
        ("identifier", [{}] * 21, "identifier"),
    ],
)
def test_wrong_value_is_named(name, value, path):
    assert f"Immunization.{path}" in [found for found, _ in faults_of(**{name: value})]


def test_all_faults_are_named_at_once():
    assert len(faults_of(status=None, primarySource=1, note=[{}])) == 3


def test_refusal_of_a_flood_is_short():
    assert len(faults_of(**{f"x{number}": 1 for number in range(10_000)})) == 20


@pytest.mark.parametrize("value", [None, [], "x", 1, {}])
def test_no_resource_is_refused(value):
    with pytest.raises(Unreadable):
        read_immunization(value)


def test_two_identifiers_or_performers_are_not_kept():
    number = {"system": "urn:a", "value": "1"}
    actor = {"actor": {"reference": f"Practitioner/{KEY}"}}

    assert faults_of(identifier=[number, number]) == [("Immunization.identifier", "not-supported")]
    assert faults_of(performer=[actor, actor]) == [("Immunization.performer", "not-supported")]


def test_what_the_server_knows_itself_is_passed_over():
    derived = {"id": "x", "meta": {}, "recorded": "x", "protocolApplied": [], "text": {}}

    assert read_immunization(LEAST | derived) == read_immunization(LEAST)


def test_day_of_a_moment_is_the_one_at_its_place():
    late = LEAST | {"occurrenceDateTime": "2026-01-02T23:30:00-11:00"}

    assert read_immunization(late).occurred_on == dt.date(2026, 1, 2)


def test_reference_may_name_this_server():
    base = "https://vax.example/fhir/R4/"
    absolute = LEAST | {"patient": {"reference": f"{base}Patient/{KEY}"}}

    assert read_immunization(absolute, base).patient == KEY


def test_translations_of_the_vaccine_are_passed_over():
    ndc = {"system": "http://hl7.org/fhir/sid/ndc", "code": "59267-1000-1"}
    coded = LEAST | {"vaccineCode": {"coding": [ndc, {"system": CVX, "code": "208"}]}}

    assert read_immunization(coded).cvx_code == "208"


def test_former_system_of_manufacturers_is_read():
    number = {"system": MVX_BEFORE, "value": "PFR"}

    assert read_immunization(LEAST | {"manufacturer": {"identifier": number}}).mvx_code == "PFR"


def test_reason_is_kept_in_words():
    reason = {"coding": [{"system": "x:y", "code": "IMMUNE", "display": "immunity"}]}

    assert read_immunization(LEAST | {"statusReason": reason}).status_reason == "immunity"


@pytest.mark.parametrize(
    "name", ["clinic a/b", "urn:vaxpass:system:x", "https://example.org/x", "ß"]
)
def test_system_of_any_name_gets_a_uri_and_comes_back(name):
    assert system_of(uri_of(name)) == name
    number = {"system": uri_of(name), "value": "1"}
    assert read_immunization(LEAST | {"identifier": [number]}).number == Identifier(name, "1")
