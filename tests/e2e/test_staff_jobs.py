"""The main jobs of the teams in a real browser: recall and tell, staff a clinic, read figures."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.management import call_command
from playwright.sync_api import expect

from accounts.roles import ANALYTICS, LOGISTICS, SALES
from records.models import Assignment, Lot
from tests.e2e.desks import Desk, fits, follow, make_person, press, sign_in
from tests.records import factories as make
from tests.records.domain.test_figures import give

__all__ = ["sign_in"]  # a fixture
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_logistics_recalls_a_lot_and_tells_the_people(sign_in: Desk) -> None:
    lot = make.make_lot(number="FK2210")
    clinic = make.make_clinic(name="Harbour Clinic")
    for email in ("ada@example.org", ""):
        make.make_dose(lot=lot, clinic=clinic, patient=make.make_patient(email=email))
    page = sign_in(make_person(LOGISTICS.name, is_staff=True))

    page.get_by_role("main").get_by_role("link", name="Supply").click()
    fits(page)
    follow(page, "FK2210")
    expect(page.get_by_role("rowheader", name="Harbour Clinic").first).to_be_visible()
    follow(page, "Recall this lot")
    page.get_by_label("Reason").fill("Stored too warm")
    press(page, "Recall the lot")
    page.get_by_label("Message").fill("Call 0800 1.")
    press(page, "Send notices")

    expect(page.get_by_text("1 notice was queued")).to_be_visible()
    expect(page.get_by_text("Without an address")).to_be_visible()
    call_command("send_notices", once=True)
    assert [sent.to for sent in mail.outbox] == [["ada@example.org"]]
    follow(page, "Look again")
    facts = page.locator(".facts")
    expect(facts.locator("div", has_text="Sent").locator("dd")).to_have_text("1")
    assert Lot.objects.get().recall_reason == "Stored too warm"


def test_sales_adds_a_clinic_and_assigns_a_volunteer(sign_in: Desk) -> None:
    make.make_volunteer(first_name="Vera", last_name="Okonkwo", code="V-7")
    page = sign_in(make_person(SALES.name, is_staff=True))

    page.get_by_role("main").get_by_role("link", name="Clinics").click()
    follow(page, "Add a clinic")
    page.get_by_label("Name", exact=True).fill("Hill Clinic")
    page.get_by_label("Code", exact=True).fill("HILL")
    press(page, "Add the clinic")
    follow(page, "Assign a volunteer")
    page.get_by_label("Badge or surname").fill("okon")
    press(page, "Find")
    page.get_by_role("link", name="Assign Vera Okonkwo").click()
    press(page, "Assign")

    expect(page.get_by_role("rowheader", name="Vera Okonkwo")).to_be_visible()
    assert Assignment.objects.get().clinic.code == "HILL"
    page.get_by_role("link", name="End the assignment of Vera Okonkwo").click()
    press(page, "Save")
    assert Assignment.objects.get().ends_on is not None


def test_analytics_reads_figures_and_takes_them_along(sign_in: Desk) -> None:
    lot = make.make_lot(vaccine=make.make_vaccine(short_name="Covax", cvx_code="901"))
    harbour = make.make_clinic(name="Harbour Clinic")
    give(6, lot=lot, clinic=harbour)
    give(3, lot=lot, clinic=make.make_clinic(name="Hill Clinic"))
    page = sign_in(make_person(ANALYTICS.name, is_staff=True))

    page.get_by_role("main").get_by_role("link", name="Figures").click()
    page.get_by_label("Year").fill("2025")
    press(page, "Show")
    picture = page.get_by_role("img", name="Doses by vaccine")
    expect(picture).to_be_visible()
    expect(picture.get_by_text("6+")).to_be_visible()
    page.get_by_label("Clinic", exact=True).select_option("Harbour Clinic")
    press(page, "Show")
    expect(page.get_by_role("cell", name="6", exact=True).first).to_be_visible()

    with page.expect_download() as started:
        page.get_by_role("link", name="Download as CSV").click()
    text = started.value.path().read_text()
    assert text.splitlines()[1:] == [f"2025-03,901,Covax,{harbour.code},Harbour Clinic,6"]
