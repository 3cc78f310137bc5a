"""The audit in the admin: found by day, actor, act and patient; of accounts only for some."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import DBA, LOGISTICS, USER_MANAGER
from records.domain.account_log import log_account
from records.models import AuditEntry, AuditSeal
from tests.records import factories as make
from tests.records.admin.helpers import url

pytestmark = pytest.mark.django_db

LIST = "/admin/records/auditentry/"


@pytest.fixture
def manager(login: Callable[[Any], Client]) -> Client:
    return login(make.make_user(USER_MANAGER.name, is_staff=True))


def actions(client: Client, query: str) -> set[str]:
    response = client.get(LIST + query)
    assert response.status_code == 200
    return {entry.action for entry in response.context["cl"].result_list}


def entry_of(actor: Any, action: str, **fields: Any) -> AuditEntry:
    return AuditEntry.objects.create(
        actor=actor,
        action=action,
        subject_type="dose",
        subject_id="11111111-1111-4111-8111-111111111111",
        channel="web",
        **fields,
    )


def test_entries_are_found_by_the_start_of_the_actors_address(page: Client) -> None:
    actor = make.make_user(email="Zoe@hospital.example.org")
    entry_of(actor, "dose.probed")
    assert actions(page, "?q=zoe@hos") == {"dose.probed"}
    assert actions(page, "?q=oe@hos") == set()


def test_entries_are_found_by_day(page: Client, dba: Any) -> None:
    entry_of(dba, "dose.late", at=dt.datetime(2025, 3, 1, 23, 59, 59, tzinfo=dt.UTC))
    entry_of(dba, "dose.later", at=dt.datetime(2025, 3, 2, tzinfo=dt.UTC))
    assert actions(page, "?q=2025-03-01") == {"dose.late"}


def test_entries_are_found_by_patient(page: Client) -> None:
    patient, _ = make.make_patient(last_name="Quibblesworth"), make.make_patient()
    assert "patient.registered" in actions(page, f"?q={patient.last_name}")
    response = page.get(f"{LIST}?patient={patient.pk}")
    assert {entry.patient_id for entry in response.context["cl"].result_list} == {patient.pk}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("read", {"patient.read"}),
        ("export", {"dose.exported"}),
        ("access", {"patientgrant.given", "claim.refused"}),
        ("account", {"user.signed_in"}),
    ],
)
def test_kinds_of_act_are_told_apart(page: Client, dba: Any, kind: str, expected: set[str]) -> None:
    old = timezone.now() - dt.timedelta(days=20)
    AuditEntry.objects.all().delete()
    for action in ("patient.read", "dose.exported", "claim.refused", "user.signed_in"):
        entry_of(dba, action, at=old)
    AuditEntry.objects.create(
        actor=dba,
        action="patientgrant.given",
        subject_type="patientgrant",
        subject_id="11111111-1111-4111-8111-111111111111",
        channel="web",
        at=old,
    )
    assert actions(page, f"?when=30&kind={kind}") == expected
    assert actions(page, f"?when=7&kind={kind}") <= {"patient.read"}


def test_user_managers_see_what_happened_to_accounts_and_no_patient(manager: Client) -> None:
    patient = make.make_patient(last_name="Quibblesworth")
    user = make.make_user(name="Ben Account")
    log_account(by=user, user=user, action="user.locked_out", fields=[])
    assert "patient.registered" not in actions(manager, "")
    assert actions(manager, "?account=user.locked_out") == {"user.locked_out"}
    assert actions(manager, "?q=Quibblesworth") == set()
    assert actions(manager, f"?q={patient.public_id}") == set()
    text = manager.get(LIST).content.decode()
    assert "Ben Account" in text
    for word in ("Quibblesworth", "column-patient", "patient's name"):
        assert word not in text
    entry = AuditEntry.objects.filter(patient=patient).latest("pk")
    assert manager.get(url(entry)).status_code == 404
    own = AuditEntry.objects.filter(action="user.locked_out").latest("pk")
    page = manager.get(url(own))
    assert page.status_code == 200
    assert "field-patient" not in page.content.decode()


def test_user_managers_cannot_filter_by_patient(manager: Client) -> None:
    patient = make.make_patient(last_name="Quibblesworth")
    response = manager.get(f"{LIST}?patient={patient.pk}", follow=True)
    assert "Quibblesworth" not in response.content.decode()


def test_seals_are_for_keepers_of_records(login: Callable[[Any], Client], page: Client) -> None:
    seal = AuditSeal.objects.create(
        number=1, after_id=0, to_id=9, entries=9, leaves=b"secret", key_id="k", digest="ab12"
    )
    response = page.get("/admin/records/auditseal/?q=ab12")
    assert [found.pk for found in response.context["cl"].result_list] == [seal.pk]
    assert page.get(url(seal)).status_code == 200
    for role in (USER_MANAGER, LOGISTICS):
        other = login(make.make_user(role.name, is_staff=True))
        assert other.get("/admin/records/auditseal/").status_code == 403


def test_nobody_changes_the_audit(page: Client, login: Callable[[Any], Client], dba: Any) -> None:
    entry = entry_of(dba, "dose.probed")
    root = login(make.make_user(is_staff=True, is_superuser=True))
    for client in (page, root, login(make.make_user(DBA.name, is_staff=True))):
        assert client.post(url(entry), {"action": "dose.other"}).status_code == 403
        assert client.get(url(entry, "delete")).status_code == 403
        assert client.get(f"{LIST}add/").status_code == 403
    entry.refresh_from_db()
    assert entry.action == "dose.probed"
