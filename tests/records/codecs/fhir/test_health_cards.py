"""What ``$health-cards-issue`` is asked for, and what it answers."""

import pytest

from records.codecs.fhir.elements import Unreadable
from records.codecs.fhir.health_cards import asks_for_doses, issued


def parameters(*types, **more):
    listed = [{"name": "credentialType", "valueUri": each} for each in types]
    return {"resourceType": "Parameters", "parameter": listed, **more}


def with_parameter(parameter):
    resource = parameters("Immunization")
    resource["parameter"].append(parameter)
    return resource


@pytest.mark.parametrize(
    ("types", "asks"),
    [
        (["Immunization"], True),
        (["Immunization", "Patient"], True),
        (["#immunization"], True),
        (["https://smarthealth.cards#immunization"], True),
        (["https://smarthealth.cards#health-card"], True),
        (["Observation"], False),
        (["https://smarthealth.cards#laboratory"], False),
        (["Immunization", "Observation"], False),  # cards that have both (logical AND)
    ],
)
def test_card_of_vaccinations_is_what_these_types_ask_for(types, asks):
    assert asks_for_doses(parameters(*types)) is asks


@pytest.mark.parametrize(
    "optional",
    [
        {"name": "credentialValueSet", "valueUri": "https://example.org/ValueSet/x"},
        {"name": "includeIdentityClaim", "valueString": "Patient.name"},
        {"name": "_since", "valueDateTime": "2021-03"},
    ],
)
def test_optional_parameter_may_stand_there(optional):
    assert asks_for_doses(with_parameter(optional))


@pytest.mark.parametrize(
    ("resource", "path", "code"),
    [
        ({"resourceType": "Patient"}, "Parameters.resourceType", "invalid"),
        ({}, "Parameters.resourceType", "required"),
        ([], "Parameters", "structure"),
        (parameters(), "Parameters.parameter", "required"),
        (parameters("Coverage"), "Parameters.parameter[0].valueUri", "not-supported"),
        (parameters("immunization"), "Parameters.parameter[0].valueUri", "not-supported"),
        (
            parameters("https://smarthealth.cards#covid19"),
            "Parameters.parameter[0].valueUri",
            "not-supported",
        ),
        (
            with_parameter({"name": "credentialType"}),
            "Parameters.parameter[1].valueUri",
            "required",
        ),
        (
            with_parameter({"name": "credentialType", "valueString": "Immunization"}),
            "Parameters.parameter[1].valueString",
            "not-supported",
        ),
        (
            with_parameter({"name": "holderDid", "valueUri": "did:x"}),
            "Parameters.parameter[1].name",
            "not-supported",
        ),
        (
            with_parameter({"name": "_since", "valueDate": "2021-03"}),
            "Parameters.parameter[1].valueDateTime",
            "required",
        ),
        (parameters("Immunization", contained=[]), "Parameters.contained", "not-supported"),
        (parameters(*["Immunization"] * 21), "Parameters.parameter", "too-long"),
    ],
)
def test_what_cannot_be_read_is_named(resource, path, code):
    with pytest.raises(Unreadable) as caught:
        asks_for_doses(resource)

    assert (path, code) in [(fault.path, fault.code) for fault in caught.value.faults]


def test_answer_names_every_card(validator):
    resource = issued(["a.b.c", "d.e.f"])

    assert validator.faults(resource) == []
    assert [each["valueString"] for each in resource["parameter"]] == ["a.b.c", "d.e.f"]
    assert {each["name"] for each in resource["parameter"]} == {"verifiableCredential"}


def test_answer_without_a_card_has_no_parameter(validator):
    assert issued([]) == {"resourceType": "Parameters"}
    assert validator.faults(issued([])) == []
