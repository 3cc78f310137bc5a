"""Searching patients and immunizations."""

import datetime as dt

import pytest

from records.domain import doses, merges
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.api.calling import Caller

FHIR = "/fhir/R4/"


def found(caller, query):
    """Return the ids of what a search matches."""
    answer = caller.get(f"{FHIR}{query}")
    assert answer.status_code == 200, answer.content
    return {
        entry["resource"]["id"]
        for entry in answer.json().get("entry", ())
        if entry["search"]["mode"] == "match"
    }


def link(bundle, relation):
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), None)


@pytest.fixture
def several(world):
    """More doses of the patient, and of another one of the clinic."""
    world.neighbour = make.make_patient(
        clinic=world.clinic,
        first_name="Bo",
        last_name="Osterman",
        date_of_birth=dt.date(1990, 2, 3),
    )
    here = {"clinic": world.clinic, "volunteer": world.user.volunteer}
    world.other_lot = make.make_lot(number="L2")
    world.older = make.make_dose(
        patient=world.patient, lot=world.other_lot, administered_on=dt.date(2024, 2, 29), **here
    )
    world.paper = make.make_dose(
        patient=world.neighbour,
        vaccine=world.lot.vaccine,
        administered_on=dt.date(2024, 12, 31),
    )
    world.void = make.make_dose(patient=world.neighbour, lot=world.other_lot, **here)
    doses.void_dose(by=world.user, dose=world.void, version=1, reason="Wrong person")
    return world


def ids(*records):
    return {str(record.public_id) for record in records}


def test_search_finds_what_is_in_sight_and_nothing_else(several):
    mine = ids(several.dose, several.older)
    here = mine | ids(several.paper, several.void)

    assert found(several.holder, "Immunization") == mine
    assert found(several.volunteer, "Immunization") == here
    assert found(several.keeper, "Immunization") == here | ids(several.hidden)
    assert found(several.holder, "Patient") == ids(several.patient)
    assert found(several.volunteer, "Patient") == ids(several.patient, several.neighbour)


def test_immunizations_are_found_by_each_parameter(several):
    def by(query):
        return found(several.volunteer, f"Immunization?{query}")

    s = several
    assert by(f"patient={s.patient.public_id}") == ids(s.dose, s.older)
    assert by(f"patient=Patient/{s.patient.public_id}") == ids(s.dose, s.older)
    assert by(f"patient={s.stranger.public_id}") == by("patient=nobody") == set()
    assert by(f"_id={s.dose.public_id},{s.paper.public_id}") == ids(s.dose, s.paper)
    here = f"location={s.clinic.public_id}"
    assert by(f"status=entered-in-error&{here}") == ids(s.void)
    assert by(f"status=not-done,entered-in-error&{here}") == ids(s.void)
    assert by(f"status=completed&{here}") == ids(s.dose, s.older)
    assert by("vaccine-code=208") == ids(s.dose, s.paper)
    assert by("vaccine-code=209") == by("lot-number=L3") == set()
    assert by("vaccine-code=http://hl7.org/fhir/sid/cvx|208") == ids(s.dose, s.paper)
    assert by("lot-number=L2") == ids(s.older, s.void)
    assert by("lot-number=l2") == set()
    assert by(f"location=Location/{s.clinic.public_id}") == ids(s.dose, s.older, s.void)
    assert by(f"location={s.elsewhere.public_id}") == set()
    assert by(f"patient={s.patient.public_id}&lot-number=L2") == ids(s.older)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("date=2024", {"older", "paper"}),
        ("date=2024-02", {"older"}),
        ("date=2024-02-29", {"older"}),
        ("date=eq2024-12-31T23:59:59Z", {"paper"}),
        ("date=ge2024-02-29&date=lt2024-12-31", {"older"}),
        ("date=gt2024-02&date=le2024", {"paper"}),
        ("date=2024-02-29,2024-12-31", {"older", "paper"}),
        ("date=ne2024&date=lt2025", set()),
    ],
)
def test_immunizations_are_found_by_day(several, query, names):
    assert found(several.volunteer, f"Immunization?{query}") == ids(
        *(getattr(several, name) for name in names)
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("family=ost", {"patient", "neighbour"}),
        ("family=OSTB", {"patient"}),
        ("family=östb", {"patient"}),
        ("given=bo&birthdate=1990", {"neighbour"}),
        ("birthdate=1990-02-03", {"neighbour"}),
        ("birthdate=lt1985", {"patient"}),
        ("identifier=urn:oid:1.2.3|N-1", {"patient"}),
        ("identifier=urn:oid:1.2.3|N-2", set()),
        ("family=ost&given=ada", {"patient"}),
    ],
)
def test_patients_are_found_by_each_parameter(several, query, names):
    assert found(several.volunteer, f"Patient?{query}") == ids(
        *(getattr(several, name) for name in names)
    )


