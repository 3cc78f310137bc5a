"""Proposals to merge two records, as a keeper of records decides them."""

import pytest
from django.test import Client

from accounts.roles import DBA
from records.domain.patients import amend_patient
from records.models import AuditEntry
from tests.records.admin.helpers import filled, send, url
from tests.records.factories import make_dose, make_patient, make_user, system
from tests.records.workspace import proposed

pytestmark = pytest.mark.django_db


def test_decision_tells_both_records_in_the_readers_language(client: Client) -> None:
    patient, survivor = make_patient(last_name="Okonkwo"), make_patient(last_name="Zeller")
    make_dose(patient=patient)
    proposal = proposed(patient, survivor)
    client.force_login(make_user(DBA.name, is_staff=True, language="es"))

    response = client.get(f"/admin/records/mergeproposal/{proposal.pk}/accept/")

    page = response.content.decode()
    assert "Okonkwo, nacimiento: " in page
    assert "Zeller, nacimiento: " in page
    assert " · 1 dosis · 0 cuentas" in page
    assert "doses, " not in page
    noted = AuditEntry.objects.filter(request_id=response["X-Request-ID"])
    assert {entry.patient for entry in noted} == {patient, survivor}


def test_merge_is_refused_when_the_record_that_goes_changed_since_it_was_shown(
    page: Client,
) -> None:
    patient, survivor = make_patient(last_name="Okonkwo"), make_patient(last_name="Zeller")
    address = url(proposed(patient, survivor), "accept")
    sent = {**filled(page, address), "reason": "Same passport."}
    changes = {"last_name": "Okafor"}
    amend_patient(by=system(), patient=patient, version=1, reason="Typing error", changes=changes)

    refused = page.post(address, sent).content.decode()
    patient.refresh_from_db()
    assert "at version 2 now; you changed version 1" in refused
    assert "Okafor" in refused
    assert patient.merged_into is None

    send(page, address, reason="Same passport.")
    patient.refresh_from_db()
    assert patient.merged_into == survivor
