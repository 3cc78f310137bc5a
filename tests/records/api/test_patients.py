"""Patients over the API."""

import datetime as dt

import pytest

from accounts.roles import DBA, PATIENT
from records.domain import lookup, merges, patients
from records.models import AuditEntry, Enrolment, GrantTemplate, Patient
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make.make_clinic()


@pytest.fixture
def nurse(clinic):
    return Caller(make.make_volunteer_user(clinic))


@pytest.fixture
def keeper():
    return Caller(make.make_user(DBA.name))


def ids(answer):
    return {row["id"] for row in answer.json()["results"]}


def person(**fields):
    return {"first_name": "Ada", "last_name": "Novak", "date_of_birth": "1980-01-02", **fields}


def test_patient_is_registered_with_numbers_and_enrolled(nurse, clinic):
    numbers = [{"system": "insurance", "value": "4711"}]
    body = person(clinic=str(clinic.public_id), identifiers=numbers, email="ada@example.org")

    answer = nurse.post("patients", body)

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["email"], shown["merged_into"]) == ("ada@example.org", None)
    assert nurse.get(answer["Location"]).json() == shown
    listed = nurse.get(f"patients/{shown['id']}/identifiers").json()["results"]
    assert [(row["system"], row["value"]) for row in listed] == [("insurance", "4711")]
    assert Enrolment.objects.get().clinic == clinic


def test_volunteer_names_a_clinic_of_theirs(nurse):
    other = make.make_clinic()

    assert refused_fields(nurse.post("patients", person())) == {"clinic": "invalid"}
    assert nurse.post("patients", person(clinic=str(other.public_id))).status_code == 403


def test_taken_number_registers_nobody(nurse, clinic):
    patients.add_identifier(
        by=make.system(), patient=make.make_patient(), system="insurance", value="4711"
    )
    before = Patient.objects.count()
    body = person(
        clinic=str(clinic.public_id), identifiers=[{"system": "insurance", "value": "4711"}]
    )

    answer = nurse.post("patients", body)

    assert (answer.status_code, Patient.objects.count()) == (409, before)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("last_name=nunez", True),
        ("last_name=NÚÑ", True),
        ("last_name=uñez", False),
        ("last_name=Núñez&first_name=jo", True),
        ("last_name=Núñez&first_name=ma", False),
        ("last_name=-", False),
        ("date_of_birth=1975-03-09", True),
        ("date_of_birth=1975-03-10", False),
        ("identifier=insurance|4711", True),
        ("identifier=insurance|471", False),
        ("identifier=4711", False),
    ],
)
def test_patient_is_found_by(nurse, clinic, query, found):
    patient = make.make_patient(
        clinic=clinic,
        first_name="José",
        last_name="Núñez-O'Neil",
        date_of_birth=dt.date(1975, 3, 9),
        identifiers=[("insurance", "4711")],
    )
    make.make_patient(clinic=clinic)

    assert ids(nurse.get(f"patients?{query}")) == ({str(patient.public_id)} if found else set())


def test_fault_in_a_number_is_named_by_its_place(nurse, clinic):
    numbers = [{"system": "insurance", "value": "1"}, {"system": "insurance"}]
    body = person(clinic=str(clinic.public_id), identifiers=numbers)

    answer = nurse.post("patients", body)

    assert refused_fields(answer) == {"identifiers.1.value": "required"}


def test_given_name_alone_is_no_search(keeper):
    answer = keeper.get("patients?first_name=ada")

    assert (answer.status_code, refused_fields(answer)) == (422, {"first_name": "alone"})


def test_filter_by_clinic_tells_who_belongs_there_then(keeper, clinic):
    other = make.make_clinic()
    patient = make.make_patient(clinic=clinic)
    moment = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    enrolment = patient.enrolments.get()
    Enrolment.objects.filter(pk=enrolment.pk).update(starts_on=make.days_ago(3))
    enrolment.refresh_from_db()
    patients.end_enrolment(
        by=make.system(), enrolment=enrolment, version=1, ends_on=make.days_ago(1)
    )
    key = {str(patient.public_id)}

    assert ids(keeper.get(f"patients?clinic={clinic.public_id}")) == set()
    assert ids(keeper.get(f"patients?clinic={clinic.public_id}&as_of={moment}")) == key
    assert ids(keeper.get(f"patients?clinic={other.public_id}&as_of={moment}")) == set()


