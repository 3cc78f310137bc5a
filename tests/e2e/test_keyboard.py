"""Main jobs without a mouse; where one is can be seen at each stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.roles import LOGISTICS, VOLUNTEER
from records.codecs.credentials import Format
from records.domain.credentials import as_issued, issue_credentials
from records.models import Dose, Lot, ShareLink
from tests.records import issuer
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_lot,
    make_patient,
    make_user,
    make_vaccine,
    make_volunteer,
)
from tests.records.sharing import make_sharer

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

STOPS = 60  # more than any page of the workspace has before its form ends
HERE = "(element) => element === document.activeElement"
SEEN = """() => [null, "::after"].some((part) => {
  const style = getComputedStyle(document.activeElement, part);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
})"""


def step_to(page: Page, target: Locator) -> None:
    """Press Tab until the focus is on ``target``; each stop on the way must be seen."""
    expect(target).to_have_count(1)
    for _ in range(STOPS):
        if target.evaluate(HERE):
            return
        page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        assert page.evaluate(SEEN), f"nobody sees the focus on {where}"
    pytest.fail(f"the keyboard does not get to {target}")


def test_what_has_to_be_judged_is_the_next_stop(browser_login: Callable[[Any], Page]) -> None:
    clinic = make_clinic()
    user = make_user(VOLUNTEER.name)
    make_volunteer(clinic, user=user)
    patient = make_patient(clinic=clinic, date_of_birth=days_ago(40 * 366))
    lot = make_lot(number="HX42", vaccine=make_vaccine(max_age_months=24))
    page = browser_login(user)

    page.goto(f"/clinic/patients/{patient.public_id}/record")
    page.get_by_label("Lot", exact=True).select_option(str(lot.public_id))
    page.get_by_role("button", name="Record the dose").click()

    expect(page.get_by_role("alert").filter(has_text="Please check")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="I have checked this")).to_be_focused()


def test_dose_is_recorded_with_the_keyboard_alone(
    browser_login: Callable[[Any], Page],
) -> None:
    clinic = make_clinic()
    user = make_user(VOLUNTEER.name)
    make_volunteer(clinic, user=user)
    patient = make_patient(last_name="Okonkwo", first_name="Maria", clinic=clinic)
    make_lot(number="HX42", vaccine=make_vaccine(short_name="Covax mRNA"))

    page = browser_login(user)
    page.goto("/")
    keys = page.keyboard
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    keys.press("Enter")
    step_to(page, page.get_by_role("link", name="Clinic workspace"))
    keys.press("Enter")
    step_to(page, page.get_by_label("Surname"))
    keys.type("Okonkwo")
    keys.press("Enter")
    step_to(page, page.get_by_role("link", name="Record a dose for"))
    keys.press("Enter")
    step_to(page, page.get_by_label("Lot", exact=True))
    keys.type("HX42")
    step_to(page, page.get_by_label("Site on the body"))
    keys.type("Left del")
    step_to(page, page.get_by_role("button", name="Record the dose"))
    keys.press("Enter")

    expect(page.get_by_role("heading", name="The dose is recorded")).to_be_visible()
    dose = Dose.objects.get()
    assert dose.patient == patient
    assert dose.get_site_display() == "Left deltoid"


def enter(page: Page, role: Any, name: str) -> None:
    """Go to a link or button of the main part and press Enter."""
    step_to(page, page.get_by_role("main").get_by_role(role, name=name, exact=True))
    page.keyboard.press("Enter")


def test_record_is_shared_with_the_keyboard_alone(
    browser_login: Callable[[Any], Page], live_server: LiveServer, settings: LazySettings
) -> None:
    settings.ISSUER = replace(issuer.with_keys(), url=live_server.url)
    sharer = make_sharer()
    page = browser_login(sharer.user)
    page.goto(f"/passport/{sharer.patient.public_id}/")
    enter(page, "link", "Shared links")
    enter(page, "link", "Share by a link")
    step_to(page, page.get_by_label("For whom or what"))
    page.keyboard.type("School")
    enter(page, "button", "Make the link")
    expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
    enter(page, "link", "Shared links")
    enter(page, "button", "Withdraw School")
    expect(page.get_by_role("status").first).to_contain_text("It does not work any more")

    assert ShareLink.objects.get().revoked_at is not None


def test_lot_is_recalled_with_the_keyboard_alone(browser_login: Callable[[Any], Page]) -> None:
    make_lot(number="FK2210")
    page = browser_login(make_user(LOGISTICS.name, is_staff=True))
    page.goto("/")
    step_to(page, page.get_by_role("main").get_by_role("link", name="Supply", exact=True))
    page.keyboard.press("Enter")
    enter(page, "link", "FK2210")
    enter(page, "link", "Recall this lot")
    step_to(page, page.get_by_label("Reason"))
    page.keyboard.type("Stored too warm")
    enter(page, "button", "Recall the lot")
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    assert Lot.objects.get().recall_reason == "Stored too warm"


def test_code_is_checked_with_the_keyboard_alone(browser_page: Page) -> None:
    sharer = make_sharer()
    [card] = issue_credentials(by=sharer.user, patient=sharer.patient, format=Format.SHC)
    code = as_issued(by=sharer.user, credential=card)
    browser_page.goto("/")
    enter(browser_page, "link", "Check a code")
    step_to(browser_page, browser_page.get_by_role("textbox"))
    browser_page.keyboard.insert_text(code)
    enter(browser_page, "button", "Check the text")

    expect(browser_page.get_by_role("main")).to_contain_text("Ada Quibblesworth")
