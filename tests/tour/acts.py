"""What is done on a page before its picture is taken."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.tour.things import PASSCODE, Things

Act = Callable[[Page, Things], None]


def _press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()


def _find(page: Page, things: Things) -> None:
    page.get_by_role("main").get_by_role("textbox").first.fill("a")
    _press(page, "Find")


def _send_empty(page: Page, things: Things) -> None:
    page.get_by_label("Lot", exact=True).select_option(index=0)
    page.locator("form").evaluate_all("(forms) => forms.forEach((form) => form.noValidate = true)")
    _press(page, "Record the dose")


def _check(page: Page, things: Things) -> None:
    page.locator("textarea").first.fill(things.code)
    _press(page, "Check the text")


def _open(page: Page, things: Things) -> None:
    page.get_by_label("Who are you?").fill("Dr Who")
    page.get_by_label("Passcode").fill(PASSCODE)
    _press(page, "Open the record")


ACTS: dict[tuple[str, str], Act] = {
    ("clinic:find", "found"): _find,
    ("clinic:record", "refused"): _send_empty,
    ("verify:page", "checked"): _check,
    ("shared:link", "opened"): _open,
}
