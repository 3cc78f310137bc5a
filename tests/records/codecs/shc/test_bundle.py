"""What the bundle of a card is read to say."""

import pytest

from records.codecs import shc
from records.codecs.credentials import Kind, Malformed, Person, StatedDose
from tests.records.codecs.shc.values import (
    IMMUNIZATION,
    OBSERVATION,
    PATIENT,
    sealed,
    with_bundle,
)

CVX = "http://hl7.org/fhir/sid/cvx"


def read(claims):
    return shc.read(sealed(claims)).statement


def read_dose(**changes):
    return read(with_bundle(PATIENT, IMMUNIZATION | changes)).doses[0]


def read_person(**changes):
    return read(with_bundle(PATIENT | changes, IMMUNIZATION)).person


def refused(claims, words="."):
    with pytest.raises(Malformed, match=words):
        shc.read(sealed(claims))


@pytest.mark.parametrize("type", ["collection", "document", "batch"])
def test_bundle_has_any_type_of_fhir(type):
    assert read(with_bundle(PATIENT, IMMUNIZATION, type=type)).doses


def test_other_resources_and_members_are_left_alone():
    location = {"resourceType": "Location", "name": "X", "position": [1, {"y": None}]}
    more = IMMUNIZATION | {
        "isSubpotent": False,
        "meta": {"security": [{"code": "IAL2"}]},
        "x": [[]],
    }

    assert len(read(with_bundle(PATIENT, location, more)).doses) == 1


@pytest.mark.parametrize(
    "claims",
    [
        with_bundle(),
        with_bundle(PATIENT),
        with_bundle(IMMUNIZATION),
        with_bundle(PATIENT, PATIENT, IMMUNIZATION),
        with_bundle(PATIENT, {"resourceType": "Condition"}),
        with_bundle(PATIENT, IMMUNIZATION, resourceType="Parameters"),
        with_bundle(PATIENT, IMMUNIZATION, type=None),
        with_bundle(PATIENT, IMMUNIZATION, type=7),
        with_bundle(PATIENT, IMMUNIZATION, type="list"),
        with_bundle(PATIENT, IMMUNIZATION, entry=None),
        with_bundle(PATIENT, IMMUNIZATION, entry={}),
        with_bundle(PATIENT, IMMUNIZATION, entry=[None]),
        with_bundle(PATIENT, IMMUNIZATION, entry=["x"]),
        with_bundle(PATIENT, IMMUNIZATION, entry=[[]]),
        with_bundle(PATIENT, IMMUNIZATION, []),
        with_bundle(PATIENT, IMMUNIZATION, "Patient"),
        with_bundle(PATIENT, IMMUNIZATION, {"resourceType": ["Patient"]}),
    ],
)
def test_bundle_that_is_none_or_says_nothing_is_refused(claims):
    refused(claims)


@pytest.mark.parametrize("status", ["not-done", "entered-in-error"])
def test_dose_that_was_not_given_is_not_stated(status):
    other = IMMUNIZATION | {"status": status}

    assert len(read(with_bundle(PATIENT, IMMUNIZATION, other)).doses) == 1
    refused(with_bundle(PATIENT, other), "no completed immunization")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": None},
        {"status": "done"},
        {"status": "Completed"},
        {"status": ["completed"]},
        {"vaccineCode": None},
        {"vaccineCode": {}},
        {"vaccineCode": []},
        {"vaccineCode": "03"},
        {"vaccineCode": {"coding": {}}},
        {"vaccineCode": {"coding": [{"system": CVX}]}},
        {"vaccineCode": {"coding": [{"system": CVX, "code": 3}]}},
        {"vaccineCode": {"coding": [{"system": 3, "code": "03"}]}},
        {"vaccineCode": {"coding": ["03"]}},
        {"occurrenceDateTime": None},
        {"occurrenceDateTime": ""},
        {"occurrenceDateTime": 2020},
        {"occurrenceDateTime": "5/17/2020"},
        {"occurrenceDateTime": "20200517"},
        {"occurrenceDateTime": "2020-5-17"},
        {"occurrenceDateTime": "2020-02-30"},
        {"occurrenceDateTime": "2020-13"},
        {"occurrenceDateTime": "2020-W20-7"},
        {"occurrenceDateTime": "0000-01-01"},
        {"occurrenceDateTime": "2020-05-17 10:00"},
        {"occurrenceDateTime": "2020-05-17Tnoon"},
        {"occurrenceDateTime": "2020-05-1\u0667"},
        {"lotNumber": 7},
        {"lotNumber": ["A"]},
        {"performer": {}},
        {"performer": ["A"]},
        {"performer": [{"actor": "A"}]},
        {"performer": [{"actor": {"display": 7}}]},
        {"protocolApplied": {}},
        {"protocolApplied": [{"doseNumberPositiveInt": 0}]},
        {"protocolApplied": [{"doseNumberPositiveInt": "1"}]},
        {"protocolApplied": [{"doseNumberPositiveInt": True}]},
        {"protocolApplied": [{"seriesDosesPositiveInt": 1.5}]},
        {"protocolApplied": [{"targetDisease": "x"}]},
    ],
)
def test_dose_that_breaks_fhir_is_refused(changes):
    refused(with_bundle(PATIENT, IMMUNIZATION | changes))


def test_dose_with_the_least_is_read():
    assert read_dose() == StatedDose(day="2020-05-17", vaccine="03", vaccine_system=CVX)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2020-05-17", "2020-05-17"),
        ("2020-05", "2020-05"),
        ("2020", "2020"),
        ("2020-05-17T10:30:00Z", "2020-05-17"),
        ("2020-05-17T10:30:00.000-04:00", "2020-05-17"),
        ("2020-05-17T10:30:00", "2020-05-17"),
        ("2020-02-29", "2020-02-29"),
    ],
)
def test_day_of_a_dose_is_as_exact_as_it_is_written(written, day):
    assert read_dose(occurrenceDateTime=written).day == day


