"""Exports: what is in them, what is not, and their trace."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import LOGISTICS
from records.admin import exporting
from records.codecs.csv_lines import harmless
from records.models import AuditEntry, Dose, Lot, Patient
from tests.records import factories
from tests.records.admin.helpers import list_url

pytestmark = pytest.mark.django_db


def export(client: Client, model: Any, keys: list[int], query: str = "", **more: Any) -> Any:
    data = {"action": "export_csv", "index": "0", "_selected_action": keys, **more}
    return client.post(f"{list_url(model)}{query}", data)


def rows_of(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_selection_holds_what_was_selected(page: Client) -> None:
    wanted, _ = factories.make_patient(email="a@example.org"), factories.make_patient()
    response = export(page, Patient, [wanted.pk])
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    [row] = rows_of(response)
    assert row["public_id"] == str(wanted.public_id)
    assert (row["last_name"], row["email"]) == (wanted.last_name, "a@example.org")


def test_a_filtered_list_holds_every_page_of_it(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 2)
    wanted = {str(factories.make_patient(last_name="Okonkwo").public_id) for _ in range(5)}
    other = factories.make_patient(last_name="Other")
    response = export(page, Patient, [other.pk], "?q=okonkwo", select_across="1")
    rows = rows_of(response)
    assert {row["public_id"] for row in rows} == wanted
    assert len(rows) == 5


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert harmless(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_a_name_that_is_a_formula_is_exported_as_text(page: Client) -> None:
    patient = factories.make_patient(first_name="=HYPERLINK(1)", last_name='"a",\nb')
    [row] = rows_of(export(page, Patient, [patient.pk]))
    assert row["first_name"] == "'=HYPERLINK(1)"
    assert row["last_name"] == '"a",\nb'
    assert (harmless("Ada"), harmless(None), harmless(0)) == ("Ada", "", "0")


def test_each_patient_leaves_one_audit_entry(page: Client, dba: Any) -> None:
    patient = factories.make_patient()
    doses = [
        factories.make_dose(patient=patient, administered_on=factories.days_ago(days))
        for days in (30, 90)
    ]
    other = factories.make_dose()
    rows_of(export(page, Dose, [dose.pk for dose in [*doses, other]]))
    entries = AuditEntry.objects.filter(action="dose.exported")
    assert {entry.patient for entry in entries} == {patient, other.patient}
    assert len(entries) == 2
    entry = entries[0]
    # The body is made after the middleware is done; the trace still knows the request.
    assert (entry.actor, entry.channel) == (dba, "admin")
    assert len(entry.request_id) == 32
    assert "lot_number" in entry.fields


def test_rows_that_are_about_nobody_leave_one_entry(login: Callable[[Any], Client]) -> None:
    client = login(factories.make_user(LOGISTICS.name, is_staff=True))
    lots = [factories.make_lot(), factories.make_lot()]
    assert len(rows_of(export(client, Lot, [lot.pk for lot in lots]))) == 2
    entry = AuditEntry.objects.get(action="lot.exported")
    assert (entry.subject_type, entry.patient) == ("export", None)


def test_an_export_that_cannot_be_audited_sends_no_patient(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise RuntimeError("no audit")

    patient = factories.make_patient()
    monkeypatch.setattr(exporting, "log_export", refuse)
    response = export(page, Patient, [patient.pk])
    parts = iter(response.streaming_content)
    header = next(parts)
    with pytest.raises(RuntimeError, match="no audit"):
        next(parts)
    assert str(patient.public_id) not in header.decode()
