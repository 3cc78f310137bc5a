"""What a device of the clinic is told to work without network, and what it sends later."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from records.domain import lookup, lots, screening
from records.models import AuditEntry, CheckIn, CheckInState, Clinic, Dose, Lot, Patient, Vaccine
from tests.records import workspace
from tests.records.factories import (
    COVID_19,
    days_ago,
    make_clinic,
    make_dose,
    make_lot,
    make_patient,
    make_volunteer_user,
    system,
)

pytestmark = pytest.mark.django_db

SHIFT = "/clinic/offline/shift"
DOSES = "/clinic/offline/doses"
DISCARDED = "/clinic/offline/discarded"
DEVICE = "6a1f37cf-6b0b-4a3e-8d70-1d4b4cbf0d4e"


def told(client: Client, device: str = DEVICE) -> dict[str, Any]:
    response = client.get(SHIFT, {"device": device})
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
def dose(patient: Patient, lot: Lot, clinic: Clinic) -> dict[str, Any]:
    """What a device sends of a dose of today."""
    return {
        "token": str(uuid4()),
        "clinic": clinic.public_id,
        "patient": patient.public_id,
        "lot": lot.public_id,
        "administered_on": clinic.today().isoformat(),
        "site": "LD",
        "route": "IM",
        "asked": "on",
    }


@pytest.fixture
def newcomer(dose: dict[str, Any]) -> dict[str, Any]:
    del dose["patient"]
    return dose | {"last_name": "Zeller", "first_name": "Max", "date_of_birth": "1986-04-02"}


def test_shift_tells_what_one_needs_to_go_on(
    at_work: Client, clinic: Clinic, patient: Patient, lot: Lot
) -> None:
    at_work.post("/clinic/shift", {"clinic": clinic.public_id, "lot": lot.public_id})
    workspace.arrive(patient, clinic)
    question = workspace.question(text="A fever?")
    make_dose(patient=patient, lot=lot, clinic=clinic, administered_on=days_ago(9))
    schedule = {"doses_in_series": 3, "min_age_months": 2, "max_age_months": 1200}
    Vaccine.objects.filter(pk=lot.vaccine_id).update(**schedule)
    answer = told(at_work)
    assert (answer["clinic"], answer["lot"]) == (str(clinic.public_id), str(lot.public_id))
    assert [each["patient"] for each in answer["queue"]] == [str(patient.public_id)]
    assert answer["queue"][0]["doses"] == [
        {
            "vaccine": str(lot.vaccine.public_id),
            "on": days_ago(9).isoformat(),
            "diseases": [COVID_19],
        }
    ]
    assert answer["vaccines"][str(lot.public_id)] == {
        "id": str(lot.vaccine.public_id),
        "name": lot.vaccine.short_name,
        "least": 28,
        "series": 3,
        "from_age": 2,
        "below_age": 1200,
        "diseases": [COVID_19],
    }
    assert answer["questions"][0]["code"] == screening.code_of(question)


def test_shift_offers_no_lot_that_cannot_be_used(at_work: Client, lot: Lot) -> None:
    make_lot(number="OLD1", expires_on=days_ago(1))
    assert "OLD1" not in json.dumps(told(at_work))
    assert lot.number in json.dumps(told(at_work))


def test_shift_notes_whom_it_names_and_shows_no_queue_of_elsewhere(
    at_work: Client, clinic: Clinic, patient: Patient
) -> None:
    workspace.arrive(patient, clinic)
    there = make_clinic()
    workspace.arrive(make_patient(last_name="Xylander", clinic=there), there)
    response = at_work.get(SHIFT, {"device": DEVICE})
    assert "Xylander" not in response.content.decode()
    [entry] = AuditEntry.objects.filter(request_id=response["X-Request-ID"])
    assert (entry.patient, entry.fields) == (patient, ["record"])


def test_shift_takes_few_queries(
    at_work: Client, clinic: Clinic, lot: Lot, django_assert_max_num_queries: Any
) -> None:
    at_work.post("/clinic/shift", {"clinic": clinic.public_id, "lot": lot.public_id})
    for _ in range(5):
        workspace.arrive(make_patient(clinic=clinic), clinic)
    with django_assert_max_num_queries(10):
        told(at_work)


def test_key_is_the_users_and_the_devices_own(
    at_work: Client, client: Client, clinic: Clinic, volunteer: Any
) -> None:
    first = told(at_work)["keys"]
    assert told(at_work)["keys"] == first
    assert [len(base64.b64decode(key)) for key in first] == [32]
    assert told(at_work, str(uuid4()))["keys"] != first
    colleague = Client()
    colleague.force_login(make_volunteer_user(clinic))
    assert told(colleague)["keys"] != first


def test_earlier_keys_still_open_what_waits(at_work: Client, settings: Any) -> None:
    old = told(at_work)["keys"]
    new = base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.CREDENTIAL_KEYS = [new, *settings.CREDENTIAL_KEYS]
    assert told(at_work)["keys"][1:] == old


def test_device_without_a_name_gets_nothing(at_work: Client) -> None:
    assert at_work.get(SHIFT).status_code == 400


def test_shift_without_a_clinic_has_keys_only(client: Client) -> None:
    client.force_login(make_volunteer_user(make_clinic(), make_clinic()))
    assert "queue" not in told(client)


def test_page_and_worker_hold_nothing_of_anybody(
    at_work: Client, clinic: Clinic, patient: Patient, volunteer: Any
) -> None:
    workspace.arrive(patient, clinic)
    page = at_work.get("/clinic/offline/").content.decode()
    worker = at_work.get("/clinic/sw.js").content.decode()
    for secret in ("Okonkwo", "Harbour", str(volunteer), volunteer.email, str(volunteer.public_id)):
        assert secret not in page + worker
    assert "csrfmiddlewaretoken" not in page
    assert "/clinic/offline/" in worker


def test_dose_that_waited_is_recorded_on_its_day_and_ends_the_visit(
    at_work: Client, clinic: Clinic, patient: Patient, dose: dict[str, Any]
) -> None:
    question = workspace.question()
    visit = workspace.arrive(patient, clinic)
    day = days_ago(1)
    fields = {"administered_on": day.isoformat(), "put": f"{question.public_id}.1"}
    response = at_work.post(DOSES, dose | fields)
    assert response.status_code == 201
    recorded = Dose.objects.get(public_id=response.json()["dose"])
    assert (recorded.administered_on, recorded.patient) == (day, patient)
    assert [answer.answer for answer in recorded.screening.all()] == ["no"]
    assert CheckIn.objects.get(pk=visit.pk).state == CheckInState.DONE


def test_dose_sent_again_is_recorded_once(at_work: Client, dose: dict[str, Any]) -> None:
    first, again = at_work.post(DOSES, dose), at_work.post(DOSES, dose)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Dose.objects.count() == 1


def test_dose_of_a_newcomer_sent_again_registers_once(
    at_work: Client, newcomer: dict[str, Any]
) -> None:
    first, again = at_work.post(DOSES, newcomer), at_work.post(DOSES, newcomer)
    assert first.json() == again.json()
    assert Patient.objects.filter(last_name="Zeller").count() == Dose.objects.count() == 1


def test_refused_dose_of_a_newcomer_registers_nobody(
    at_work: Client, newcomer: dict[str, Any]
) -> None:
    response = at_work.post(DOSES, newcomer | {"administered_on": "1980-01-01"})
    assert response.status_code == 422
    assert not Patient.objects.filter(last_name="Zeller").exists()


def test_newcomer_who_is_there_already_is_asked_about(
    at_work: Client, clinic: Clinic, newcomer: dict[str, Any]
) -> None:
    person = {"last_name": "Zeller", "first_name": "Max", "date_of_birth": "1986-04-02"}
    here = make_patient(clinic=clinic, **person)
    make_patient(clinic=make_clinic(), **person)
    response = at_work.post(DOSES, newcomer)
    assert response.status_code == 409
    assert [each["patient"] for each in response.json()["similar"]] == [str(here.public_id)]
    assert response.json()["unseen"] == 1
    [entry] = AuditEntry.objects.filter(request_id=response["X-Request-ID"], action="patient.read")
    assert entry.patient == here
    assert at_work.post(DOSES, newcomer | {"register_anyway": 2}).status_code == 201


def test_newcomers_are_looked_for_only_so_often(
    at_work: Client, newcomer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PER_HOUR", 0)
    assert at_work.post(DOSES, newcomer).status_code == 429
    assert not Dose.objects.exists()


def test_warning_is_asked_about_and_confirmed(
    at_work: Client, patient: Patient, lot: Lot, dose: dict[str, Any]
) -> None:
    make_dose(patient=patient, lot=lot, administered_on=days_ago(7))
    response = at_work.post(DOSES, dose)
    assert response.status_code == 409
    assert list(response.json()["warnings"]) == ["short_interval"]
    again = at_work.post(DOSES, dose | {"confirmed": ["short_interval"]})
    assert again.status_code == 201


def test_lot_recalled_meanwhile_is_refused_with_a_sentence(
    at_work: Client, lot: Lot, dose: dict[str, Any]
) -> None:
    lots.recall_lot(
        by=system(), lot=lot, version=lot.version, recalled_on=days_ago(0), reason="Broken"
    )
    response = at_work.post(DOSES, dose)
    assert response.status_code == 422
    assert response.json()["errors"] == ["This lot was recalled on or before that day."]


def test_question_that_is_new_since_is_not_taken_for_asked(
    at_work: Client, dose: dict[str, Any]
) -> None:
    old = workspace.question(text="A fever?")
    workspace.question(text="An allergy?")
    response = at_work.post(DOSES, dose | {"put": f"{old.public_id}.1"})
    assert response.status_code == 422
    assert "An allergy?" in response.json()["errors"][0]
    assert "A fever?" not in response.json()["errors"][0]


def test_question_that_reads_otherwise_since_is_not_taken_for_asked(
    at_work: Client, dose: dict[str, Any]
) -> None:
    question = workspace.question(text="A fever?")
    put = told(at_work)["questions"][0]["put"]
    screening.amend_question(
        by=system(),
        question=question,
        version=1,
        reason="Clearer",
        changes={"text": "A fever in the last week?"},
    )
    response = at_work.post(DOSES, dose | {"put": put})
    assert response.status_code == 422
    assert response.json()["errors"] == ["Ask this too: A fever in the last week?"]
    assert not Dose.objects.exists()
    now = told(at_work)["questions"][0]["put"]
    assert at_work.post(DOSES, dose | {"put": now}).status_code == 201


def test_question_that_is_asked_no_more_stops_no_dose(
    at_work: Client, dose: dict[str, Any]
) -> None:
    assert at_work.post(DOSES, dose | {"put": f"{uuid4()}.1"}).status_code == 201


def test_patient_of_elsewhere_is_refused_like_one_who_is_not_there(
    at_work: Client, dose: dict[str, Any]
) -> None:
    theirs = make_patient(clinic=make_clinic())
    answers = [
        at_work.post(DOSES, dose | {"patient": who}) for who in (theirs.public_id, uuid4(), "x")
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.content for answer in answers}) == 1


def test_dose_at_a_clinic_of_others_is_refused(at_work: Client, dose: dict[str, Any]) -> None:
    response = at_work.post(DOSES, dose | {"clinic": make_clinic().public_id})
    assert response.status_code == 422
    assert not Dose.objects.exists()


def test_dose_is_sent_with_the_token_of_the_session(volunteer: Any, dose: dict[str, Any]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(volunteer)
    assert client.post(DOSES, dose).status_code == 403
    answer = client.get("/clinic/offline/session").json()
    assert answer["owner"] == str(volunteer.public_id)
    response = client.post(DOSES, dose, headers={"X-CSRFToken": answer["token"]})
    assert response.status_code == 201


def test_colleagues_key_is_not_answered_for(
    at_work: Client, clinic: Clinic, dose: dict[str, Any]
) -> None:
    at_work.post(DOSES, dose)
    colleague = Client()
    colleague.force_login(make_volunteer_user(clinic))
    assert colleague.post(DOSES, dose).status_code == 422


def test_discarding_leaves_a_trace_with_its_reason(
    at_work: Client, clinic: Clinic, patient: Patient
) -> None:
    fields = {"clinic": clinic.public_id, "patient": patient.public_id, "reason": "not-given"}
    assert at_work.post(DISCARDED, fields).status_code == 200
    entry = AuditEntry.objects.get(action="patient.dose_discarded_not_given")
    assert entry.patient == patient
    assert at_work.post(DISCARDED, fields | {"reason": "because"}).status_code == 422


def test_discarding_for_a_newcomer_names_the_clinic(at_work: Client, clinic: Clinic) -> None:
    fields = {"clinic": clinic.public_id, "patient": "", "reason": "entered-twice"}
    assert at_work.post(DISCARDED, fields).status_code == 200
    entry = AuditEntry.objects.get(action="clinic.dose_discarded_entered_twice")
    assert (entry.patient, entry.subject_id) == (None, clinic.public_id)


def test_who_works_nowhere_today_gets_no_key(client: Client) -> None:
    client.force_login(make_volunteer_user())
    assert client.get(SHIFT, {"device": DEVICE}).status_code == 403
