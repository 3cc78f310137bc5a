"""Recording a dose as an Immunization."""

import json

import pytest

from accounts.roles import PATIENT
from records.codecs.fhir.terms import CVX, MVX
from records.domain import doses
from records.models import AuditEntry, Dose, IdempotencyKey
from tests.records import factories as make
from tests.records.api.calling import Caller

ADDRESS = "/fhir/R4/Immunization"
ABSENT = "00000000-0000-4000-8000-000000000000"


def paths(answer):
    return {issue.get("expression", [None])[0] for issue in answer.json()["issue"]}


def codes(answer):
    return {issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]}


def post(world, resource, **headers):
    return world.volunteer.post(ADDRESS, resource, key=None, **headers)


def test_dose_given_here_is_recorded_and_answered(world, report, validator):
    answer = post(world, report(site={"coding": [{"system": SITES, "code": "LA"}]}))
    resource = answer.json()

    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"{ADDRESS}/{resource['id']}"
    assert answer["ETag"] == 'W/"1"'
    assert validator.faults(resource) == []
    dose = Dose.objects.get(public_id=resource["id"])
    assert (dose.patient, dose.lot, dose.clinic) == (world.patient, world.lot, world.clinic)
    assert (dose.volunteer, dose.site) == (world.user.volunteer, "LA")
    assert (dose.recorded_by, dose.dose_number) == (world.user, 2)
    assert resource["protocolApplied"][0]["doseNumberPositiveInt"] == 2
    assert (
        AuditEntry.objects.get(action="dose.recorded", subject_id=dose.public_id).channel == "api"
    )
    again = world.volunteer.get(f"{ADDRESS}/{resource['id']}")
    assert again.json() == resource


SITES = "http://terminology.hl7.org/CodeSystem/v3-ActSite"
ROUTES = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"


def test_what_was_read_can_be_sent_again(world):
    resource = world.volunteer.get(f"{ADDRESS}/{world.dose.public_id}").json()
    resource["occurrenceDateTime"] = make.days_ago(3).isoformat()

    answer = post(world, resource)

    assert answer.status_code == 201
    assert answer.json()["id"] != resource["id"]


def test_dose_of_elsewhere_needs_no_lot(world, report):
    answer = post(
        world,
        report(
            primarySource=False,
            lotNumber=None,
            location=None,
            performer=None,
            manufacturer=None,
            identifier=[{"system": "urn:oid:9.9", "value": "77"}],
            route={"coding": [{"system": ROUTES, "code": "SQ"}]},
        ),
    )

    dose = Dose.objects.get(public_id=answer.json()["id"])
    assert (dose.lot, dose.vaccine, dose.manufacturer) == (None, world.lot.vaccine, None)
    assert (dose.external_source, dose.external_id, dose.route) == ("urn:oid:9.9", "77", "SC")


def test_dose_that_was_not_given_has_a_reason(world, report, validator):
    kept = {"lotNumber": None, "performer": None, "manufacturer": None}
    answer = post(world, report(status="not-done", statusReason={"text": "Fever"}, **kept))
    missing = post(world, report(status="not-done", **kept))

    assert (answer.status_code, answer.json()["statusReason"]) == (201, {"text": "Fever"})
    assert "protocolApplied" not in answer.json()
    assert validator.faults(answer.json()) == []
    assert (missing.status_code, paths(missing)) == (422, {"Immunization.statusReason"})


def test_manufacturer_may_be_named_either_way_or_left_out(world, report):
    maker = {"reference": f"Organization/{world.lot.manufacturer.public_id}"}
    for day, manufacturer in enumerate((maker, None), start=1):
        occurred = make.days_ago(day).isoformat()
        answer = post(world, report(manufacturer=manufacturer, occurrenceDateTime=occurred))
        assert answer.status_code == 201


def test_lot_number_of_several_makers_needs_the_maker(world, report):
    make.make_lot(number="L1", vaccine=world.lot.vaccine)

    unclear = post(world, report(manufacturer=None))

    assert (unclear.status_code, paths(unclear)) == (422, {"Immunization.lotNumber"})
    assert post(world, report()).status_code == 201


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"vaccineCode": {"coding": [{"system": CVX, "code": "999"}]}}, "vaccineCode"),
        ({"lotNumber": "L9"}, "lotNumber"),
        ({"manufacturer": {"identifier": {"system": MVX, "value": "MOD"}}}, "manufacturer"),
        ({"patient": {"reference": f"Patient/{ABSENT}"}}, "patient"),
        ({"patient": {"reference": "Patient/ada"}}, "patient"),
        ({"location": {"reference": f"Location/{ABSENT}"}}, "location"),
        ({"performer": [{"actor": {"reference": f"Practitioner/{ABSENT}"}}]}, "performer"),
        ({"status": "entered-in-error", "statusReason": {"text": "x"}}, "status"),
        ({"status": "given"}, "status"),
        ({"site": {"coding": [{"system": SITES, "code": "ZZ"}]}}, "site"),
        ({"occurrenceDateTime": "2999-01-01"}, "occurrence"),
        ({"location": None}, "location"),
        ({"note": [{"text": "Fainted"}]}, "note"),
        ({"identifier": [{"system": "urn:x", "value": "v" * 101}]}, "identifier"),
    ],
)
def test_what_cannot_be_recorded_is_refused_by_element(world, report, validator, changes, path):
    before = Dose.objects.count()

    answer = post(world, report(**changes))

    assert (answer.status_code, paths(answer)) == (422, {f"Immunization.{path}"})
    assert validator.faults(answer.json()) == []
    assert Dose.objects.count() == before


