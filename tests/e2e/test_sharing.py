"""A record shared by a link: made in the portal, opened in another browser, withdrawn."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.conftest import watch
from tests.records import issuer
from tests.records.sharing import PASSCODE, make_sharer

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def stranger(browser: Browser) -> Any:
    """Return a page of somebody else's browser, which breaks no policy either."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(60_000)
    faults = watch(context)
    yield context.new_page()
    assert context.cookies() == []
    context.close()
    assert not faults, "\n".join(faults)


def test_record_is_shared_opened_and_withdrawn(
    browser_login: Callable[[Any], Page],
    stranger: Page,
    live_server: LiveServer,
    settings: LazySettings,
) -> None:
    settings.ISSUER = replace(issuer.with_keys(), url=live_server.url)
    sharer = make_sharer()
    page = browser_login(sharer.user)
    page.goto(f"/passport/{sharer.patient.public_id}/")
    page.get_by_role("link", name="Shared links").click()
    page.get_by_role("link", name="Share by a link").click()
    page.get_by_label("For whom or what").fill("School")
    page.get_by_label("Passcode").fill(PASSCODE)
    press(page, "Make the link")
    expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
    address = page.get_by_label("Address for a browser").input_value()

    stranger.goto(address)
    stranger.get_by_label("Who are you?").fill("Dr Who")
    stranger.get_by_label("Passcode").fill("no heron")
    press(stranger, "Open the record")
    expect(stranger.get_by_role("alert")).to_contain_text("9 tries are left")
    stranger.get_by_label("Passcode").fill(PASSCODE)
    press(stranger, "Open the record")
    expect(stranger.get_by_role("heading", name="Ada Quibblesworth")).to_be_visible()
    expect(stranger.get_by_text("ZQ42")).to_be_visible()
    expect(stranger.get_by_role("img", name="QR code for a verifier")).to_be_visible()

    page.get_by_role("link", name="Shared links").click()
    expect(page.get_by_text("“Dr Who”")).to_be_visible()
    press(page, "Withdraw School")
    expect(page.get_by_role("status")).to_contain_text("It does not work any more")
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="This link does not work")).to_be_visible()