def test_number_of_a_merged_record_leads_to_the_one_that_remains(several):
    double = make.make_patient(clinic=several.clinic, identifiers=[("card", "C-9")])
    merges.merge_patients(
        by=make.system(), survivor=several.patient, duplicate=double, version=1, reason="Same"
    )

    assert str(several.patient.public_id) in found(
        several.volunteer, "Patient?identifier=urn:vaxpass:system:card|C-9"
    )


@pytest.mark.parametrize(
    "query",
    [
        "Immunization?code=208",
        "Immunization?patient:identifier=x",
        "Immunization?date=soon",
        "Immunization?date=2024-02-30",
        "Immunization?date=2024-13",
        "Immunization?date=0000",
        "Immunization?date=sa2024",
        "Immunization?status=&date=2024",
        "Immunization?status=not-done",
        "Patient?given=ada",
        "Immunization?vaccine-code=ndc|208",
        "Immunization?lot-number=",
        "Immunization?_count=0",
        "Immunization?_count=many",
        "Immunization?_count=",
        "Immunization?_include=Immunization:lot",
        "Immunization?since=x",
        "Immunization?since=x&before=y",
        "Immunization?_id=" + ",".join("x" * 51),
        "Immunization?" + "&".join(["_id=x,y,z"] * 17),
        "Patient?family=",
        "Patient?family=-",
        "Patient?identifier=N-1",
        "Patient?name=ada",
        "Patient?fields=id",
        "Patient?as_of=2024-01-01T00:00:00Z",
    ],
)
def test_search_that_is_not_understood_is_refused(world, validator, query):
    answer = world.volunteer.get(f"{FHIR}{query}")

    assert answer.status_code == 422
    assert validator.faults(answer.json()) == []
    [issue] = answer.json()["issue"]
    assert issue["expression"][0].startswith("http.")


def test_pages_give_every_dose_once_and_lead_back(several, validator):
    whole = found(several.volunteer, "Immunization")
    seen, url, pages = [], f"{FHIR}Immunization?_count=1", []
    while url:
        bundle = several.volunteer.get(url).json()
        assert validator.faults(bundle) == []
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        pages.append(bundle)
        url = link(bundle, "next")

    assert sorted(seen) == sorted(whole)
    assert link(pages[0], "self") == f"http://testserver{FHIR}Immunization?_count=1"
    back = several.volunteer.get(link(pages[1], "previous")).json()
    assert back["entry"] == pages[0]["entry"]


def test_page_holds_at_most_200(world):
    for count in (201, 100000):
        assert world.volunteer.get(f"{FHIR}Patient?_count={count}").status_code == 200


def test_what_doses_refer_to_comes_beside_them(several, validator):
    wanted = "".join(
        f"&_include=Immunization:{name}"
        for name in ("patient", "manufacturer", "location", "performer")
    )
    bundle = several.keeper.get(f"{FHIR}Immunization?lot-number=L2{wanted}").json()

    beside = {
        (entry["resource"]["resourceType"], entry["resource"]["id"])
        for entry in bundle["entry"]
        if entry["search"]["mode"] == "include"
    }
    assert validator.faults(bundle) == []
    assert beside == {
        ("Patient", str(several.patient.public_id)),
        ("Patient", str(several.neighbour.public_id)),
        ("Organization", str(several.other_lot.manufacturer.public_id)),
        ("Location", str(several.clinic.public_id)),
        ("Practitioner", str(several.user.volunteer.public_id)),
    }


def test_list_leaves_an_entry_for_each_patient_on_the_page(several):
    def noted(query):
        answer = several.keeper.get(f"{FHIR}{query}")
        rows = AuditEntry.objects.filter(request_id=answer["X-Request-ID"])
        return sorted(rows.values_list("patient_id", "fields"))

    everybody = [several.patient, several.stranger, several.neighbour]
    assert noted("Immunization") == sorted((patient.pk, ["list"]) for patient in everybody)
    assert noted("Immunization?_count=1") == [(several.patient.pk, ["list"])]
    assert noted("Patient?family=osterman") == [(several.neighbour.pk, ["list"])]


def test_roles_without_patients_search_nothing(world):
    caller = Caller(make.make_user("Logistics"))

    assert caller.get(f"{FHIR}Patient").status_code == 403
    assert caller.get(f"{FHIR}Immunization?_id=x&nonsense=1").status_code == 403


@pytest.mark.parametrize(("path", "statements"), [("Patient", 7), ("Immunization", 8)])
def test_number_of_statements_does_not_grow_with_the_page(
    world, django_assert_num_queries, path, statements
):
    make.make_patient(clinic=world.clinic)
    address = f"{FHIR}{path}?_count=200"
    world.volunteer.get(address)
    with django_assert_num_queries(statements):
        world.volunteer.get(address)
    for _ in range(50):
        patient = make.make_patient(clinic=world.clinic, identifiers=[("n", str(_))])
        make.make_dose(
            patient=patient, clinic=world.clinic, volunteer=world.user.volunteer, lot=world.lot
        )
    with django_assert_num_queries(statements):
        answer = world.volunteer.get(address)
    assert len(answer.json()["entry"]) > 50