def test_vaccine_that_is_not_the_lots_is_refused(world, report):
    make.make_vaccine(cvx_code="207")
    coded = {"coding": [{"system": CVX, "code": "207"}]}

    answer = post(world, report(vaccineCode=coded))

    assert (answer.status_code, paths(answer)) == (422, {"Immunization.lotNumber"})


def test_hidden_records_are_refused_like_absent_ones(world, report):
    other = make.make_volunteer(world.clinic)
    for element, kind, hidden in (
        ("patient", "Patient", world.stranger.public_id),
        ("performer", "Practitioner", other.public_id),
    ):
        answers = []
        for key in (hidden, ABSENT):
            reference = {"reference": f"{kind}/{key}"}
            value = [{"actor": reference}] if element == "performer" else reference
            answers.append(post(world, report(**{element: value})))
        assert answers[0].status_code == answers[1].status_code == 422
        assert answers[0].content == answers[1].content


def test_dose_at_a_clinic_of_others_is_forbidden(world, report):
    reference = {"reference": f"Location/{world.elsewhere.public_id}"}

    assert post(world, report(location=reference)).status_code == 403


def test_only_who_records_doses_may_report(world, report):
    resource = report()
    for role in ("Logistics", "Analytics", "Sales", "User manager", PATIENT.name):
        answer = Caller(make.make_user(role)).post(ADDRESS, resource, key=None)
        assert answer.status_code == 403
    assert world.holder.post(ADDRESS, {"nonsense": 1}, key=None).status_code == 403


def test_what_a_person_has_to_judge_is_asked_and_confirmed(world, report, validator):
    vaccine = world.lot.vaccine
    type(vaccine).objects.filter(pk=vaccine.pk).update(min_interval_days=60)

    asked = post(world, report())
    wrong = post(world, report(), confirmed="lot_recalled_since")
    confirmed = post(world, report(), confirmed="lot_recalled_since, short_interval")

    assert (asked.status_code, codes(asked)) == (409, {"short_interval"})
    assert validator.faults(asked.json()) == []
    assert wrong.status_code == 409
    assert confirmed.status_code == 201


def test_identifier_that_is_taken_is_a_conflict(world, report):
    number = [{"system": "urn:oid:9.9", "value": "77"}]
    assert post(world, report(identifier=number)).status_code == 201

    days = {"occurrenceDateTime": make.days_ago(5).isoformat()}
    answer = post(world, report(identifier=number, **days))

    assert answer.status_code == 409
    assert Dose.objects.filter(external_id="77").count() == 1


def test_repeated_key_records_once_and_answers_the_same(world, report):
    resource = report()
    first = world.volunteer.post(ADDRESS, resource, key="k")
    doses.void_dose(
        by=world.user,
        dose=Dose.objects.get(public_id=first.json()["id"]),
        version=1,
        reason="Wrong arm",
    )

    again = world.volunteer.post(ADDRESS, resource, key="k")
    other = world.volunteer.post(ADDRESS, report(lotNumber="L9"), key="k")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.content == again.content
    assert {name: again[name] for name in ("ETag", "Location", "Last-Modified")} == {
        name: first[name] for name in ("ETag", "Location", "Last-Modified")
    }
    assert Dose.objects.count() == 3
    assert AuditEntry.objects.filter(
        request_id=again["X-Request-ID"], action="patient.read", patient=world.patient
    ).exists()


def test_conditional_create_is_refused_and_not_passed_over(world, report):
    answer = post(world, report(), if_none_exist="identifier=urn:oid:9.9|77")

    assert (answer.status_code, paths(answer)) == (422, {"If-None-Exist"})
    assert Dose.objects.count() == 2


def test_refused_report_changes_nothing(world, report):
    tables = (Dose, Dose.history.model, AuditEntry, IdempotencyKey)
    before = [table.objects.count() for table in tables]

    world.volunteer.post(ADDRESS, report(lotNumber="L9"), key="k")
    world.volunteer.post(ADDRESS, report(occurrenceDateTime="2999-01-01"), key="k")

    assert [table.objects.count() for table in tables] == before


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b"", 422), (b"{}", 422), (b"\xff", 400)]
)
def test_body_that_is_no_resource_is_refused(world, validator, body, status):
    answer = world.volunteer.client.post(ADDRESS, body, content_type="application/fhir+json")

    assert answer.status_code == status
    assert validator.faults(answer.json()) == []


def test_fhir_json_is_read_and_other_types_are_not(world, report):
    client, body = world.volunteer.client, json.dumps(report())
    taken = client.post(ADDRESS, body, content_type="application/fhir+json; charset=utf-8")
    xml = client.post(ADDRESS, "<x/>", content_type="application/fhir+xml")

    assert (taken.status_code, xml.status_code) == (201, 415)
