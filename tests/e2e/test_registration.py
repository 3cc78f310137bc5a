"""From nothing to one's passport: register, confirm the mail, claim with the clinic's code."""

import re

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.roles import PATIENT
from records.domain import claims
from records.models import PatientGrant
from tests.records import factories as make
from tests.records.domain import given

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-long-enough-phrase"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def register(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Register").click()
    page.get_by_label("Your name").fill("Ada Novak")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    press(page, "Register")
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()


def confirm_and_sign_in(page: Page) -> None:
    [link] = re.findall(r"http://\S+", str(mail.outbox[-1].body))
    page.goto(link)
    press(page, "Yes, confirm")
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="Add a record")).to_be_visible()


def test_person_with_a_code_reaches_their_passport(browser_page: Page) -> None:
    here = given.confirmed_patient(first_name="Ada", last_name="Novak")
    dose = make.make_dose(patient=here["patient"], clinic=here["clinic"])
    volunteer = make.make_volunteer_user(here["clinic"])
    _, code = claims.issue_claim_code(by=volunteer, **here)
    register(browser_page)
    confirm_and_sign_in(browser_page)

    browser_page.get_by_role("link", name="I have a code from my clinic").click()
    browser_page.get_by_label("Code from your clinic").fill(code.lower())
    browser_page.get_by_label("Date of birth").fill("1980-05-18")
    press(browser_page, "Claim the record")
    expect(browser_page.get_by_role("alert")).to_contain_text("This did not work")
    browser_page.get_by_label("Date of birth").fill("1980-05-17")
    press(browser_page, "Claim the record")

    expect(browser_page.get_by_role("heading", name="Ada Novak")).to_be_visible()
    expect(browser_page.get_by_text(str(dose.lot_number)).first).to_be_visible()
    assert PatientGrant.objects.get().granted_by == volunteer


def test_person_without_a_code_makes_their_own_record(browser_page: Page) -> None:
    make.ensure_roles()
    make.make_clinic(name="Harbour Clinic")
    register(browser_page)
    confirm_and_sign_in(browser_page)

    browser_page.get_by_role("link", name="I have no code").click()
    browser_page.get_by_label("Surname").fill("Novak")
    browser_page.get_by_label("Given names").fill("Ada")
    browser_page.get_by_label("Date of birth").fill("1980-05-17")
    browser_page.get_by_label("Clinic that you will visit").select_option(label="Harbour Clinic")
    press(browser_page, "Create my record")

    expect(browser_page.get_by_text("Bring an identity document")).to_be_visible()
    browser_page.get_by_role("link", name="Who has access").click()
    expect(browser_page.get_by_text("You", exact=True)).to_be_visible()


def test_volunteer_confirms_and_prints_a_slip(browser_login) -> None:
    clinic = make.make_clinic()
    patient = make.make_patient(clinic=clinic, last_name="Novak", identity_confirmed=False)
    page = browser_login(make.make_volunteer_user(clinic))

    page.goto(f"/clinic/patients/{patient.public_id}/")
    page.get_by_role("link", name="Confirm identity").click()
    press(page, "I have seen a document: confirm")
    page.get_by_role("link", name="Print a claim code").click()
    press(page, "Make the code")

    code = page.locator(".slip__code").inner_text()
    person = make.make_user(PATIENT.name)
    grant = claims.claim_record(by=person, code=code, date_of_birth=patient.date_of_birth)
    assert grant.patient == patient
