"""Pages of help and of errors have no fault that axe-core finds, and lead on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from records.web.help import TOPICS
from tests.accessibility.test_pages import COLOURS, RULES, SCHEMES, SIZES, engine, violations
from tests.e2e.desks import Desk, fits, follow, make_person, press, sign_in
from tests.records import factories as make
from tests.vaxpass.ops.failing import FAILURES

__all__ = ["sign_in"]  # a fixture
# No engine of a database shows it otherwise: once is enough.
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.sqlite,
    pytest.mark.urls("tests.vaxpass.ops.failing"),
]


PATHS = [*(f"/fail/{name}" for name in FAILURES), *(f"/help/{slug}" for slug in TOPICS)]
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_fit_and_have_no_fault_that_the_engine_finds(
    browser_page: Page, language: str
) -> None:
    browser_page.context.set_extra_http_headers({"Accept-Language": language})
    browser_page.context.add_init_script(engine())
    browser_page.emulate_media(reduced_motion="reduce")
    faults: list[str] = []
    for path in PATHS:  # one after the other in one tab, which is the quickest
        browser_page.goto(path)
        for size in SIZES:
            browser_page.set_viewport_size(size)
            if browser_page.evaluate(TOO_WIDE):
                faults.append(f"{path}: too wide for {size['width']} px")
            for scheme in SCHEMES:
                browser_page.emulate_media(color_scheme=scheme)
                found = violations(browser_page, RULES if scheme == "light" else COLOURS)
                faults += [f"{path}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def test_new_person_is_led_dismisses_it_and_finds_it_again(sign_in: Desk) -> None:
    make.ensure_roles()
    page = sign_in(make_person("Analytics", is_staff=True))
    fits(page)
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    follow(page, "Choose a year")
    page.go_back()
    press(page, "Got it")
    expect(page.get_by_role("heading", name="First steps")).to_have_count(0)

    page.get_by_role("banner").get_by_role("link", name="Help").click()
    fits(page)
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Small groups are left out")
    follow(page, "All topics")
    follow(page, "Reading figures")
    expect(page.get_by_role("main")).to_contain_text("fewer than five people")


def test_page_of_an_error_leads_back_to_work(sign_in: Desk) -> None:
    make.ensure_roles()
    page = sign_in(make_person("Sales", is_staff=True))
    for name in ("missing", "forbidden", "button", "broken"):
        page.goto(f"/fail/{name}")
        page.get_by_role("link", name="Go to the start page").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
