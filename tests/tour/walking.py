"""Goes through the pages of the table, signed in as who sees each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.urls import NoReverseMatch
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.matrix.walk import urls
from tests.tour import camera
from tests.tour.acts import ACTS
from tests.tour.pages import SECTIONS, Section, Stop
from tests.tour.things import Things

PASSWORD = "demo-vaxpass"
PATIENCE = 20_000  # milliseconds
# It stands on every page of the demo, and on none of a real site.
WITHOUT_BANNER = "document.querySelectorAll('.demo-banner').forEach((banner) => banner.remove())"


@dataclass
class Walk:
    """One walk: the titles of the pages that were taken, and why others were not."""

    browser: Browser
    base: str
    things: Things
    folder: Path
    say: Callable[[str], None]
    titles: dict[Stop, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def everywhere(self, wanted: tuple[str, ...]) -> None:
        """Take every page, or those whose pictures begin with one of the given words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for section in SECTIONS:
            stops = [stop for stop in section.stops if not wanted or stop.file.startswith(wanted)]
            if stops:
                self._section(section, stops)

    def _section(self, section: Section, stops: list[Stop]) -> None:
        context = self.browser.new_context(
            base_url=self.base, locale="en-GB", reduced_motion="reduce", timezone_id="UTC"
        )
        context.set_default_timeout(PATIENCE)
        if section.login:
            sign_in(context, section.login)
        page, routes = context.new_page(), urls()
        for stop in stops:
            try:
                path = self.things.address(stop, section.login, routes)
                self._take(page, stop, path)
            except (Error, KeyError, LookupError, NoReverseMatch) as error:
                self.faults.append(f"{stop.file}: {error!r:.300}")
                self.say(f"NOT TAKEN: {self.faults[-1]}")
        context.close()

    def _take(self, page: Page, stop: Stop, path: str) -> None:
        answer = page.goto(path)
        if answer is None or (answer.status >= 400) is not stop.fails:
            raise LookupError(f"{path} answered {answer and answer.status}")
        if act := ACTS.get((stop.name, stop.variant)):
            act(page, self.things)
        page.wait_for_load_state("networkidle")
        page.evaluate(WITHOUT_BANNER)
        new = camera.take(page, stop.file, self.folder)
        self.titles[stop] = page.title().split(" · ")[0]
        self.say(f"{stop.file}: {self.titles[stop]} ({len(new)} new)")


def sign_in(context: BrowserContext, login: str) -> None:
    """Sign a demo account in; a volunteer starts the shift too."""
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(f"{login}@demo.vaxpass.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    if login == "volunteer":
        page.goto("/clinic/shift")
        page.get_by_role("radio").first.check()
        page.wait_for_load_state("networkidle")
        page.get_by_label("Lot of the shift").select_option(index=1)
        page.get_by_role("button", name="Start").click()
        page.wait_for_url(lambda url: "/clinic/shift" not in url)
    page.close()
