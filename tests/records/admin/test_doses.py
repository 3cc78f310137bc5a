"""Doses in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import LOGISTICS
from records.domain import doses, lots
from records.models import AuditEntry, Dose, DoseStatus, Lot
from records.wording import UNDONE
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db

ADD = "/admin/records/dose/add/"
VOID = "/admin/records/dose/void/"


@pytest.fixture
def given() -> dict[str, Any]:
    """Return what a dose given here needs."""
    clinic = factories.make_clinic()
    return {
        "patient": factories.make_patient().pk,
        "administered_on": factories.days_ago(3),
        "lot": factories.make_lot().pk,
        "clinic": clinic.pk,
        "volunteer": factories.make_volunteer(clinic).pk,
    }


def test_recording_writes_dose_history_and_audit(
    page: Client, dba: Any, given: dict[str, Any]
) -> None:
    assert send(page, ADD, **given).status_code == 302
    dose = Dose.objects.get()
    assert (dose.lot_number, dose.dose_number, dose.recorded_by) == (
        Lot.objects.get().number,
        1,
        dba,
    )
    assert dose.history.get().history_user == dba
    assert AuditEntry.objects.get(action="dose.recorded").channel == "admin"


def test_recording_shows_each_broken_rule_on_its_field(page: Client, given: dict[str, Any]) -> None:
    stranger = factories.make_volunteer(factories.make_clinic())
    lot = factories.make_lot(expires_on=factories.days_ago(100))
    response = send(page, ADD, **{**given, "volunteer": stranger.pk, "lot": lot.pk})
    assert errors_of(response) == {
        "lot": ["This lot had expired on that day."],
        "volunteer": ["This volunteer was not assigned to this clinic on that day."],
    }
    assert not Dose.objects.exists()


def test_recording_without_lot_and_vaccine_is_an_error_of_the_lot(
    page: Client, given: dict[str, Any]
) -> None:
    assert set(errors_of(send(page, ADD, **{**given, "lot": ""}))) == {"lot"}


def test_recording_a_dose_from_elsewhere_needs_no_lot(page: Client) -> None:
    vaccine = factories.make_vaccine()
    sent = {
        "patient": factories.make_patient().pk,
        "administered_on": factories.days_ago(300),
        "vaccine": vaccine.pk,
        "primary_source": "",
    }
    assert send(page, ADD, **sent).status_code == 302
    assert Dose.objects.get().vaccine == vaccine


def test_a_warning_is_recorded_only_after_it_was_ticked(
    page: Client, given: dict[str, Any]
) -> None:
    lot = factories.make_lot()
    lots.recall_lot(
        by=factories.system(), lot=lot, version=1, recalled_on=factories.days_ago(1), reason="bad"
    )
    sent = {**given, "lot": lot.pk}
    asked = send(page, ADD, **sent)
    assert "lot has been recalled since" in asked.content.decode()
    assert 'value="lot_recalled_since"' in asked.content.decode()
    assert 'value="short_interval"' not in asked.content.decode()
    assert not Dose.objects.exists()
    assert send(page, ADD, **sent, confirmed=["lot_recalled_since"]).status_code == 302
    assert Dose.objects.get().lot == lot


def test_undone_dose_says_why_in_the_readers_language(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    dose = factories.make_dose()
    monkeypatch.setattr("records.wording.gettext", str.upper)
    doses.void_dose(by=factories.system(), dose=dose, version=1, reason=UNDONE)
    for name in ("change", "history", "as_of"):
        text = page.get(url(dose, name)).content.decode()
        assert UNDONE.upper() in text
        assert UNDONE not in text


def test_amending_changes_the_lot_by_one_chooser(page: Client) -> None:
    dose, lot = factories.make_dose(), factories.make_lot()
    assert send(page, url(dose), lot=lot.pk, reason="Wrong vial").status_code == 302
    dose = Dose.objects.get()
    assert (dose.lot, dose.version) == (lot, 2)
    assert dose.history.first().history_change_reason == "Wrong vial"


def test_amending_shows_rules_on_fields(page: Client) -> None:
    dose = factories.make_dose()
    future = factories.days_ago(-5)
    response = send(page, url(dose), administered_on=future, reason="Wrong day")
    assert "administered_on" in errors_of(response)
    assert dose.history.count() == 1


def test_a_stale_amendment_names_the_lots(page: Client) -> None:
    dose, mine, theirs = factories.make_dose(), factories.make_lot(), factories.make_lot()
    doses.amend_dose(
        by=factories.system(), dose=dose, version=1, reason="first", changes={"lot": theirs}
    )
    response = send(page, url(dose), lot=mine.pk, reason="second", seen_version=1)
    assert response.status_code == 409
    assert mine.number in response.content.decode()
    assert theirs.number in response.content.decode()
    assert Dose.objects.get().lot == theirs


def test_voiding_asks_for_a_reason_and_keeps_the_dose(page: Client) -> None:
    dose = factories.make_dose()
    assert set(errors_of(send(page, url(dose, "void")))) == {"reason"}
    assert send(page, url(dose, "void"), reason="Never given").status_code == 302
    dose.refresh_from_db()
    assert (dose.status, dose.status_reason) == (DoseStatus.ENTERED_IN_ERROR, "Never given")
    shown = page.get(url(dose))
    assert b'name="reason"' not in shown.content
    assert page.post(url(dose), {"reason": "x"}).status_code == 403


def test_voiding_a_stale_page_is_refused(page: Client) -> None:
    dose = factories.make_dose()
    response = send(page, url(dose, "void"), reason="x", seen_version=7)
    assert "Look at it again" in str(errors_of(response))
    dose.refresh_from_db()
    assert dose.status == DoseStatus.COMPLETED


def test_a_selection_is_voided_as_one(page: Client, dba: Any) -> None:
    chosen = [factories.make_dose() for _ in range(3)]
    keys = [dose.pk for dose in chosen]
    action = {"action": "void_selected", "index": "0", "_selected_action": keys}
    address = page.post(list_url(Dose), action)["Location"]
    assert address.startswith(VOID)
    text = page.get(address).content.decode()
    assert "3 doses of 3 patients" in text
    assert send(page, address, reason="Wrong file").status_code == 302
    assert set(Dose.objects.values_list("status", flat=True)) == {DoseStatus.ENTERED_IN_ERROR}
    assert AuditEntry.objects.filter(action="dose.voided", actor=dba).count() == 3


def test_a_selection_with_a_voided_dose_voids_nothing(page: Client) -> None:
    good, void = factories.make_dose(), factories.make_dose()
    doses.void_dose(by=factories.system(), dose=void, version=1, reason="x")
    response = send(page, f"{VOID}?ids={good.pk},{void.pk}", reason="Wrong file")
    assert errors_of(response)
    good.refresh_from_db()
    assert good.status == DoseStatus.COMPLETED


def test_a_selection_that_changed_meanwhile_is_not_voided(page: Client) -> None:
    dose = factories.make_dose()
    response = send(page, f"{VOID}?ids={dose.pk}", reason="x", seen=f"{dose.pk}:9")
    assert errors_of(response)
    dose.refresh_from_db()
    assert dose.status == DoseStatus.COMPLETED


@pytest.mark.parametrize("ids", ["", "x", "4711"])
def test_the_void_page_needs_doses_in_sight(page: Client, ids: str) -> None:
    assert page.get(f"{VOID}?ids={ids}").status_code == 404


def test_voiding_is_for_those_who_may(login: Callable[[Any], Client]) -> None:
    dose = factories.make_dose()
    client = login(factories.make_user(LOGISTICS.name, is_staff=True))
    assert client.get(f"{VOID}?ids={dose.pk}").status_code == 403
    assert client.get(url(dose, "void")).status_code == 403


def test_search_finds_by_lot_day_and_patient(page: Client) -> None:
    dose = factories.make_dose(patient=factories.make_patient(last_name="Okonkwo"))
    factories.make_dose(administered_on=factories.days_ago(60))
    for term in (str(dose.lot_number), str(dose.administered_on), "okonk"):
        found = page.get(list_url(Dose), {"q": term}).context["cl"].result_list
        assert [row.pk for row in found] == [dose.pk], term


def test_filters_narrow_to_one_lot_and_status(page: Client) -> None:
    dose: Any = factories.make_dose()
    factories.make_dose()
    for query in (f"lot={dose.lot.pk}", f"lot={dose.lot.pk}&status=completed"):
        found = page.get(f"{list_url(Dose)}?{query}").context["cl"].result_list
        assert [row.pk for row in found] == [dose.pk]
    # No index begins with the status: alone it is not offered and changes nothing.
    everything = page.get(f"{list_url(Dose)}?status=not-done").context["cl"].result_list
    assert len(everything) == 2


def test_the_lot_chooser_names_maker_and_vaccine(page: Client) -> None:
    lot = factories.make_lot(number="FK2210")
    query = "app_label=records&model_name=stageddose&field_name=lot&term=FK"
    [result] = page.get(f"/admin/autocomplete/?{query}").json()["results"]
    assert result["id"] == str(lot.pk)
    assert str(lot.manufacturer) in result["text"]
