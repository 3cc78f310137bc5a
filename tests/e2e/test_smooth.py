"""What changes on a page without a reload, where there is JavaScript: in real Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import ANALYTICS, LOGISTICS
from records.domain.checkins import leave
from records.models import AuditEntry, CheckIn, CheckInState
from tests.records import workspace
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_dose,
    make_lot,
    make_patient,
    make_user,
    make_vaccine,
    make_volunteer_user,
    system,
)
from tests.records.sharing import Sharer, sharer, signs

__all__ = ["sharer", "signs"]

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

KEPT = "window.kept = true"


@pytest.fixture
def clinic(db: None) -> Any:
    return make_clinic(name="Harbour Clinic")


@pytest.fixture
def at_work(browser_login: Any, clinic: Any) -> Page:
    """The page of a volunteer."""
    page: Page = browser_login(make_volunteer_user(clinic))
    return page


def is_same_page(page: Page) -> bool:
    return bool(page.evaluate("window.kept === true"))


def test_queue_looks_again_by_itself_and_reads_names_only_when_they_change(
    at_work: Page, clinic: Any
) -> None:
    first = workspace.arrive(make_patient(last_name="Abara", clinic=clinic), clinic)
    at_work.clock.install()
    at_work.goto("/clinic/queue")
    at_work.evaluate(KEPT)
    expect(at_work.locator(".person")).to_have_count(1)
    # The device reads the queue as well; a clock that jumps meanwhile lets it ask once more.
    expect(at_work.locator("[data-offline]")).to_have_attribute("data-ready", "")
    looks = AuditEntry.objects.filter(action="patient.read").count()

    with at_work.expect_response("**/clinic/queue?seen=*") as same:
        at_work.clock.run_for(20_000)
    assert same.value.status == 204
    assert AuditEntry.objects.filter(action="patient.read").count() == looks

    workspace.arrive(make_patient(last_name="Bello", clinic=clinic), clinic)
    at_work.get_by_role("button", name="Take").focus()
    at_work.clock.run_for(20_000)
    expect(at_work.locator(".person")).to_have_count(2)
    at_work.clock.run_for(1_000)
    expect(at_work.locator("#waiting")).to_have_text("2 patients wait.")
    assert at_work.evaluate("document.activeElement.id") == f"take-{first.public_id}"

    for visit in CheckIn.objects.filter(state=CheckInState.WAITING):
        leave(by=system(), check_in=visit)
    at_work.clock.run_for(20_000)
    expect(at_work.get_by_role("heading", name="Nobody waits")).to_be_visible()
    assert is_same_page(at_work)


def test_queue_says_that_the_connection_is_gone_and_that_it_is_back(
    at_work: Page, clinic: Any
) -> None:
    at_work.clock.install()
    at_work.goto("/clinic/queue")
    note = at_work.get_by_text("There is no connection.")
    expect(note).to_be_hidden()

    at_work.context.set_offline(True)
    at_work.clock.run_for(20_000)
    expect(note).to_be_visible()
    at_work.context.set_offline(False)
    at_work.clock.run_for(20_000)
    expect(note).to_be_hidden()


def test_patient_is_put_back_in_place(at_work: Page, clinic: Any) -> None:
    workspace.arrive(make_patient(last_name="Abara", clinic=clinic), clinic)
    at_work.goto("/clinic/queue")
    at_work.get_by_role("button", name="Take").click()
    expect(at_work.get_by_role("heading", name="Record a dose")).to_be_visible()
    at_work.goto("/clinic/queue")
    at_work.evaluate(KEPT)

    at_work.get_by_role("button", name="Put back").click()
    expect(at_work.get_by_role("button", name="Take")).to_be_visible()
    assert is_same_page(at_work)
    at_work.wait_for_function("document.activeElement.id === 'queue'")

    at_work.get_by_role("button", name="Left").click()
    expect(at_work.get_by_role("heading", name="Nobody waits")).to_be_visible()
    assert is_same_page(at_work)


def test_form_of_a_dose_warns_before_it_is_sent(at_work: Page, clinic: Any) -> None:
    vaccine = make_vaccine(short_name="Covax", min_interval_days=28)
    patient = make_patient(clinic=clinic)
    lot = make_lot(vaccine=vaccine, number="NOW1")
    make_dose(patient=patient, lot=lot, clinic=clinic, administered_on=days_ago(5))
    at_work.goto(f"/clinic/patients/{patient.public_id}/record")
    checks = at_work.locator("#checks")
    expect(checks).not_to_contain_text("check")

    at_work.get_by_label("Lot").select_option(str(lot.public_id))
    expect(checks).to_contain_text("Please check before it is recorded")
    checks.get_by_label("I have checked this").check()
    at_work.get_by_role("button", name="Record the dose").click()

    expect(at_work.get_by_role("heading", name="The dose is recorded")).to_be_visible()


def test_session_that_ended_leads_to_the_sign_in(at_work: Page, clinic: Any) -> None:
    at_work.clock.install()
    at_work.goto("/clinic/queue")
    at_work.context.clear_cookies()

    at_work.clock.run_for(20_000)

    at_work.wait_for_url("**/accounts/login/**")


def test_lots_are_found_while_the_number_is_typed(browser_login: Any) -> None:
    for number in ("AB1", "AB2", "ZZ9"):
        make_lot(number=number)
    page = browser_login(make_user(LOGISTICS.name))
    page.goto("/supply/")
    page.evaluate(KEPT)

    page.get_by_label("Lot number").press_sequentially("AB")

    expect(page.locator("#lots tbody tr")).to_have_count(2)
    expect(page.locator("#lots-found")).to_have_text("2 lots found")
    assert page.url.endswith("?number=AB")
    assert is_same_page(page)
    page.go_back()
    expect(page.locator("#lots tbody tr")).to_have_count(3)


def test_figures_follow_the_choice_and_nothing_is_kept_on_the_device(browser_login: Any) -> None:
    page = browser_login(make_user(ANALYTICS.name))
    page.goto("/figures/")
    page.evaluate(KEPT)

    page.get_by_label("Year").fill("2024")
    page.get_by_label("Year").press("Tab")

    expect(page.get_by_role("heading", name="Doses given in 2024")).to_be_visible()
    assert is_same_page(page)
    assert page.evaluate("localStorage.length") == 0
    assert "main" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_link_is_withdrawn_in_place(browser_login: Any, sharer: Sharer) -> None:
    sharer.share()
    page = browser_login(sharer.user)
    page.goto(f"/passport/{sharer.patient.public_id}/shares")
    page.evaluate(KEPT)

    page.get_by_role("button", name="Withdraw").click()

    expect(page.locator("#messages")).to_contain_text("The link is withdrawn.")
    expect(page.get_by_role("button", name="Withdraw")).to_have_count(0)
    assert is_same_page(page)
