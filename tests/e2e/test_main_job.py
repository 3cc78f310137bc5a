"""The whole job in a real browser: register, record, confirm; read the passport; look it up.

On a phone, a tablet and a desk, with JavaScript and without.
"""

import pytest
from playwright.sync_api import expect

from accounts.roles import DBA, PATIENT, VOLUNTEER
from records.models import Dose, Lot
from tests.e2e.desks import Desk, fits, make_person, sign_in
from tests.records.factories import (
    make_clinic,
    make_grant,
    make_lot,
    make_vaccine,
    make_volunteer,
)

__all__ = ["sign_in"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lot(db: None) -> Lot:
    return make_lot(number="HX42", vaccine=make_vaccine(short_name="Covax mRNA"))


def test_dose_is_recorded_confirmed_and_seen_by_the_patient_and_the_dba(
    sign_in: Desk, lot: Lot
) -> None:
    clinic = make_clinic(name="Harbour Clinic")
    user = make_person(VOLUNTEER.name, name="Vera Voss")
    make_volunteer(clinic, user=user, first_name="Vera", last_name="Voss")

    page = sign_in(user)
    page.get_by_role("link", name="Clinic workspace").click()
    fits(page)
    page.get_by_label("Surname").fill("Okonkwo, Maria")
    page.get_by_label("Date of birth").fill("1986-04-02")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Nobody found at this clinic")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Look at other clinics").click()
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    fits(page)

    page.get_by_role("link", name="Register a new patient").click()
    expect(page.get_by_label("Surname")).to_have_value("Okonkwo")
    expect(page.get_by_label("Given names")).to_have_value("Maria")
    fits(page)
    page.get_by_role("button", name="Register and record a dose").click()

    expect(page.get_by_role("heading", name="Record a dose")).to_be_visible()
    fits(page)
    page.get_by_label("Lot").select_option(value=str(lot.public_id))
    page.get_by_label("Site on the body").select_option(label="Left deltoid")
    page.get_by_role("button", name="Record the dose").click()

    expect(page.get_by_role("heading", name="The dose is recorded")).to_be_visible()
    fits(page)
    shown = page.get_by_role("main")
    for text in ("Maria Okonkwo", "Covax mRNA", "HX42", "Left deltoid", "Dose 1 · COVID-19"):
        expect(shown).to_contain_text(text)
    dose = Dose.objects.get()
    assert dose.recorded_by == user

    passport_is_readable(sign_in, dose)
    history_is_readable(sign_in, dose)


def passport_is_readable(sign_in: Desk, dose: Dose) -> None:
    """The patient signs in and sees the dose."""
    user = make_person(PATIENT.name)
    make_grant(user, dose.patient)
    page = sign_in(user)
    page.get_by_role("link", name="My passport").click()
    expect(page.get_by_role("heading", name="Maria Okonkwo")).to_be_visible()
    fits(page)
    shown = page.get_by_role("main")
    for text in ("Covax mRNA", "HX42", "Harbour Clinic", "Dose 1 · COVID-19", "Completed"):
        expect(shown).to_contain_text(text)


def history_is_readable(sign_in: Desk, dose: Dose) -> None:
    """The DBA finds the row in the admin, and in its history who made it."""
    page = sign_in(make_person(DBA.name, is_staff=True))
    page.get_by_role("link", name="Administration").first.click()
    page.goto("/admin/records/dose/")
    expect(page.locator("#result_list")).to_contain_text("HX42")
    page.locator("#result_list tbody th a, #result_list tbody td a").first.click()
    expect(page.get_by_role("main")).to_contain_text("HX42")
    page.goto(page.url.split("/change/")[0] + "/history/")
    expect(page.get_by_role("main")).to_contain_text("Vera Voss")


def test_dose_is_corrected_and_voided_with_a_reason(sign_in: Desk, lot: Lot) -> None:
    clinic = make_clinic()
    user = make_person(VOLUNTEER.name)
    make_volunteer(clinic, user=user)
    page = sign_in(user)
    page.goto("/clinic/patients/new")
    page.get_by_label("Surname").fill("Okonkwo")
    page.get_by_label("Given names").fill("Maria")
    page.get_by_label("Date of birth").fill("1986-04-02")
    page.get_by_role("button", name="Register and record a dose").click()
    page.get_by_label("Lot").select_option(value=str(lot.public_id))
    page.get_by_label("Date").fill("1986-04-01")
    page.get_by_role("button", name="Record the dose").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("before the patient's birth")
    fits(page)
    page.get_by_label("Date").fill(clinic.today().isoformat())
    page.get_by_role("button", name="Record the dose").click()

    page.get_by_role("link", name="Correct it").click()
    fits(page)
    page.get_by_label("Route").select_option(label="Intramuscular")
    page.get_by_label("Reason").fill("Forgotten")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_role("main")).to_contain_text("Intramuscular")

    page.get_by_role("link", name="Void with a reason").click()
    fits(page)
    page.get_by_label("Reason").fill("Wrong patient")
    page.get_by_role("button", name="Void the dose").click()
    expect(page.get_by_role("heading", name="Not counted")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Wrong patient")
    fits(page)
