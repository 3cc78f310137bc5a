"""Passkeys in a real browser with a virtual authenticator: added, asked for, enough alone."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import CDPSession, Page, expect

from accounts.roles import DBA
from tests.accounts.signing_in import PASSWORD, make_person, without_factor

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser_page: Page) -> Page:
    """Return a page of the live server, whose name is localhost: passkeys work for no address."""
    return browser_page


def plug_in(page: Page, *, verifies: bool) -> CDPSession:
    """Give the browser an authenticator that knows its person (``verifies``) or only its touch."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal" if verifies else "usb",
        "hasResidentKey": verifies,
        "hasUserVerification": verifies,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def enter(page: Page, user: Any) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def leave(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("/")


def add(page: Page, *, alone: bool) -> None:
    """Add a passkey on the way in, and keep the recovery codes that come with it."""
    expect(page.get_by_text("Set up a second factor to go on")).to_be_visible()
    page.get_by_role("link", name="Add a passkey").click()
    if alone:
        page.get_by_label("Sign in with this passkey alone").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("list", name="Recovery codes").get_by_role("listitem")).to_have_count(
        10
    )
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


@pytest.fixture
def user() -> Any:
    """Return a DBA who has not enrolled yet."""
    return without_factor(make_person(DBA.name, is_staff=True))


def test_passkey_signs_in_without_a_password(page: Page, user: Any) -> None:
    plug_in(page, verifies=True)
    enter(page, user)
    add(page, alone=True)
    leave(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_role("link", name="Patients").first).to_be_visible()


def test_security_key_comes_after_the_password(page: Page, user: Any) -> None:
    plug_in(page, verifies=False)
    enter(page, user)
    add(page, alone=False)
    leave(page)
    enter(page, user)
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_session_that_is_not_proven_proves_the_passkey(page: Page, user: Any) -> None:
    plug_in(page, verifies=False)
    enter(page, user)
    add(page, alone=False)
    cookie = next(c for c in page.context.cookies() if c["name"] == settings.SESSION_COOKIE_NAME)
    session = SessionStore(cookie["value"])
    del session["account_authentication_methods"]
    session.save()
    page.goto("/admin/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("/admin/")


def test_refused_passkey_is_said_on_the_page(page: Page, user: Any) -> None:
    session = plug_in(page, verifies=True)
    enter(page, user)
    add(page, alone=True)
    leave(page)
    key = Authenticator.objects.get(user=user, type="webauthn")
    page.goto("/accounts/login/")
    key.delete()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("That did not work")).to_be_visible()
    session.send("WebAuthn.disable")
