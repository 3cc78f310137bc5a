"""The field of the search takes what a scanner types, and opens nothing that proves nothing."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from records.codecs import shc
from records.codecs.claim_codes import show_code
from records.domain import lookup
from records.domain.boxes import unseal
from records.domain.claims import issue_claim_code
from records.domain.codes import read_code
from records.domain.credentials import revoke_credential
from records.models import AuditEntry, Clinic, Credential, Enrolment, Patient
from tests.records.factories import (
    make_clinic,
    make_dose,
    make_patient,
    make_volunteer_user,
    system,
)
from tests.records.issuer import issue
from tests.records.signing import PERSON, CardIssuer, changed, trusted

pytestmark = pytest.mark.django_db


def scan(client: Client, text: str) -> Any:
    return client.post("/clinic/", {"name": text, "date_of_birth": ""})


def patient_of(clinic: Clinic, **fields: Any) -> Patient:
    patient = make_patient(
        first_name="Zoe", last_name="Quill", clinic=clinic, identity_confirmed=True, **fields
    )
    make_dose(patient=patient)
    return patient


def slip(patient: Patient, clinic: Clinic) -> str:
    by = make_volunteer_user(clinic)
    return show_code(issue_claim_code(by=by, patient=patient, clinic=clinic)[1])


def test_claim_slip_and_number_lead_to_the_dose(at_work: Client, clinic: Clinic) -> None:
    patient = patient_of(clinic, identifiers=[("insurance", "AB-4711")])
    code = slip(patient, clinic)
    for text in (code, code.lower(), "AB-4711"):
        response = scan(at_work, text)
        assert response.status_code == 302
        assert response["Location"] == f"/clinic/patients/{patient.public_id}/record"


def test_search_takes_all_that_a_scanner_types(at_work: Client, clinic: Clinic) -> None:
    [card] = issue(patient_of(clinic))
    typed = shc.numeric(unseal(bytes(card.content)).decode())
    field = at_work.get("/clinic/").context["form"]["name"]
    assert len(typed) < int(field.field.widget.attrs["maxlength"])
    assert scan(at_work, typed)["Location"].endswith("/record")


def test_number_of_a_patient_of_elsewhere_tells_nothing(at_work: Client) -> None:
    patient_of(make_clinic(), identifiers=[("insurance", "AB-4711")])
    known, unknown = (scan(at_work, text).content.decode() for text in ("AB-4711", "AB-4712"))
    for page in (known, unknown):
        assert "leads to nobody here" in page
        assert "Quill" not in page
        assert "AB-471" not in page


def test_used_or_invented_slip_opens_nothing(at_work: Client, clinic: Clinic) -> None:
    patient = patient_of(clinic)
    earlier = slip(patient, clinic)
    slip(patient, clinic)  # the earlier one is revoked by it
    for text in (earlier, "7QK2-M9XD-0RTA"):
        page = scan(at_work, text).content.decode()
        assert "leads to nobody here" in page
        assert "Quill" not in page


def test_slip_of_elsewhere_shows_name_and_birth_date_and_enrols(
    at_work: Client, clinic: Clinic, volunteer: Any
) -> None:
    there = make_clinic(name="Hillside")
    patient = patient_of(there, phone="555-0199")
    page = scan(at_work, slip(patient, there)).content.decode()
    assert "Quill, Zoe" in page
    assert "belongs to another clinic" in page
    for hidden in ("555-0199", "Hillside"):
        assert hidden not in page
    noted = AuditEntry.objects.filter(actor=volunteer, patient=patient)
    assert noted.filter(action=lookup.SCANNED).exists()
    assert not noted.filter(action=lookup.FOUND).exists()
    at_work.post(f"/clinic/patients/{patient.public_id}/enrol")
    assert Enrolment.objects.filter(patient=patient, clinic=clinic).exists()


def test_slips_are_tried_only_so_often(at_work: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "PER_HOUR", 2)
    codes = [scan(at_work, f"7QK2-M9XD-0RT{number}").status_code for number in range(3)]
    assert codes == [200, 200, 429]


def test_name_like_a_slip_is_still_a_name(at_work: Client, clinic: Clinic) -> None:
    make_patient(last_name="Anna-Lena-Marx", first_name="Zoe", clinic=clinic)
    page = at_work.post("/clinic/", {"name": "Anna-Lena-Marx"}, follow=True).content.decode()
    assert "Anna-Lena-Marx, Zoe" in page


def own_code(patient: Patient, format: str = "shc") -> tuple[Credential, str]:
    [credential] = issue(patient, format)
    return credential, read_code(by=system(), credential=credential).text


@pytest.mark.parametrize("prefix", ["", "shc"])
def test_own_card_leads_to_the_dose(at_work: Client, clinic: Clinic, prefix: str) -> None:
    patient = patient_of(clinic)
    text = own_code(patient)[1]
    response = scan(at_work, shc.numeric(text) if prefix else text)
    assert response["Location"] == f"/clinic/patients/{patient.public_id}/record"


def test_own_card_of_elsewhere_shows_name_and_birth_date(at_work: Client) -> None:
    patient = patient_of(make_clinic(name="Hillside"))
    page = scan(at_work, own_code(patient)[1]).content.decode()
    assert "Quill, Zoe" in page
    assert "Hillside" not in page
    assert f"/clinic/patients/{patient.public_id}/enrol" in page


def test_revoked_or_changed_card_opens_nothing(at_work: Client, clinic: Clinic) -> None:
    patient = patient_of(clinic)
    credential, text = own_code(patient)
    forged = changed(text)
    revoke_credential(by=system(), credential=credential, version=1, reason="Lost.")
    for code, words in ((text, "Withdrawn"), (forged, "Issuer unknown"), ("HC1:ABC", "Not a vacc")):
        page = scan(at_work, code).content.decode()
        assert words in page
        assert "Nothing was opened" in page
        assert "Quill" not in page


def test_card_of_another_issuer_searches_by_what_it_says(at_work: Client, clinic: Clinic) -> None:
    issuer = CardIssuer()
    trusted(issuer, name="Ministry")
    born = dt.date.fromisoformat(PERSON.birth_date)
    make_patient(
        last_name=PERSON.family, first_name=PERSON.given, date_of_birth=born, clinic=clinic
    )
    make_patient(last_name="Quill", clinic=clinic)
    page = at_work.post("/clinic/", {"name": issuer.card()}, follow=True).content.decode()
    assert "A genuine code of Ministry" in page
    assert "1 patient found" in page
    assert "Quill" not in page
