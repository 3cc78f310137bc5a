"""The page of the API works in a browser, without the internet and under the policy."""

import pytest
from playwright.sync_api import Page, expect

from records.models import Clinic
from tests.records import factories as make

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


@pytest.fixture
def told(browser_page: Page) -> list[str]:
    """Return a list that fills with errors of the console and requests to other hosts."""
    faults: list[str] = []
    browser_page.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" else None,
    )
    browser_page.on(
        "request",
        lambda request: (
            faults.append(request.url)
            if not request.url.startswith(("http://localhost:", "data:", "blob:"))
            else None
        ),
    )
    return faults


@pytest.mark.parametrize("width", [1280, 390])
def test_page_lists_the_operations(browser_page: Page, told: list[str], width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 800})

    browser_page.goto("/api/v1/docs")

    listed = browser_page.locator("#operations-clinics-clinics_list")
    expect(listed).to_contain_text("List clinics")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser_page.evaluate(overflow) == 0
    assert told == []


def test_operation_is_tried_with_the_session(browser_login, told: list[str]) -> None:
    make.ensure_roles()
    page = browser_login(make.make_user("Sales"))
    page.goto("/api/v1/docs")

    operation = page.locator("#operations-clinics-clinics_create")
    operation.get_by_text("Add a clinic").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").fill('{"code": "N1", "name": "North"}')
    operation.get_by_role("button", name="Execute").click()

    status = operation.locator(".live-responses-table .response-col_status")
    expect(status.last).to_contain_text("201")
    assert Clinic.objects.get().name == "North"
    assert told == []
