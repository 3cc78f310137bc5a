"""The session at a clinic: what was given today, and undoing one's own."""

from typing import Any

import pytest
from django.test import Client

from records.domain import doses
from records.models import AuditEntry, Clinic, Dose, Lot, Patient
from records.wording import UNDONE
from tests.records.factories import days_ago, make_dose, make_patient, make_volunteer_user
from tests.records.web.helpers import filled, path_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(at_work: Client, patient: Patient, lot: Lot) -> Dose:
    """A dose that the volunteer recorded today, through the form."""
    at_work.post(path_of(patient), filled(at_work, path_of(patient), lot=lot.public_id))
    return Dose.objects.get()


def undo(client: Client, dose: Dose, version: Any = None) -> Any:
    data = {"version": dose.version if version is None else version}
    return client.post(f"/clinic/doses/{dose.public_id}/undo", data, follow=True)


def test_session_counts_by_lot_and_lists_ones_own(
    at_work: Client, clinic: Clinic, mine: Dose, lot: Lot
) -> None:
    colleague = make_volunteer_user(clinic)
    other = make_patient(last_name="Zeller", clinic=clinic)
    make_dose(
        patient=other,
        lot=lot,
        clinic=clinic,
        volunteer=colleague.volunteer,
        administered_on=clinic.today(),
    )
    page = at_work.get("/clinic/session").content.decode()
    assert "2 doses, of which 1 recorded by me." in page
    assert lot.number in page
    assert "Okonkwo, Ada" in page
    assert "Zeller" not in page


def test_session_notes_whose_names_it_shows(at_work: Client, mine: Dose) -> None:
    response = at_work.get("/clinic/session")
    entry = AuditEntry.objects.get(request_id=response["X-Request-ID"])
    assert (entry.patient, entry.fields) == (mine.patient, ["list"])


def test_session_without_a_dose_says_so(at_work: Client) -> None:
    assert "No dose given yet today" in at_work.get("/clinic/session").content.decode()


@pytest.mark.parametrize("path", ["/clinic/session", "dose"])
def test_own_dose_of_today_can_be_undone(at_work: Client, mine: Dose, path: str) -> None:
    where = f"/clinic/doses/{mine.public_id}/" if path == "dose" else path
    address = f'action="/clinic/doses/{mine.public_id}/undo"'
    assert address in at_work.get(where).content.decode()
    page = undo(at_work, mine)
    assert page.redirect_chain == [(path_of(mine.patient, ""), 302)]
    mine.refresh_from_db()
    assert (mine.status, mine.status_reason) == ("entered-in-error", UNDONE)
    assert address not in at_work.get(where).content.decode()


def test_undone_dose_says_why_in_the_readers_language(
    at_work: Client, mine: Dose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.wording.gettext", str.upper)
    pages = [undo(at_work, mine), at_work.get(f"/clinic/doses/{mine.public_id}/")]
    for page in (each.content.decode() for each in pages):
        assert UNDONE.upper() in page
        assert UNDONE not in page


def test_dose_of_a_colleague_needs_a_reason(at_work: Client, clinic: Clinic, mine: Dose) -> None:
    colleague = Client()
    colleague.force_login(make_volunteer_user(clinic))
    page = colleague.get(f"/clinic/doses/{mine.public_id}/").content.decode()
    assert f"/clinic/doses/{mine.public_id}/undo" not in page
    asked = undo(colleague, mine)
    assert asked.redirect_chain == [(f"/clinic/doses/{mine.public_id}/void", 302)]
    mine.refresh_from_db()
    assert mine.status == "completed"


def test_own_dose_of_an_earlier_day_needs_a_reason(at_work: Client, mine: Dose) -> None:
    mine.history.update(history_date=f"{days_ago(1)}T12:00:00Z")
    assert "/undo" not in at_work.get(f"/clinic/doses/{mine.public_id}/").content.decode()
    undo(at_work, mine)
    mine.refresh_from_db()
    assert mine.status == "completed"


def test_dose_written_down_late_today_can_be_undone_today(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    at_work.post(path_of(patient), {**data, "administered_on": days_ago(4)})
    dose = Dose.objects.get()
    undo(at_work, dose)
    dose.refresh_from_db()
    assert dose.status == "entered-in-error"


@pytest.mark.parametrize("version", [0, "", "x", "9" * 30, "-1"])
def test_undo_of_another_version_than_was_seen_undoes_nothing(
    at_work: Client, mine: Dose, version: Any
) -> None:
    page = undo(at_work, mine, version)
    assert "changed in the meantime" in page.content.decode()
    mine.refresh_from_db()
    assert mine.status == "completed"


def test_undo_of_a_corrected_dose_undoes_nothing(
    at_work: Client, volunteer: Any, mine: Dose
) -> None:
    doses.amend_dose(by=volunteer, dose=mine, version=1, reason="Arm", changes={"site": "LA"})
    undo(at_work, mine)
    assert Dose.objects.get().status == "completed"


def test_undone_twice_is_undone_once(at_work: Client, mine: Dose) -> None:
    undo(at_work, mine)
    again = undo(at_work, mine)
    assert "it cannot be changed any more" in again.content.decode()
    assert Dose.history.filter(id=mine.pk).count() == 2


def test_site_and_route_of_the_last_dose_stand_in_the_next_form(
    at_work: Client, clinic: Clinic, patient: Patient, lot: Lot
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id, site="LD", route="IM")
    at_work.post(path_of(patient), data)
    offered = filled(at_work, path_of(make_patient(clinic=clinic)))
    assert (offered["lot"], offered["site"], offered["route"]) == (lot.public_id, "LD", "IM")
