"""Pages in Spanish and Arabic on a phone: their direction, their fit, and what axe-core finds."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.accessibility.test_pages import RULES, engine, violations
from tests.records import factories as make

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

LANGUAGES = ("es", "ar")
ADDRESSES = {
    "anonymous": ["/", "/verify/", "/accounts/login/", "/help/"],
    "volunteer": ["/clinic/shift", "/clinic/find"],
    "Logistics": ["/supply/"],
    "Analytics": ["/figures/"],
    "DBA": ["/admin/"],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", ADDRESSES)
def test_pages_fit_a_phone_and_have_no_fault(
    browser_page: Page, browser_login: Any, live_server: LiveServer, who: str, language: str
) -> None:
    page = browser_page
    if who == "volunteer":
        browser_login(make.make_volunteer_user(make.make_clinic()))
    elif who != "anonymous":
        browser_login(make.make_user(who, is_staff=True))
    page.set_viewport_size({"width": 360, "height": 740})
    # Chromium sends the language of its context, whatever other header is asked for.
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]

    faults = []
    for address in ADDRESSES[who]:
        page.goto(address)
        direction = "rtl" if language == "ar" else "ltr"
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
            language,
            direction,
        ]
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), address
        faults += [f"{address}: {fault}" for fault in _faults(page)]
    assert not faults, "\n".join(faults)


def _faults(page: Page) -> list[str]:
    page.evaluate(engine())
    return violations(page, RULES)


def test_language_is_changed_without_losing_the_page(browser_page: Page) -> None:
    browser_page.goto("/verify/?from=help")
    browser_page.get_by_role("button", name="Español").click()

    expect(browser_page.locator("html")).to_have_attribute("lang", "es")
    assert browser_page.url.endswith("/verify/?from=help")
    browser_page.get_by_role("button", name="العربيّة").click()
    expect(browser_page.locator("html")).to_have_attribute("dir", "rtl")


def test_refusal_of_the_api_is_in_the_language_of_the_caller(client: Client) -> None:
    client.force_login(make.make_user("DBA"))
    told = [
        client.get("/api/v1/patients?as_of=2999-01-01T00:00:00Z", headers={"accept-language": code})
        for code in ("en", "es", "ar")
    ]

    details = {answer.json()["errors"][0]["detail"] for answer in told}
    codes = {answer.json()["errors"][0]["code"] for answer in told}
    assert len(details) == 3
    assert "The records tell nothing of the future." in details
    assert len(codes) == 1
    assert {answer.json()["type"] for answer in told} == {"urn:vaxpass:problem:invalid"}
