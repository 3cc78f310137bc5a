"""A device of the clinic for tests: a browser with a profile on disk, that can be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Error, Page, Playwright, expect

from tests.conftest import CHROMIUM, CHROMIUM_ARGS, watch

OFFLINE = "/clinic/offline/"
DOSES = "**/clinic/offline/doses"
SHELL_IS_KEPT = "navigator.serviceWorker.ready.then(() => true)"
EVERYTHING_KEPT = """
async () => {
  const database = await new Promise((resolve) => {
    indexedDB.open("vaxpass-offline").onsuccess = (event) => resolve(event.target.result);
  });
  const rows = [];
  for (const name of database.objectStoreNames) {
    const request = database.transaction(name).objectStore(name).getAll();
    await new Promise((resolve) => { request.onsuccess = resolve; });
    rows.push(...request.result);
  }
  const text = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value)
    ? new TextDecoder("latin1").decode(value)
    : value instanceof CryptoKey ? `key ${value.extractable}` : value;
  const told = JSON.stringify(rows, (_, value) => text(value));
  const cached = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (request.url.includes("/clinic/")) cached.push(await (await cache.match(request)).text());
    }
  }
  return told + cached.join() + JSON.stringify(localStorage) + JSON.stringify(sessionStorage);
}
"""


class Device:
    """A phone of the clinic: a browser with a profile on disk."""

    def __init__(self, playwright: Playwright, profile: Path, url: str) -> None:
        self.playwright, self.profile, self.url = playwright, profile, url
        self.faults: list[str] = []
        self.context: BrowserContext
        self.page: Page
        self.open()

    def open(self) -> None:
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=CHROMIUM,
            args=CHROMIUM_ARGS,
            base_url=self.url,
            locale="en-GB",
            viewport={"width": 390, "height": 800},
        )
        self.context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        self.faults = watch(self.context)
        self.page = self.context.pages[0]

    def kill(self) -> None:
        """End every process of this browser at once, as a battery that dies."""
        mark = str(self.profile).encode()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                continue  # gone with its parent
        with suppress(Error):  # it has noticed by itself
            self.context.close()

    def sign_in(self, user: Any) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        self.context.clear_cookies()
        self.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": self.url}]
        )

    def lose_network(self) -> None:
        self.context.set_offline(True)

    def go_offline(self) -> None:
        """Lose the network and open the page that works without it."""
        self.lose_network()
        self.goto(OFFLINE)

    def find_network(self) -> None:
        self.context.set_offline(False)

    def goto(self, path: str) -> None:
        """Open a page and wait until its script has done what it does at first."""
        self.page.goto(path)
        self.is_ready()

    def is_ready(self) -> None:
        """Wait until the script of the page has done what it does at first."""
        expect(self.page.locator("[data-offline]")).to_have_attribute("data-ready", "")

    def prepare(self) -> None:
        """Begin the shift with a connection: the device then has what it needs without one."""
        self.goto("/clinic/queue")
        self.page.evaluate(SHELL_IS_KEPT)
        self.goto("/clinic/queue")  # the worker may have missed the page that brought it

    def record(self, name: str) -> None:
        """Record a dose for somebody of the queue."""
        self.page.get_by_role("button", name=f"Record a dose: {name}", exact=True).click()
        self.page.get_by_role("button", name="Record the dose").click()

    def register(self, last_name: str, born: str = "1986-04-02") -> None:
        """Record a dose for somebody who is not in the queue."""
        page = self.page
        expect(page.locator("[data-part=choose]")).to_be_visible()  # the dose before is kept
        page.locator("details[data-part=somebody-else]").evaluate("(each) => { each.open = true; }")
        page.get_by_label("Surname").fill(last_name)
        page.get_by_label("Given names").fill("Maria")
        page.get_by_label("Date of birth").fill(born)
        page.get_by_role("button", name="Go on to the dose").click()
        page.get_by_role("button", name="Record the dose").click()

    def waits(self, count: int) -> None:
        expect(self.page.locator("[data-part=list] > li")).to_have_count(count)

    def note(self, name: str) -> Any:
        return self.page.locator(f"[data-note={name}]")


def until(true: Callable[[], bool]) -> None:
    """Wait for what the server does."""
    ends = time.monotonic() + 60
    while not true() and time.monotonic() < ends:
        time.sleep(0.1)
    assert true()
