"""Hard deletion in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import LOGISTICS
from records.models import AuditEntry, Clinic
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db


def test_deleting_needs_a_reason_and_leaves_history(page: Client, dba: Any) -> None:
    clinic = factories.make_clinic()
    assert set(errors_of(send(page, url(clinic, "delete")))) == {"reason"}
    assert send(page, url(clinic, "delete"), reason="Typed by mistake").status_code == 302
    assert not Clinic.objects.exists()
    last = Clinic.history.first()
    assert (last.history_type, last.history_user) == ("-", dba)
    assert last.history_change_reason == "Typed by mistake"
    assert AuditEntry.objects.get(action="clinic.deleted").actor == dba


def test_what_is_referred_to_is_not_deleted_and_the_page_says_by_what(page: Client) -> None:
    dose: Any = factories.make_dose()
    assert "Still refers to it: doses." in page.get(url(dose.clinic, "delete")).content.decode()
    response = send(page, url(dose.clinic, "delete"), reason="x")
    assert "doses" in str(errors_of(response)["__all__"])
    assert Clinic.objects.filter(pk=dose.clinic.pk).exists()
    response = send(page, url(dose.lot, "delete"), reason="x")
    assert "doses" in str(errors_of(response)["__all__"])


def test_a_stale_page_deletes_nothing(page: Client) -> None:
    clinic = factories.make_clinic()
    assert errors_of(send(page, url(clinic, "delete"), reason="x", seen_version=5))
    assert Clinic.objects.exists()


def test_deleting_is_for_dbas(login: Callable[[Any], Client]) -> None:
    client = login(factories.make_user(LOGISTICS.name, is_staff=True))
    lot = factories.make_lot()
    assert client.post(url(lot, "delete"), {"reason": "x", "seen_version": 1}).status_code == 403


def test_lists_offer_no_bulk_deletion(page: Client) -> None:
    clinic = factories.make_clinic()
    data = {
        "action": "delete_selected",
        "index": "0",
        "_selected_action": [clinic.pk],
        "post": "yes",
    }
    page.post(list_url(Clinic), data)
    assert Clinic.objects.exists()
