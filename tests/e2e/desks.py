"""A browser for each person of a main job: at three widths, with JavaScript and without.

The widths are those of a phone, a tablet and a desk. Each person signs in by the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import second_factor
from tests.accounts.signing_in import totp_code
from tests.conftest import watch
from tests.records.factories import make_user

PASSWORD = "a long password"
Desk = Callable[[Any], Page]
WIDTHS = {"phone": 360, "tablet": 768, "desk": 1440}
DESKS = [
    pytest.param((width, script), id=name if script else f"{name}-no-script")
    for script in (True, False)
    for name, width in WIDTHS.items()
]


@pytest.fixture(params=DESKS)
def sign_in(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer
) -> Iterator[Desk]:
    """Return a function that signs a user in by the form, each in a browser of their own."""
    width, script = request.param
    contexts: list[BrowserContext] = []
    faults: list[list[str]] = []

    def enter(user: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale="en-GB",
            viewport={"width": width, "height": 800},
            java_script_enabled=script,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        faults.append(watch(context))
        page = context.new_page()
        page.goto("/")
        if user is None:
            return page
        page.get_by_role("main").get_by_role("link", name="Sign in").click()
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        if second_factor.is_required(user):
            page.get_by_label("Code").fill(totp_code(user))
            page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert not any(faults), faults


def make_person(role: str, **fields: Any) -> Any:
    """Return a user who can sign in with ``PASSWORD``."""
    user = make_user(role, password=PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def fits(page: Page) -> None:
    """Assert that nothing has to be scrolled sideways, as soon as the page has its style."""
    expect(page.get_by_role("contentinfo")).to_be_attached()
    assert page.viewport_size
    expect(page.locator("html"), page.url).to_have_js_property(
        "scrollWidth", page.viewport_size["width"]
    )


def press(page: Page, name: str) -> None:
    """Press a button of the page's main part, and look at what comes."""
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()
    fits(page)


def follow(page: Page, name: str) -> None:
    """Follow a link of the page's main part, and look at the page that comes."""
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    fits(page)
