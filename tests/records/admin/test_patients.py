"""Patients in the admin: forms, acts, merging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import LOGISTICS, PATIENT
from records.domain import merges, patients
from records.models import AuditEntry, Enrolment, Patient, PatientIdentifier, PatientMerge
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db

MERGE = "/admin/records/patient/merge/"


def test_registering_writes_patient_identifier_enrolment_history_and_audit(
    page: Client, dba: Any
) -> None:
    clinic = factories.make_clinic()
    response = send(
        page,
        list_url(Patient, "add"),
        first_name="Maria",
        last_name="Okonkwo",
        date_of_birth="1986-04-02",
        clinic=clinic.pk,
        identifier_system="national-id",
        identifier="N77",
        identity_confirmed="on",
    )
    assert response.status_code == 302
    patient = Patient.objects.get(last_name="Okonkwo")
    assert patient.date_of_birth == dt.date(1986, 4, 2)
    assert patient.identity_confirmed_on == clinic.today()
    assert PatientIdentifier.objects.get(patient=patient).value == "N77"
    assert Enrolment.objects.get(patient=patient).clinic == clinic
    assert patient.history.get().history_user == dba
    entry = AuditEntry.objects.get(action="patient.registered", patient=patient)
    assert (entry.actor, entry.channel) == (dba, "admin")


def test_registering_shows_domain_errors_on_their_fields_and_writes_nothing(page: Client) -> None:
    response = send(
        page,
        list_url(Patient, "add"),
        first_name="Maria",
        last_name="Okonkwo",
        date_of_birth="2999-01-01",
    )
    assert errors_of(response) == {"date_of_birth": ["The birth date is in the future."]}
    assert not Patient.objects.exists()


def test_registering_with_a_taken_identifier_registers_nobody(page: Client) -> None:
    factories.make_patient(identifiers=[("national-id", "N77")])
    response = send(
        page,
        list_url(Patient, "add"),
        first_name="Maria",
        last_name="Okonkwo",
        date_of_birth="1986-04-02",
        identifier_system="national-id",
        identifier="N77",
    )
    assert errors_of(response)
    assert not Patient.objects.filter(last_name="Okonkwo").exists()


def test_an_identifier_needs_its_issuer(page: Client) -> None:
    response = send(
        page,
        list_url(Patient, "add"),
        first_name="Maria",
        last_name="Okonkwo",
        date_of_birth="1986-04-02",
        identifier="N77",
    )
    assert set(errors_of(response)) == {"identifier_system"}


def test_amending_writes_the_next_version_with_its_reason(page: Client, dba: Any) -> None:
    patient = factories.make_patient()
    response = send(page, url(patient), last_name="Bright", reason="Married name")
    assert response.status_code == 302
    patient.refresh_from_db()
    version = patient.history.first()
    assert (patient.last_name, patient.version) == ("Bright", 2)
    assert (version.history_user, version.history_change_reason) == (dba, "Married name")
    assert AuditEntry.objects.get(action="patient.amended").fields == ["last_name"]


def test_amending_needs_a_reason(page: Client) -> None:
    patient = factories.make_patient()
    assert set(errors_of(send(page, url(patient), last_name="Bright"))) == {"reason"}
    assert patient.history.count() == 1


def test_amending_nothing_writes_nothing_and_says_so(page: Client) -> None:
    patient = factories.make_patient()
    response = page.post(url(patient), {}, follow=True)
    assert set(errors_of(response)) >= {"reason", "seen_version"}
    sent = send(page, url(patient), reason="No change")
    assert sent.status_code == 302
    assert patient.history.count() == 1
    assert b"Nothing differed" in page.get(sent["Location"]).content


def test_a_stale_change_shows_all_three_states_and_overwrites_nothing(page: Client) -> None:
    patient = factories.make_patient(city="Lagos")
    old = {"seen_version": 1}
    patients.amend_patient(
        by=factories.system(), patient=patient, version=1, reason="moved", changes={"city": "Abuja"}
    )
    response = send(page, url(patient), city="Kano", reason="moved again", **old)
    assert response.status_code == 409
    text = response.content.decode()
    assert "Somebody changed this record" in text
    for value in ("Lagos", "Abuja", "Kano"):
        assert f">{value}</td>" in text
    patient.refresh_from_db()
    assert (patient.city, patient.version) == ("Abuja", 2)
    assert "not changed by you" not in text
    # Sending the same page again is refused again.
    assert send(page, url(patient), city="Kano", reason="again", **old).status_code == 409


def test_confirming_the_identity_notes_the_day(page: Client) -> None:
    patient = factories.make_patient(identity_confirmed=False)
    assert send(page, url(patient, "confirm-identity")).status_code == 302
    patient.refresh_from_db()
    assert patient.identity_confirmed_on == factories.days_ago(0)
    again = page.get(url(patient, "confirm-identity"))
    assert again.status_code == 302


def test_confirming_and_merging_tell_of_accounts_that_read_the_record(page: Client) -> None:
    pending, real = (factories.make_patient(identity_confirmed=False) for _ in range(2))
    reader = factories.make_user(PATIENT.name, email="mal@x.org")
    factories.make_grant(reader, pending)
    lead = "Accounts that read this record already: 1."
    assert lead in page.get(url(pending, "confirm-identity")).content.decode()
    assert lead not in page.get(url(real, "confirm-identity")).content.decode()
    address = f"{MERGE}?ids={pending.pk},{real.pk}"
    assert "Accounts with access" in page.get(address).content.decode()
    refused = send(page, address, survivor=pending.pk, reason="Same person")
    assert set(errors_of(refused)) == {"survivor"}
    assert not PatientMerge.objects.exists()


def test_the_list_leads_two_patients_to_the_merge_page(page: Client) -> None:
    one, two = factories.make_patient(), factories.make_patient()
    action = {"action": "merge_selected", "index": "0"}
    chosen = page.post(list_url(Patient), {**action, "_selected_action": [one.pk, two.pk]})
    assert chosen["Location"].startswith(MERGE)
    single = page.post(list_url(Patient), {**action, "_selected_action": [one.pk]}, follow=True)
    assert b"Choose the two records of one person." in single.content


def test_merging_moves_doses_to_the_record_that_was_chosen(page: Client, dba: Any) -> None:
    one, two = factories.make_patient(), factories.make_patient()
    dose = factories.make_dose(patient=one)
    address = f"{MERGE}?ids={one.pk},{two.pk}"
    assert str(one.last_name) in page.get(address).content.decode()
    response = send(page, address, survivor=two.pk, reason="Same person")
    assert response["Location"] == url(two)
    dose.refresh_from_db()
    one.refresh_from_db()
    assert dose.patient == two
    assert one.merged_into == two
    assert PatientMerge.objects.get().history.get().history_user == dba


def test_merging_a_record_that_changed_meanwhile_is_refused(page: Client) -> None:
    one, two = factories.make_patient(), factories.make_patient()
    address = f"{MERGE}?ids={one.pk},{two.pk}"
    response = send(page, address, survivor=two.pk, reason="Same person", seen="9,1")
    assert "Compare both records again." in str(errors_of(response))
    assert not PatientMerge.objects.exists()
    assert errors_of(send(page, address, survivor=two.pk, reason="x", seen="nonsense"))


@pytest.mark.parametrize("ids", ["", "1", "x,y", "1,1", "4711,4712"])
def test_the_merge_page_needs_two_records_in_sight(page: Client, ids: str) -> None:
    assert page.get(f"{MERGE}?ids={ids}").status_code == 404


def test_merging_is_for_those_who_may(login: Callable[[Any], Client]) -> None:
    client = login(factories.make_user(LOGISTICS.name, is_staff=True))
    one, two = factories.make_patient(), factories.make_patient()
    assert client.get(f"{MERGE}?ids={one.pk},{two.pk}").status_code == 403


def test_undoing_a_merge_takes_along_the_later_doses_that_are_chosen(page: Client) -> None:
    one, two = factories.make_patient(), factories.make_patient()
    moved = factories.make_dose(patient=two)
    merge = merges.merge_patients(
        by=factories.system(), survivor=one, duplicate=two, version=1, reason="same"
    )
    stays, goes = factories.make_dose(patient=one), factories.make_dose(patient=one)
    address = url(merge, "undo")
    form = page.get(address).context["form"]
    assert {dose.pk for dose in form.fields["also"].queryset} == {stays.pk, goes.pk}
    response = send(page, address, reason="Two people", also=[goes.pk])
    assert response.status_code == 302
    for dose, patient in ((moved, two), (goes, two), (stays, one)):
        dose.refresh_from_db()
        assert dose.patient == patient
    assert page.get(address).status_code == 302


def test_a_merged_record_is_only_shown(page: Client) -> None:
    one, two = factories.make_patient(), factories.make_patient()
    merges.merge_patients(
        by=factories.system(), survivor=one, duplicate=two, version=1, reason="same"
    )
    assert b'name="reason"' not in page.get(url(two)).content
    assert page.post(url(two), {"last_name": "X", "reason": "y"}).status_code == 403


def test_identifiers_are_added_and_corrected(page: Client) -> None:
    patient = factories.make_patient()
    add = list_url(PatientIdentifier, "add")
    assert send(page, add, patient=patient.pk, system="id", value="1").status_code == 302
    identifier = PatientIdentifier.objects.get()
    assert send(page, url(identifier), value="2", reason="Typo").status_code == 302
    identifier.refresh_from_db()
    assert (identifier.value, identifier.version) == ("2", 2)
    assert set(errors_of(send(page, add, patient=patient.pk, system="id", value="2"))) == {"value"}


def test_enrolments_begin_and_end(page: Client) -> None:
    patient, clinic = factories.make_patient(), factories.make_clinic()
    day = factories.days_ago(10)
    sent = {"patient": patient.pk, "clinic": clinic.pk, "starts_on": day}
    assert send(page, list_url(Enrolment, "add"), **sent).status_code == 302
    enrolment = Enrolment.objects.get()
    early = send(page, url(enrolment), ends_on=factories.days_ago(20))
    assert set(errors_of(early)) == {"ends_on"}
    assert send(page, url(enrolment), ends_on=factories.days_ago(1)).status_code == 302
    enrolment.refresh_from_db()
    assert enrolment.ends_on == factories.days_ago(1)


@pytest.mark.parametrize(
    "term",
    ["okon", "Okonkwo", "okonkwo, mar", "Maria Okonkwo", "okonkwo maria", "1986-04-02", "N77"],
)
def test_search_finds_by_name_birth_date_and_identifier(page: Client, term: str) -> None:
    wanted = factories.make_patient(
        first_name="María",
        last_name="Okonkwo",
        date_of_birth=dt.date(1986, 4, 2),
        identifiers=[("national-id", "N77")],
    )
    factories.make_patient(first_name="Marian", last_name="Other", identifiers=[("x", "N770")])
    found = page.get(list_url(Patient), {"q": term}).context["cl"].result_list
    assert [patient.pk for patient in found] == [wanted.pk]


def test_choosers_tell_namesakes_apart(page: Client) -> None:
    factories.make_patient(last_name="Okonkwo", date_of_birth=dt.date(1986, 4, 2))
    query = {"app_label": "records", "model_name": "enrolment", "field_name": "patient"}
    answer = page.get(reverse("admin:autocomplete"), {**query, "term": "oko"}).json()
    assert [result["text"] for result in answer["results"]] == ["Ada Okonkwo · born 1986-04-02"]
