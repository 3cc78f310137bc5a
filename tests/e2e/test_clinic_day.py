"""The working day of a volunteer in a real browser, with every interaction counted.

One interaction is one click, one field that is filled or chosen, or one key.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from records.models import Dose, Lot
from tests.conftest import watch
from tests.records import workspace
from tests.records.factories import (
    make_clinic,
    make_lot,
    make_patient,
    make_vaccine,
    make_volunteer_user,
    pass_second_factor,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

KNOWN, NEW = 5, 12  # interactions at most


class Hand:
    """Does what a volunteer does, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.interactions = 0

    def click(self, role: Any, name: str) -> None:
        self.interactions += 1
        self.page.get_by_role("main").get_by_role(role, name=name).first.click()

    def fill(self, field: str, text: str) -> None:
        self.interactions += 1
        self.page.get_by_label(field).fill(text)

    def choose(self, field: str, **option: Any) -> None:
        self.interactions += 1
        self.page.get_by_label(field).select_option(**option)

    def tick(self, field: str) -> None:
        self.interactions += 1
        self.page.get_by_label(field).check()


@pytest.fixture
def clinic(db: None) -> Any:
    return make_clinic(name="Harbour Clinic")


@pytest.fixture
def lot(db: None) -> Lot:
    return make_lot(number="HX42", vaccine=make_vaccine(short_name="Covax mRNA"))


@pytest.fixture(params=[(360, True), (1440, False)], ids=["phone", "desk-no-script"])
def hand(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, clinic: Any
) -> Iterator[Hand]:
    """A volunteer at the clinic, signed in."""
    width, script = request.param
    user = make_volunteer_user(clinic)
    client = Client()
    client.force_login(user)
    pass_second_factor(client, user)
    context = browser.new_context(
        base_url=live_server.url,
        locale="en-GB",
        viewport={"width": width, "height": 800},
        java_script_enabled=script,
    )
    context.set_default_timeout(60_000)
    faults = watch(context)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    yield Hand(context.new_page())
    context.close()
    assert not faults, "\n".join(faults)


def recorded(page: Page) -> None:
    expect(page.get_by_role("heading", name="The dose is recorded")).to_be_visible()
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow), page.url


def test_dose_takes_few_interactions_and_can_be_undone(hand: Hand, clinic: Any, lot: Lot) -> None:
    workspace.question(text="Does the patient have a fever?")
    page = hand.page

    page.goto("/clinic/")
    hand.click("link", "Register a new patient")
    hand.fill("Surname", "Okonkwo")
    hand.fill("Given names", "Maria")
    hand.fill("Date of birth", "1986-04-02")
    hand.click("button", "Register and record a dose")
    hand.tick("I asked every question")
    hand.choose("Lot", value=str(lot.public_id))
    hand.choose("Site on the body", label="Left deltoid")
    hand.choose("Route", label="Intramuscular")
    hand.click("button", "Record the dose")
    recorded(page)
    assert hand.interactions <= NEW

    workspace.arrive(make_patient(last_name="Zeller", clinic=clinic), clinic)
    page.get_by_role("link", name="Next patient").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    hand.interactions = 0
    hand.click("button", "Take")
    hand.tick("I asked every question")
    hand.click("button", "Record the dose")
    recorded(page)
    assert hand.interactions <= KNOWN

    second = Dose.objects.latest("id")
    assert (second.patient.last_name, second.lot, second.site, second.route) == (
        "Zeller",
        lot,
        "LD",
        "IM",
    )
    expect(page.get_by_role("main")).to_contain_text("Does the patient have a fever?")
    hand.click("button", "Undo")
    expect(page.get_by_role("main")).to_contain_text("The dose is undone")
    page.get_by_role("link", name="Session").click()
    expect(page.get_by_role("main")).to_contain_text("1 dose, of which 1 recorded by me.")
