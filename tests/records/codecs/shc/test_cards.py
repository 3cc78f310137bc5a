"""What a new card says: no more than the vaccination guide asks, and in its forms."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs import shc
from records.codecs.credentials import Person, StatedDose, signed_by
from tests.records.codecs.shc.values import (
    DOSES,
    ISSUED_AT,
    ISSUER,
    KEY,
    PERSON,
    PUBLIC,
    RID,
    doses,
    part,
    payload,
    people,
)


def resources(person=PERSON, given_doses=DOSES):
    claims = shc.payload(ISSUER, ISSUED_AT, person, given_doses, RID)
    entries = claims["vc"]["credentialSubject"]["fhirBundle"]["entry"]
    return [entry["resource"] for entry in entries]


def immunization(**changes):
    return resources(given_doses=[DOSES[0]._replace(**changes)])[1]


def test_payload_holds_the_claims_of_the_specification():
    claims = payload()
    subject = claims["vc"]["credentialSubject"]

    assert list(claims) == ["iss", "nbf", "vc"]
    assert claims["iss"] == ISSUER
    assert claims["nbf"] == 1772368200
    assert claims["vc"]["type"] == ["https://smarthealth.cards#health-card"]
    assert claims["vc"]["rid"] == RID
    assert subject["fhirVersion"] == "4.0.1"
    assert [entry["fullUrl"] for entry in subject["fhirBundle"]["entry"]] == [
        "resource:0",
        "resource:1",
        "resource:2",
    ]


def test_bundle_holds_the_least():
    assert resources() == [
        {
            "resourceType": "Patient",
            "name": [{"family": "Nguyễn", "given": ["Anna María"]}],
            "birthDate": "1951-01-20",
        },
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "207"}]},
            "patient": {"reference": "resource:0"},
            "occurrenceDateTime": "2021-01-04",
            "lotNumber": "0000001",
            "performer": [{"actor": {"display": "Clinic by the Sea"}}],
        },
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "207"}]},
            "patient": {"reference": "resource:0"},
            "occurrenceDateTime": "2021-02-01",
            "lotNumber": "0000007",
        },
    ]


def test_what_a_card_has_no_place_for_is_left_out():
    dose = StatedDose(
        day="2021-01-04",
        vaccine="207",
        disease="840539006",
        product="EU/1/20/1507",
        holder="ORG-100031184",
        number=1,
        series=2,
        country="NL",
    )

    assert set(resources(given_doses=[dose])[1]) == {
        "resourceType",
        "status",
        "vaccineCode",
        "patient",
        "occurrenceDateTime",
    }


def test_payload_is_minified_and_deflated():
    body = shc.write(payload(), KEY).split(".")[1]
    raw = zlib.decompress(base64.urlsafe_b64decode(body + "=="), -15)

    assert raw == json.dumps(payload(), separators=(",", ":"), ensure_ascii=False).encode()


def test_unknown_parts_of_a_person_are_left_out():
    patient = resources(Person("", "Jo"))[0]

    assert patient == {"resourceType": "Patient", "name": [{"given": ["Jo"]}]}


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("EW0150", "EW0150"),
        ("  EW0150 ", "EW0150"),
        ("Lot EW0150", "EW0150"),
        ("LOT# EW0150", "EW0150"),
        ("lot: EW0150", "EW0150"),
        ("Lot.EW0150", "EW0150"),
        ("x" * 19, "x" * 19),
        ("x" * 20, None),
        ("", None),
        ("lot", None),
        ("PLOT7", None),
        ("EW 0150 lot", None),
    ],
)
def test_lot_number_is_short_and_without_the_word(number, written):
    assert immunization(lot_number=number).get("lotNumber") == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Clinic by the Sea", "Clinic by the Sea"),
        ("x" * 29, "x" * 29),
        ("x" * 30, "x" * 29),
        ("Clinic of the Twenty-eight   Friends", "Clinic of the Twenty-eight"),
    ],
)
def test_name_of_a_performer_is_short(name, written):
    assert immunization(performer=name)["performer"] == [{"actor": {"display": written}}]


@pytest.mark.parametrize("name", ["", "  "])
def test_performer_without_a_name_is_left_out(name):
    assert "performer" not in immunization(performer=name)


@given(people, doses, st.text("-_aZ9", min_size=1, max_size=24))
def test_written_card_is_read_back(person, given_doses, rid):
    card = shc.write(shc.payload(ISSUER, ISSUED_AT, person, given_doses, rid), KEY)
    code = shc.read(shc.numeric(card))

    assert signed_by(code, PUBLIC)
    assert code.signed + b"." + part(code.signature).encode() == card.encode()
    assert code.statement.identifier == rid
    assert code.statement.person == person
    assert [(dose.day, dose.vaccine) for dose in code.statement.doses] == [
        (dose.day, dose.vaccine) for dose in given_doses
    ]
    for read, written in zip(code.statement.doses, given_doses, strict=True):
        assert read.lot_number == written.lot_number
        assert len(read.performer) < 30
        assert written.performer.startswith(read.performer)