def test_filters_find_nobody_out_of_sight(nurse):
    hidden = make.make_patient(
        last_name="Novak", clinic=make.make_clinic(), identifiers=[("insurance", "4711")]
    )

    for query in ("last_name=Novak", "identifier=insurance|4711", "date_of_birth=1980-05-17"):
        assert ids(nurse.get(f"patients?{query}")) == set()
    assert nurse.get(f"patients/{hidden.public_id}").status_code == 404


def test_old_identifier_of_a_merged_record_leads_to_the_one_that_remains(nurse, clinic):
    survivor, duplicate = (
        make.make_patient(clinic=clinic, identifiers=[("insurance", text)]) for text in "ab"
    )
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )

    answer = nurse.get(f"patients/{duplicate.public_id}")
    by_number = nurse.get("patients?identifier=insurance|b&merged=false")

    assert answer.json()["id"] == str(survivor.public_id)
    assert ids(by_number) == {str(survivor.public_id)}
    noted = AuditEntry.objects.filter(action="patient.read")
    assert set(noted.values_list("patient", flat=True)) == {survivor.pk}


def test_merged_record_whose_survivor_is_hidden_is_hidden_too(nurse):
    survivor, duplicate = make.make_patient(), make.make_patient()
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )

    assert nurse.get(f"patients/{duplicate.public_id}").status_code == 404


def test_past_record_of_a_merged_patient_is_what_it_was(keeper):
    survivor, duplicate = make.make_patient(), make.make_patient(last_name="Before")
    moment = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )

    then = keeper.get(f"patients/{duplicate.public_id}?as_of={moment}").json()

    assert (then["id"], then["last_name"]) == (str(duplicate.public_id), "Before")
    assert ids(keeper.get(f"patients?last_name=bef&as_of={moment}")) == {then["id"]}


def test_correction_names_its_reason(nurse, clinic):
    patient = make.make_patient(clinic=clinic)
    address = f"patients/{patient.public_id}"

    refused = nurse.patch(address, {"last_name": "Kovac"}, version=1)
    answer = nurse.patch(address, {"last_name": "Kovac", "reason": "Misspelt."}, version=1)

    assert refused_fields(refused) == {"reason": "invalid"}
    assert (answer.status_code, answer.json()["last_name"]) == (200, "Kovac")
    assert patient.history.get(version=2).history_change_reason == "Misspelt."


def test_correction_that_changes_nothing_is_a_read(nurse, clinic):
    patient = make.make_patient(clinic=clinic, city="Linz")
    entries = AuditEntry.objects.filter(actor=nurse.user, patient=patient)
    address = f"patients/{patient.public_id}"

    same = nurse.patch(address, {"city": "Linz", "reason": "Moved."}, version=1)
    assert (same.json()["last_name"], same["ETag"]) == (patient.last_name, '"1"')
    assert [entry.action for entry in entries] == ["patient.read"]

    nurse.patch(address, {"city": "Wels", "reason": "Moved."}, version=1)
    assert [entry.action for entry in entries.order_by("id")] == ["patient.read", "patient.amended"]


def test_patient_changes_contact_data_and_nothing_else(clinic):
    user, patient = make.make_user(PATIENT.name), make.make_patient(clinic=clinic)
    make.make_grant(user, patient)
    caller, address = Caller(user), f"patients/{patient.public_id}"

    changed = caller.patch(address, {"city": "Graz"}, version=1)
    body = {"last_name": "Kovac", "city": "Wien", "reason": "I moved."}
    refused = caller.patch(address, body, version=2)

    assert (changed.status_code, changed.json()["city"]) == (200, "Graz")
    assert set(refused_fields(refused)) == {"last_name", "reason"}
    assert caller.get(address).json()["city"] == "Graz"


