"""Fixtures that every test may use."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    WebError,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from accounts import second_factor
from accounts.catalogues import compile_catalogues
from tests.records import factories, issuer

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the languages once, before the workers start."""
    if not hasattr(config, "workerinput"):
        for folder in settings.LOCALE_PATHS:
            compile_catalogues(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the engine of this run cannot show."""
    other = "sqlite" if connection.vendor == "mysql" else "mariadb"
    for item in items:
        if item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=f"shown on {other} only"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cells of the access matrix were asked, on all workers together."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    cells = [dict(each.user_properties).get("cells", 0) for each in reports]
    if any(cells):
        terminalreporter.write_line(f"access matrix: {sum(cells):,} cells")


@pytest.fixture(scope="session", autouse=True)
def _issuer_keys() -> None:
    """Let VaxPass sign credentials, with keys of this run."""
    settings.ISSUER = issuer.with_keys()


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Start every test with an empty cache: rate limits would reach from test to test."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _second_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `Client.force_login` stand for a sign-in with a second factor, where one is needed."""
    plain = Client.force_login

    def force_login(self: Client, user: Any, backend: str | None = None) -> None:
        plain(self, user, backend)
        if second_factor.is_required(user) and not user.is_demo:
            factories.pass_second_factor(self, user)

    monkeypatch.setattr(Client, "force_login", force_login)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium for the tests of one module."""
    if not Path(CHROMIUM).exists():
        message = f"no Chromium at {CHROMIUM}; name one with CHROMIUM="
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code
    # that blocks on the database. It is not, and only as long as this fixture lives.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=60_000)  # a loaded machine is slow, which is no fault
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=CHROMIUM, args=CHROMIUM_ARGS, timeout=60_000
            )
            yield chromium
            chromium.close()


def watch(context: BrowserContext) -> list[str]:
    """Return a list that fills with the faults of every page of a browser context."""
    faults: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(f"policy: {message.text}")

    def response(answer: Response) -> None:
        if answer.status >= 400 and "/static/" in answer.url:
            faults.append(f"{answer.status}: {answer.url}")

    def script(error: WebError) -> None:
        faults.append(f"script: {error.error}")

    context.on("console", console)
    context.on("response", response)
    context.on("weberror", script)
    return faults


@pytest.fixture
def browser_page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Open a page whose relative addresses are the live server's.

    The test fails if a page breaks the Content-Security-Policy, raises an error in a script or
    asks for a static file that is not there.
    """
    context = browser.new_context(base_url=live_server.url, locale="en-GB")
    context.set_default_timeout(60_000)
    faults = watch(context)
    yield context.new_page()
    context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture
def browser_login(
    browser_page: Page, live_server: LiveServer, client: Client
) -> Callable[[Any], Page]:
    """Return a function that signs a user in to `browser_page` without the sign-in form."""

    def login(user: Any) -> Page:
        client.force_login(user)
        browser_page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        return browser_page

    return login
