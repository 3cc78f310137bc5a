#!/usr/bin/env python3
"""Take the pictures of the README from a running VaxPass with demo data.

    make run                                  # in one shell
    .venv/bin/python scripts/screenshots.py   # in another one (needs Playwright and Chromium)

Records nothing and starts nothing but the browser.
"""

import argparse
import os
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
PASSWORD = "demo-vaxpass"  # noqa: S105  (public: made by seed_demo, in development mode only)
SIZE = (1280, 800)


def main() -> None:
    """Sign in with one demo account after the other and save what it sees."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("base", nargs="?", default="http://127.0.0.1:8000")
    base = parser.parse_args().base.rstrip("/")
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        for name, login, show in (
            ("clinic", "volunteer", show_clinic),
            ("passport", "patient", show_passport),
            ("admin", "dba", show_admin),
        ):
            page = sign_in(browser, base, f"{login}@demo.vaxpass.example")
            show(page)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.context.close()
            print(f"docs/images/{name}.png")
        browser.close()


def sign_in(browser: Browser, base: str, email: str) -> Page:
    """Return a page of a new browser window, signed in."""
    context = browser.new_context(
        base_url=base,
        locale="en-GB",
        color_scheme="light",
        viewport={"width": SIZE[0], "height": SIZE[1]},
    )
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    return page


def show_clinic(page: Page) -> None:
    """Open the record of a patient who has doses."""
    page.goto("/clinic/")
    if "/clinic/shift" in page.url:
        page.get_by_role("radio").first.check()
        page.get_by_role("button", name="Start").click()
    page.get_by_label("Surname").fill("m")
    page.get_by_role("button", name="Find").click()
    page.locator(".person").first.get_by_role("link", name="Open").click()
    page.get_by_role("heading", name="Doses").wait_for()


def show_passport(page: Page) -> None:
    """Open one's own passport."""
    page.goto("/passport/")
    if page.locator(".person").count():
        page.locator(".person").first.get_by_role("link").click()
    page.locator(".passport").wait_for()


def show_admin(page: Page) -> None:
    """Open the list of doses."""
    page.goto("/admin/records/dose/")
    page.locator("#result_list").wait_for()


if __name__ == "__main__":
    main()