def test_relative_reads_and_changes_nothing():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient, template=GrantTemplate.RELATIVE)
    caller, address = Caller(user), f"patients/{patient.public_id}"

    assert caller.get(address).status_code == 200
    assert caller.patch(address, {"city": "Graz"}, version=1).status_code == 403


def test_volunteer_with_a_grant_only_changes_contact_data_of_it(nurse):
    patient = make.make_patient()
    nurse.user.groups.add(make.Group.objects.get(name=PATIENT.name))
    make.make_grant(nurse.user, patient)
    address = f"patients/{patient.public_id}"

    refused = nurse.patch(address, {"last_name": "Kovac", "reason": "Mine."}, version=1)

    assert set(refused_fields(refused)) == {"last_name", "reason"}
    assert nurse.patch(address, {"city": "Graz"}, version=1).status_code == 200


def test_identity_is_confirmed_by_others(nurse, clinic):
    patient = make.make_patient(clinic=clinic, identity_confirmed=False)

    answer = nurse.post(f"patients/{patient.public_id}/confirm-identity", if_match='"1"')

    assert answer.json()["identity_confirmed_on"] == clinic.today().isoformat()


def test_patient_of_elsewhere_is_found_and_opened_by_enrolling(nurse, clinic):
    patient = make.make_patient(last_name="Novak", clinic=make.make_clinic())
    here = {"clinic": str(clinic.public_id)}
    address = f"patients/{patient.public_id}"
    unseen = nurse.post(f"{address}/enrol", here)

    found = nurse.post(
        "patients/find", {**here, "last_name": "NOVAK", "date_of_birth": "1980-05-17"}
    )
    opened = nurse.post(f"{address}/enrol", here)

    assert unseen.status_code == 404
    assert found.json() == {
        "results": [
            {
                "id": str(patient.public_id),
                "first_name": "Ada",
                "last_name": "Novak",
                "date_of_birth": "1980-05-17",
                "enrolled_here": False,
            }
        ]
    }
    assert (opened.status_code, opened.json()) == (200, nurse.get(address).json())
    assert AuditEntry.objects.filter(action="patient.found_elsewhere").count() == 1
    read = AuditEntry.objects.filter(action="patient.read", actor=nurse.user, patient=patient)
    assert read.count() == 2


def test_searches_of_elsewhere_run_out(nurse, clinic, monkeypatch):
    monkeypatch.setattr(lookup, "PER_HOUR", 1)
    body = {
        "clinic": str(clinic.public_id),
        "last_name": "Novak",
        "date_of_birth": "1980-05-17",
    }
    nurse.post("patients/find", body)

    answers = [
        nurse.post("patients/find", body),
        nurse.post("patients/similar", {**body, "first_name": "Ada"}),
    ]

    assert [answer.status_code for answer in answers] == [429, 429]
    assert answers[0]["Retry-After"] == "3600"


def test_new_patient_who_looks_like_others_is_told_apart_before(nurse, clinic):
    names = {"first_name": "Ada", "last_name": "Novak"}
    here = make.make_patient(clinic=clinic, **names)
    make.make_patient(clinic=make.make_clinic(), **names)
    body = {**names, "date_of_birth": "1980-05-17", "clinic": str(clinic.public_id)}

    answer = nurse.post("patients/similar", body)

    assert answer.json() == {"seen": [str(here.public_id)], "elsewhere": 1}


@pytest.mark.parametrize("name", ["patients", "enrolments", "merges"])
def test_list_costs_the_same_for_many(keeper, clinic, name, django_assert_num_queries):
    def add():
        survivor, duplicate = make.make_patient(clinic=clinic), make.make_patient()
        if name == "merges":
            merges.merge_patients(
                by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One."
            )

    for _ in range(50):
        add()
    assert len(keeper.get(f"{name}?limit=1").json()["results"]) == 1

    counted = []
    for limit in (1, 50):
        with django_assert_num_queries(9, exact=False) as queries:
            rows = keeper.get(f"{name}?limit={limit}").json()["results"]
        assert len(rows) == limit
        counted.append(len(queries))

    assert counted[0] == counted[1]
