"""Recording, confirming, amending and voiding a dose."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.roles import SALES
from records.domain import lots
from records.models import Clinic, Dose, Lot, Patient
from records.web import clinic_doses
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_lot,
    make_manufacturer,
    make_patient,
    make_vaccine,
    make_volunteer_user,
    system,
)
from tests.records.web.helpers import NOBODY, filled, path_of

pytestmark = pytest.mark.django_db


def test_record_saves_and_confirms(
    at_work: Client, volunteer: Any, clinic: Clinic, patient: Patient, lot: Lot
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id, site="LD", route="IM")
    response = at_work.post(path_of(patient), data, follow=True)
    dose = Dose.objects.get()
    assert response.redirect_chain == [(f"/clinic/doses/{dose.public_id}/", 302)]
    assert (dose.patient, dose.lot, dose.clinic, dose.site) == (patient, lot, clinic, "LD")
    assert (dose.volunteer, dose.recorded_by) == (volunteer.volunteer, volunteer)
    assert dose.administered_on == clinic.today()
    page = response.content.decode()
    for shown in (
        "The dose is recorded",
        "Ada Okonkwo",
        lot.vaccine.short_name,
        "Dose 1 · COVID-19",
        lot.number,
        "Left deltoid",
        "Next patient",
        f"/clinic/doses/{dose.public_id}/void",
    ):
        assert shown in page


def test_record_offers_the_lot_of_the_last_dose(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    make_lot()
    at_work.post(path_of(patient), filled(at_work, path_of(patient), lot=lot.public_id))
    assert filled(at_work, path_of(patient))["lot"] == lot.public_id


def test_record_of_a_lot_past_its_use_leaves_the_lot_of_the_shift(
    at_work: Client, clinic: Clinic, patient: Patient, lot: Lot
) -> None:
    at_work.post("/clinic/shift", {"clinic": clinic.public_id, "lot": lot.public_id})
    old = make_lot(expires_on=days_ago(5))
    data = filled(at_work, path_of(patient)) | {"lot": old.public_id}
    at_work.post(path_of(patient), data | {"administered_on": days_ago(6)})
    assert Dose.objects.get().lot == old
    assert filled(at_work, path_of(patient))["lot"] == lot.public_id


def test_record_names_the_vaccine_of_the_chosen_lot(
    at_work: Client, clinic: Clinic, patient: Patient, lot: Lot
) -> None:
    at_work.post("/clinic/shift", {"clinic": clinic.public_id, "lot": lot.public_id})
    page = at_work.get(path_of(patient)).content.decode()
    assert f'<span class="code">{lot.number}</span> · {lot.vaccine.short_name}' in page
    assert f"selected>{lot.number} · {lot.vaccine.short_name}" in page


def test_record_asks_who_gave_it_only_where_there_is_a_choice(
    at_work: Client, volunteer: Any, clinic: Clinic, patient: Patient
) -> None:
    make_volunteer_user(clinic)
    assert "volunteer" not in at_work.get(path_of(patient)).context["form"].fields
    volunteer.groups.add(Group.objects.get(name=SALES.name))
    assert not at_work.get(path_of(patient)).context["form"]["volunteer"].is_hidden


def test_record_sent_twice_records_once(at_work: Client, patient: Patient, lot: Lot) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    first = at_work.post(path_of(patient), data)
    second = at_work.post(path_of(patient), data, follow=True)
    assert second.redirect_chain == [(first["Location"], 302)]
    assert "recorded once" in second.content.decode()
    assert Dose.objects.count() == 1


def test_record_sent_at_the_same_time_records_once(
    at_work: Client, patient: Patient, lot: Lot, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    first = at_work.post(path_of(patient), data)
    look_up = clinic_doses._recorded_by_form
    answers = iter([lambda *args: None, look_up])
    monkeypatch.setattr(clinic_doses, "_recorded_by_form", lambda *args: next(answers)(*args))
    assert at_work.post(path_of(patient), data)["Location"] == first["Location"]
    assert Dose.objects.count() == 1


def test_record_with_a_token_of_another_patients_form_records(
    at_work: Client, clinic: Clinic, patient: Patient, lot: Lot
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    at_work.post(path_of(patient), data)
    other = make_patient(clinic=clinic)
    response = at_work.post(path_of(other), data)
    assert response.status_code == 200
    assert "is taken by another" in response.content.decode()
    assert Dose.objects.count() == 1


def test_record_asks_about_a_short_interval_and_takes_yes(
    at_work: Client, patient: Patient, lot: Lot, dose: Dose
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    asked = at_work.post(path_of(patient), data)
    assert asked.status_code == 200
    assert 'name="confirmed" value="short_interval"' in asked.content.decode()
    assert Dose.objects.count() == 1
    assert at_work.post(path_of(patient), {**data, "confirmed": "other"}).status_code == 200
    response = at_work.post(path_of(patient), {**data, "confirmed": "short_interval"})
    assert response.status_code == 302
    assert Dose.objects.count() == 2


@pytest.mark.parametrize(
    ("schedule", "code", "says"),
    [
        ({"max_age_months": 216}, "wrong_age", "ages below 18 years; the patient"),
        ({"doses_in_series": 1}, "series_complete", "Doses in the series: 1;"),
    ],
)
def test_record_asks_about_age_and_series_and_takes_yes(
    at_work: Client,
    patient: Patient,
    dose: Dose,
    schedule: dict[str, int],
    code: str,
    says: str,
) -> None:
    lot = make_lot(vaccine=make_vaccine(**schedule))
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    asked = at_work.post(path_of(patient), data).content.decode()
    assert f'name="confirmed" value="{code}"' in asked
    assert says in asked
    assert Dose.objects.count() == 1
    at_work.post(path_of(patient), {**data, "confirmed": code})
    assert Dose.objects.count() == 2


def test_record_keeps_what_was_confirmed_while_something_else_is_wrong(
    at_work: Client, patient: Patient, lot: Lot, dose: Dose
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id, confirmed="short_interval")
    page = at_work.post(path_of(patient), {**data, "administered_on": "2999-01-01"})
    text = page.content.decode()
    assert "The day is in the future." in text
    assert '<input type="hidden" name="confirmed" value="short_interval">' in text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lot": ""}, "This field is required."),
        ({"lot": "nonsense"}, "is not a valid"),
        ({"lot": NOBODY}, "Select a valid choice."),
        ({"administered_on": "1979-01-01"}, "before the patient"),
        ({"administered_on": "x"}, "Type the date as year-month-day."),
        ({"administered_on": "2999-01-01"}, "The day is in the future."),
        ({"site": "XX"}, "Select a valid choice."),
        ({"token": ""}, "This field is required."),
    ],
)
def test_record_names_what_is_wrong(
    at_work: Client, patient: Patient, lot: Lot, fields: dict[str, str], message: str
) -> None:
    data = filled(at_work, path_of(patient), lot=lot.public_id) | fields
    response = at_work.post(path_of(patient), data)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert 'class="error-summary"' in response.content.decode()
    assert not Dose.objects.exists()


def test_record_offers_a_lot_recalled_lately_for_an_earlier_dose_only(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    lots.recall_lot(by=system(), lot=lot, version=1, recalled_on=days_ago(2), reason="Cold chain")
    data = filled(at_work, path_of(patient), lot=lot.public_id)
    assert "Select a valid choice" in at_work.post(path_of(patient), data).content.decode()
    assert str(lot.public_id) not in at_work.get(path_of(patient)).content.decode()
    assert str(lot.public_id) in at_work.get(path_of(patient), {"late": "1"}).content.decode()
    data["administered_on"] = days_ago(3)
    asked = at_work.post(path_of(patient), data)
    assert "has been recalled since" in asked.content.decode()
    confirmed = {**data, "confirmed": "lot_recalled_since"}
    assert at_work.post(path_of(patient), confirmed).status_code == 302
    assert Dose.objects.get().lot == lot


@pytest.mark.parametrize("days", [61, 400])
def test_record_does_not_offer_a_lot_of_long_ago(
    at_work: Client, patient: Patient, days: int
) -> None:
    old = make_lot(expires_on=days_ago(days))
    page = at_work.get(path_of(patient), {"late": "1"}).content.decode()
    assert str(old.public_id) not in page


def test_dose_from_elsewhere_needs_no_lot(at_work: Client, patient: Patient) -> None:
    vaccine, path = make_vaccine(), path_of(patient, "record-elsewhere")
    data = filled(at_work, path, vaccine=vaccine.public_id, administered_on="1999-03-04")
    page = at_work.post(path, data, follow=True).content.decode()
    dose = Dose.objects.get()
    assert not dose.primary_source
    assert (dose.vaccine, dose.clinic, dose.volunteer) == (vaccine, None, None)
    assert (dose.manufacturer, dose.administered_on) == (None, dt.date(1999, 3, 4))
    assert "not given here" in page


def test_dose_from_elsewhere_may_name_its_manufacturer(at_work: Client, patient: Patient) -> None:
    maker, path = make_manufacturer(), path_of(patient, "record-elsewhere")
    data = filled(
        at_work,
        path,
        vaccine=make_vaccine().public_id,
        manufacturer=maker.public_id,
        administered_on="1999-03-04",
    )
    at_work.post(path, data)
    assert (Dose.objects.get().manufacturer, Dose.objects.get().dose_number) == (maker, 1)


def test_dose_not_given_needs_a_reason(at_work: Client, clinic: Clinic, patient: Patient) -> None:
    path = path_of(patient, "record-not-given")
    data = filled(at_work, path, vaccine=make_vaccine().public_id, status_reason=" ")
    assert "This field is required." in at_work.post(path, data).content.decode()
    page = at_work.post(path, {**data, "status_reason": "Fever"}, follow=True).content.decode()
    dose = Dose.objects.get()
    assert (dose.status, dose.status_reason, dose.clinic) == ("not-done", "Fever", clinic)
    assert "Recorded as not given" in page
    correct = f"/clinic/doses/{dose.public_id}/amend"
    data = filled(at_work, correct, status_reason="Out of stock", reason="Misheard")
    assert "The correction is saved" in at_work.post(correct, data, follow=True).content.decode()
    dose.refresh_from_db()
    assert (dose.status_reason, dose.version) == ("Out of stock", 2)


@pytest.mark.parametrize("tail", ["", "amend", "void"])
def test_dose_out_of_sight_is_404_like_an_absent_one(
    client: Client, dose: Dose, tail: str, text_of: Callable[[Any], str]
) -> None:
    client.force_login(make_volunteer_user(make_clinic()))
    there = client.get(f"/clinic/doses/{dose.public_id}/{tail}")
    absent = client.get(f"/clinic/doses/{uuid4()}/{tail}")
    assert there.status_code == absent.status_code == 404
    assert text_of(there) == text_of(absent)
    for method in (client.post, client.get):
        assert method(f"/clinic/doses/{dose.public_id}/void", {}).status_code == 404


def test_record_post_of_a_patient_out_of_sight_is_404(at_work: Client, lot: Lot) -> None:
    other = make_patient(clinic=make_clinic())
    data = {"lot": lot.public_id, "administered_on": days_ago(0), "token": uuid4()}
    assert at_work.post(path_of(other), data).status_code == 404
    assert not Dose.objects.exists()


def test_pages_take_few_queries(
    at_work: Client,
    patient: Patient,
    dose: Dose,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    for _ in range(5):
        make_lot()
    for path, most in (
        (path_of(patient), 12),
        (path_of(patient, "record-elsewhere"), 10),
        (path_of(patient, "record-not-given"), 10),
        (f"/clinic/doses/{dose.public_id}/", 15),
        (f"/clinic/doses/{dose.public_id}/amend", 12),
        (f"/clinic/doses/{dose.public_id}/void", 8),
    ):
        with django_assert_max_num_queries(most):
            assert at_work.get(path).status_code == 200


def test_forms_are_not_stored_and_have_no_inline_code(at_work: Client, patient: Patient) -> None:
    response = at_work.get(path_of(patient))
    assert "no-store" in response["Cache-Control"]
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", response.content.decode())