def test_dose_with_a_described_time_is_read():
    dose = dict(IMMUNIZATION, occurrenceString="in childhood")
    del dose["occurrenceDateTime"]

    assert read(with_bundle(PATIENT, dose)).doses[0].day == "in childhood"


def test_cvx_is_preferred_among_codes():
    other = {"system": "http://snomed.info/sct", "code": "871831003"}
    cvx = {"system": CVX, "code": "03", "display": "MMR"}

    assert read_dose(vaccineCode={"coding": [other, cvx]}).vaccine == "03"
    dose = read_dose(vaccineCode={"coding": [{"system": CVX}, other]})
    assert (dose.vaccine_system, dose.vaccine) == (other["system"], other["code"])


def test_vaccine_that_is_only_named_is_read():
    assert read_dose(vaccineCode={"text": "MMR"}).vaccine == "MMR"


def test_series_is_read():
    disease = {"coding": [{"system": "http://snomed.info/sct", "code": "840539006"}]}
    applied = {"targetDisease": [disease], "doseNumberPositiveInt": 2, "seriesDosesPositiveInt": 3}
    dose = read_dose(protocolApplied=[applied])

    assert (dose.disease, dose.number, dose.series) == ("840539006", 2, 3)


def test_performer_without_a_name_is_none():
    assert read_dose(performer=[{"actor": {"reference": "resource:9"}}]).performer == ""
    assert read_dose(performer=[{}]).performer == ""
    assert read_dose(performer=[]).performer == ""


@pytest.mark.parametrize(
    ("names", "person"),
    [
        ([{"family": "Doe", "given": ["Jo", "B."]}], ("Doe", "Jo B.")),
        ([{"family": "Doe"}], ("Doe", "")),
        ([{"given": ["Jo"]}], ("", "Jo")),
        ([{"given": [None, "Jo"], "_given": [{"extension": []}, None]}], ("", "Jo")),
        ([{"text": "Jo Doe"}], ("Jo Doe", "")),
        ([{"family": "Doe", "text": "Jo Doe"}], ("Doe", "")),
        ([{"family": "Old", "use": "old"}, {"family": "Doe", "use": "official"}], ("Doe", "")),
        ([{"family": "Nick"}, {"family": "Doe", "use": "usual"}], ("Doe", "")),
        ([{"family": "Doe"}, {"family": "Roe"}], ("Doe", "")),
        ([], ("", "")),
        (None, ("", "")),
    ],
)
def test_name_of_a_person_is_the_official_one(names, person):
    assert (read_person(name=names).family, read_person(name=names).given) == person


@pytest.mark.parametrize("written", ["1951-01-20", "1951-01", "1951"])
def test_birth_date_is_as_exact_as_it_is_written(written):
    assert read_person(birthDate=written).birth_date == written


def test_birth_date_may_be_unknown():
    assert read_person(birthDate=None).birth_date == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"birthDate": "20/01/1951"},
        {"birthDate": "1951-02-29"},
        {"birthDate": "1951-01-20T00:00:00Z"},
        {"birthDate": 1951},
        {"name": {"family": "Doe"}},
        {"name": "Doe"},
        {"name": ["Doe"]},
        {"name": [{"family": ["Doe"]}]},
        {"name": [{"given": "Jo"}]},
        {"name": [{"given": [7]}]},
        {"name": [{"use": ["official"]}, {"family": 7}], "birthDate": "x"},
    ],
)
def test_person_that_breaks_fhir_is_refused(changes):
    refused(with_bundle(PATIENT | changes, IMMUNIZATION))


def test_test_result_is_read():
    statement = read(with_bundle(PATIENT, OBSERVATION))

    assert statement.kind == Kind.TEST
    assert statement.doses == ()
    assert statement.person == Person("Doe", "Jo", birth_date="1951-01-20")
    assert statement.details == (
        ("status", "final"),
        ("code", "94558-4"),
        ("effective", "2021-02-17"),
        ("value", "260373001"),
        ("performer", "ABC General Hospital"),
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"valueString": "negative"}, "negative"),
        ({"valueQuantity": {"value": 12.5, "unit": "IU/mL"}}, "12.5 IU/mL"),
        ({"valueQuantity": {"value": 0}}, "0"),
        ({"valueQuantity": {"unit": "IU/mL"}}, None),
        ({}, None),
    ],
)
def test_test_result_is_shown_as_it_is_written(value, shown):
    observation = {"resourceType": "Observation", "code": {"text": "titre"}} | value

    assert dict(read(with_bundle(PATIENT, observation)).details).get("value") == shown


def test_test_result_beside_a_dose_is_a_detail():
    statement = read(with_bundle(PATIENT, IMMUNIZATION, OBSERVATION))

    assert statement.kind == Kind.VACCINATION
    assert dict(statement.details)["code"] == "94558-4"


def test_test_result_of_nothing_is_refused():
    refused(with_bundle(PATIENT, OBSERVATION | {"code": None}), "Observation")
    refused(with_bundle(PATIENT, OBSERVATION | {"valueString": 7, "valueCodeableConcept": None}))


def test_refusals_hold_no_value_of_the_card():
    claims = with_bundle(PATIENT | {"birthDate": "Rumpelstiltskin"}, IMMUNIZATION)

    with pytest.raises(Malformed) as refusal:
        shc.read(sealed(claims))
    assert "Rumpelstiltskin" not in repr(refusal.value)
