"""The queue of the day in the clinic workspace."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from records.domain import checkins
from records.models import AuditEntry, CheckIn, Clinic, Dose, Lot, Patient
from tests.records import workspace
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_dose,
    make_lot,
    make_patient,
    make_volunteer_user,
)
from tests.records.web.helpers import NOBODY, filled, path_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(patient: Patient, clinic: Clinic) -> CheckIn:
    return workspace.arrive(patient, clinic)


def act(client: Client, visit: CheckIn, name: str) -> Any:
    return client.post(f"/clinic/queue/{visit.public_id}/{name}")


def test_patient_who_is_checked_in_stands_in_the_queue(at_work: Client, patient: Patient) -> None:
    response = at_work.post(path_of(patient, "check-in"), follow=True)
    assert response.redirect_chain == [("/clinic/queue", 302)]
    page = response.content.decode()
    assert "Okonkwo, Ada" in page
    assert "1 patient waits." in page


def test_queue_tells_since_when_by_the_clinics_clock(client: Client) -> None:
    clinic = make_clinic(time_zone="Asia/Kathmandu")
    visit = workspace.arrive(make_patient(clinic=clinic), clinic)
    CheckIn.objects.filter(pk=visit.pk).update(arrived_at=f"{visit.day}T00:10:00Z")
    client.force_login(make_volunteer_user(clinic))
    assert "Here since 05:55" in client.get("/clinic/queue").content.decode()


def test_queue_notes_whose_names_it_shows(at_work: Client, visit: CheckIn) -> None:
    response = at_work.get("/clinic/queue")
    entry = AuditEntry.objects.get(request_id=response["X-Request-ID"])
    assert (entry.patient, entry.action, entry.fields) == (visit.patient, "patient.read", ["list"])


def test_queue_of_another_clinic_is_not_shown(at_work: Client, patient: Patient) -> None:
    workspace.arrive(patient, make_clinic())
    assert "Nobody waits" in at_work.get("/clinic/queue").content.decode()


@pytest.mark.parametrize("name", ["take", "put-back", "leave"])
def test_visit_at_another_clinic_is_404_like_an_absent_one(
    at_work: Client, patient: Patient, name: str, text_of: Callable[[Any], str]
) -> None:
    theirs = act(at_work, workspace.arrive(patient, make_clinic()), name)
    absent = at_work.post(f"/clinic/queue/{NOBODY}/{name}")
    assert theirs.status_code == absent.status_code == 404
    assert text_of(theirs) == text_of(absent)


def test_visit_at_ones_other_clinic_is_404_in_this_shift(client: Client) -> None:
    here, there = make_clinic(), make_clinic()
    client.force_login(make_volunteer_user(here, there))
    client.post("/clinic/shift", {"clinic": here.public_id})
    visit = workspace.arrive(make_patient(clinic=there), there)
    assert act(client, visit, "take").status_code == 404


def test_taking_leads_to_the_dose_and_hides_the_patient_from_colleagues(
    at_work: Client, client: Client, clinic: Clinic, visit: CheckIn, patient: Patient
) -> None:
    colleague = Client()
    colleague.force_login(make_volunteer_user(clinic))
    assert act(at_work, visit, "take")["Location"] == path_of(patient)
    assert "With you" in at_work.get("/clinic/queue").content.decode()
    page = act(colleague, visit, "take")
    assert page["Location"] == "/clinic/queue"
    shown = colleague.get("/clinic/queue").content.decode()
    assert "A colleague serves this patient already." in shown
    assert path_of(patient) not in shown


def test_patient_who_left_is_gone_from_the_queue(at_work: Client, visit: CheckIn) -> None:
    act(at_work, visit, "leave")
    assert "Nobody waits" in at_work.get("/clinic/queue").content.decode()
    act(at_work, visit, "take")
    assert "This visit is over." in at_work.get("/clinic/queue").content.decode()


def test_put_back_patient_can_be_taken_by_a_colleague(
    at_work: Client, clinic: Clinic, visit: CheckIn
) -> None:
    act(at_work, visit, "take")
    act(at_work, visit, "put-back")
    taken = checkins.take(by=make_volunteer_user(clinic), check_in=visit)
    assert taken.state == "in-progress"


def test_dose_ends_the_visit_and_the_next_patient_is_in_the_queue(
    at_work: Client, clinic: Clinic, visit: CheckIn, patient: Patient, lot: Lot
) -> None:
    other = workspace.arrive(make_patient(last_name="Zeller", clinic=clinic), clinic)
    act(at_work, visit, "take")
    at_work.post(path_of(patient), filled(at_work, path_of(patient), lot=lot.public_id))
    visit.refresh_from_db()
    assert visit.state == "done"
    page = at_work.get("/clinic/next", follow=True)
    assert page.redirect_chain == [("/clinic/queue", 302)]
    assert "Zeller, Ada" in page.content.decode()
    act(at_work, other, "leave")
    assert at_work.get("/clinic/next")["Location"] == "/clinic/"


def test_dose_of_a_paper_card_leaves_the_patient_waiting(
    at_work: Client, visit: CheckIn, patient: Patient, lot: Lot
) -> None:
    path = path_of(patient, "record-elsewhere")
    data = filled(at_work, path, vaccine=lot.vaccine.public_id, administered_on="2020-01-01")
    at_work.post(path, data)
    visit.refresh_from_db()
    assert (Dose.objects.count(), visit.state) == (1, "waiting")


def test_registered_patient_can_be_checked_in_at_once(at_work: Client) -> None:
    person = {"first_name": "Maria", "last_name": "Okon", "date_of_birth": "1986-04-02"}
    data = {**person, "gender": "unknown", "then": "queue"}
    response = at_work.post("/clinic/patients/new", data, follow=True)
    assert response.redirect_chain == [("/clinic/queue", 302)]
    assert "Okon, Maria" in response.content.decode()


def test_check_in_of_a_patient_out_of_sight_is_404(at_work: Client) -> None:
    assert at_work.post(path_of(make_patient(), "check-in")).status_code == 404
    assert not CheckIn.objects.exists()


def test_queue_that_is_as_it_was_seen_is_empty_and_reads_nobody(
    at_work: Client, visit: CheckIn, clinic: Clinic
) -> None:
    stamp = at_work.get("/clinic/queue").context["stamp"]
    looks = AuditEntry.objects.filter(action="patient.read").count()

    same = at_work.get("/clinic/queue", {"seen": stamp})
    assert (same.status_code, same.content) == (204, b"")
    assert AuditEntry.objects.filter(action="patient.read").count() == looks

    workspace.arrive(make_patient(last_name="Bello", clinic=clinic), clinic)
    other = at_work.get("/clinic/queue", {"seen": stamp})
    assert other.status_code == 200
    assert "Bello" in other.content.decode()


def test_queue_is_another_one_once_somebody_in_it_was_given_a_dose(
    at_work: Client, visit: CheckIn, clinic: Clinic
) -> None:
    stamp = at_work.get("/clinic/queue").context["stamp"]
    make_dose(patient=visit.patient, clinic=clinic, administered_on=days_ago(7))
    assert at_work.get("/clinic/queue", {"seen": stamp}).context["stamp"] != stamp


def test_names_in_the_queue_are_escaped(at_work: Client, clinic: Clinic) -> None:
    workspace.arrive(make_patient(last_name="<b>x</b>", clinic=clinic), clinic)
    assert "<b>x</b>" not in at_work.get("/clinic/queue").content.decode()


def test_pages_of_the_day_take_ten_queries_however_many_wait(
    at_work: Client,
    clinic: Clinic,
    patient: Patient,
    dose: Dose,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    for number in range(4):
        workspace.arrive(make_patient(clinic=clinic), clinic)
        workspace.question(position=number)
    lot = make_lot()
    at_work.post("/clinic/shift", {"clinic": clinic.public_id, "lot": lot.public_id})
    given = f"/clinic/doses/{dose.public_id}/"
    for path in ("/clinic/queue", "/clinic/session", "/clinic/", given):
        with django_assert_max_num_queries(10):
            assert at_work.get(path).status_code == 200
    with django_assert_max_num_queries(10):
        assert at_work.get(path_of(patient)).status_code == 200
