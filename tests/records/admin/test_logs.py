"""What is read-only in the admin, and the one step that can be taken there."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.roles import DBA
from records.models import AuditEntry, PatientGrant
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def dba(login) -> Client:
    return login(factories.make_user(DBA.name, is_staff=True))


def test_access_that_is_ended_opens_the_record_no_more(dba: Client, login) -> None:
    account, patient = factories.make_user("Patient"), factories.make_patient()
    grant = factories.make_grant(account, patient)
    reader = login(account)
    assert reader.get(f"/passport/{patient.public_id}/").status_code == 200

    assert set(errors_of(send(dba, url(grant, "end")))) == {"reason"}
    answer = send(dba, url(grant, "end"), reason="Claimed by somebody else.")

    assert (answer.status_code, answer["Location"]) == (302, list_url(PatientGrant))
    assert reader.get(f"/passport/{patient.public_id}/").status_code == 404
    assert AuditEntry.objects.get(action="patientgrant.revoked").patient_id == patient.pk
