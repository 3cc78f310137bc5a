"""Correcting a patient's data, adding a number, proposing a merge, and the sheet to take home."""

from typing import Any

import pytest
from django.test import Client

from records.domain import lookup
from records.domain.claims import claim_record
from records.domain.merge_proposals import propose_merge
from records.models import AuditEntry, Clinic, MergeProposal, Patient, PatientIdentifier
from tests.records.factories import make_clinic, make_dose, make_patient, make_user, system
from tests.records.web.helpers import code_on, filled, path_of

pytestmark = pytest.mark.django_db


def test_correction_needs_a_reason_and_keeps_what_was(at_work: Client, patient: Patient) -> None:
    path = path_of(patient, "edit")
    data = filled(at_work, path, last_name="Okonkwo-Bright", city="Graz")
    assert "This field is required" in at_work.post(path, data).content.decode()
    page = at_work.post(path, {**data, "reason": "Married"}, follow=True).content.decode()
    assert "The correction is saved" in page
    assert "Okonkwo-Bright" in page
    patient.refresh_from_db()
    assert (patient.version, patient.city) == (2, "Graz")
    assert patient.history.filter(last_name="Okonkwo").exists()


def test_correction_that_changes_nothing_says_so(at_work: Client, patient: Patient) -> None:
    path = path_of(patient, "edit")
    page = at_work.post(path, filled(at_work, path, reason="Looked again"), follow=True)
    assert "Nothing was changed" in page.content.decode()
    assert "The correction is saved" not in page.content.decode()
    patient.refresh_from_db()
    assert patient.version == 1


def test_correction_of_what_a_colleague_changed_shows_both(
    at_work: Client, patient: Patient
) -> None:
    path = path_of(patient, "edit")
    first = filled(at_work, path, last_name="Zeta", reason="Typing error")
    second = {**first, "last_name": "Omega"}
    at_work.post(path, first)
    response = at_work.post(path, second)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody changed this record in the meantime" in page
    assert "<del>Okonkwo</del>" in page
    assert "<ins>Zeta</ins>" in page
    patient.refresh_from_db()
    assert patient.last_name == "Zeta"


def test_number_is_added_once(at_work: Client, patient: Patient, volunteer: Any) -> None:
    path = path_of(patient, "numbers")
    number = {"system": "insurance", "value": "4711"}
    assert "The number is added" in at_work.post(path, number, follow=True).content.decode()
    assert PatientIdentifier.objects.get(patient=patient).value == "4711"
    assert "is taken" in at_work.post(path, number).content.decode()
    assert not AuditEntry.objects.filter(actor=volunteer, action=lookup.SEARCHED).exists()


def test_number_that_somebody_of_elsewhere_has_is_a_search(
    at_work: Client, patient: Patient, volunteer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PER_HOUR", 1)
    there = make_patient(
        last_name="Quill", clinic=make_clinic(), identifiers=[("insurance", "4711")]
    )
    path, number = path_of(patient, "numbers"), {"system": "insurance", "value": "4711"}
    page = at_work.post(path, number).content.decode()
    assert "is taken" in page
    assert "Quill" not in page
    matched = AuditEntry.objects.filter(actor=volunteer, action=lookup.MATCHED, patient=there)
    assert matched.exists()
    limited = at_work.post(path, number)
    assert limited.status_code == 429
    assert "is taken" not in limited.content.decode()


def test_merge_is_proposed_among_those_who_look_alike(
    at_work: Client, patient: Patient, clinic: Clinic
) -> None:
    born = patient.date_of_birth
    twin = make_patient(last_name="Okonwo", date_of_birth=born, clinic=clinic)
    stranger = make_patient(last_name="Zeller", first_name="Piotr", clinic=clinic)
    path = path_of(patient, "same-person")
    page = at_work.get(path).content.decode()
    assert "Okonwo" in page
    assert str(stranger.public_id) not in page
    data = {"survivor": stranger.public_id, "reason": "Same face"}
    assert "Select a valid choice" in at_work.post(path, data).content.decode()
    page = at_work.post(path, {**data, "survivor": twin.public_id}, follow=True).content.decode()
    assert "A merge is proposed" in page
    assert str(twin.public_id) not in page  # nobody proposes it twice
    proposal = MergeProposal.objects.get()
    assert (proposal.patient, proposal.survivor, proposal.reason) == (patient, twin, "Same face")


def test_everybody_named_by_a_proposal_is_noted(
    at_work: Client, patient: Patient, clinic: Clinic
) -> None:
    other = make_patient(last_name="Zeller", first_name="Piotr", clinic=clinic)
    propose_merge(by=system(), patient=patient, survivor=other, reason="Same face")
    response = at_work.get(path_of(patient, "same-person"))
    assert "Zeller" in response.content.decode()
    noted = AuditEntry.objects.filter(request_id=response["X-Request-ID"])
    assert {entry.patient for entry in noted} == {patient, other}


def test_merge_without_anybody_alike_says_what_to_do(at_work: Client, patient: Patient) -> None:
    make_patient(last_name="Okonkwo", date_of_birth=patient.date_of_birth, clinic=make_clinic())
    page = at_work.get(path_of(patient, "same-person")).content.decode()
    assert "No other record here looks like this one" in page


def test_registering_a_look_alike_leads_to_the_proposal(at_work: Client, patient: Patient) -> None:
    person = {
        "last_name": patient.last_name,
        "first_name": patient.first_name,
        "date_of_birth": patient.date_of_birth.isoformat(),
        "gender": "unknown",
    }
    asked = at_work.post("/clinic/patients/new", person).content.decode()
    assert "Register and propose a merge" in asked
    response = at_work.post(
        "/clinic/patients/new", {**person, "register_anyway": "1", "then": "compare"}
    )
    new = Patient.objects.latest("id")
    assert response["Location"] == path_of(new, "same-person")


def test_sheet_to_take_home_has_a_code_that_works_and_the_signed_one(
    at_work: Client, clinic: Clinic
) -> None:
    patient = make_patient(clinic=clinic, identity_confirmed=True)
    make_dose(patient=patient)
    page = at_work.post(path_of(patient, "take-home"), {"template": "self"}).content.decode()
    assert "data:image/svg+xml;base64," in page
    person = make_user("Patient")
    grant = claim_record(by=person, code=code_on(page), date_of_birth=patient.date_of_birth)
    assert grant.patient == patient


def test_sheet_to_take_home_waits_for_the_identity(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(clinic=clinic, identity_confirmed=False)
    make_dose(patient=patient)
    assert "Confirm it first" in at_work.get(path_of(patient, "take-home")).content.decode()
    page = at_work.post(path_of(patient, "take-home"), {"template": "self"}).content.decode()
    assert "data:image/svg" not in page
    assert "identity first" in page
