"""Measure when the main pages can be read on a slow mobile network.

    python -m tests.bench.pages

fills a small SQLite database with the demo, serves it by gunicorn with static files as in
production (named, compressed), opens each page in Chromium with an empty cache and once more with
what the first time left there, and writes the section "Pages on a slow network" of
docs/benchmarks.md.
Ends with status 1 when the main content of a page is painted after more than three seconds.

Slow 3G is WebPageTest's "3G Slow": 400 kbit/s and 400 ms for a round trip. Chromium lets every
request wait for one round trip but makes connections in no time; so two more are added, for TCP and
for TLS 1.3.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TITLE = "## Pages on a slow network"
MOST = 3000  # milliseconds
ROUND_TRIP = 400  # milliseconds
BYTES_A_SECOND = 400_000 / 8
RUNS = 3
PORT = 8127
PHONE = {"width": 360, "height": 740}
# When the largest text of the main content was painted, by the browser's own clock.
WATCH = """
window.painted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.element?.closest("main")) window.painted = entry.startTime;
  }
}).observe({type: "largest-contentful-paint", buffered: true});
"""


class Measured(NamedTuple):
    """A page: painted after so many milliseconds, at first and again, of so many bytes."""

    label: str
    first: float
    again: float
    size: int
    requests: int


def pages() -> dict[str, tuple[str, str]]:
    """Return the address of each page, and the role of who opens it (nobody for none)."""
    from accounts.roles import PATIENT, VOLUNTEER
    from records.access import visible_to
    from records.models import Patient

    volunteer = account(VOLUNTEER.name)
    patient = visible_to(volunteer, Patient).earliest("id").public_id
    own = visible_to(account(PATIENT.name), Patient).earliest("id").public_id
    return {
        "Find": ("/clinic/", VOLUNTEER.name),
        "Queue": ("/clinic/queue", VOLUNTEER.name),
        "A patient": (f"/clinic/patients/{patient}/", VOLUNTEER.name),
        "Record a dose": (f"/clinic/patients/{patient}/record", VOLUNTEER.name),
        "Session": ("/clinic/session", VOLUNTEER.name),
        "Passport": (f"/passport/{own}/", PATIENT.name),
        "Check a code": ("/verify/", ""),
        "Sign in": ("/accounts/login/", ""),
    }


def account(role: str) -> Any:
    """Return the demo account of a role."""
    from accounts.models import User

    return User.objects.filter(is_demo=True, groups__name=role).earliest("id")


def measure(browser: Any, base: str, label: str, path: str, cookies: list[Any]) -> Measured:
    """Open a page several times, each with an empty cache and then once more."""
    first, again, sizes, requests = [], [], [], []
    with opened(browser, base, cookies) as tab:
        painted(tab, path)  # a server that has shown the page before
    for _ in range(RUNS):
        with opened(browser, base, cookies) as tab:
            line = tab.context.new_cdp_session(tab)
            line.send("Network.enable")
            slow: dict[str, Any] = {"latency": ROUND_TRIP, "offline": False}
            slow |= {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
            line.send("Network.emulateNetworkConditions", slow)
            came: list[float] = []
            line.on(
                "Network.loadingFinished",
                lambda event, c=came: c.append(event["encodedDataLength"]),
            )
            first.append(painted(tab, path))
            sizes.append(round(sum(came)))
            requests.append(len(came))
            again.append(painted(tab, path))
    connecting = 2 * ROUND_TRIP
    return Measured(
        label,
        statistics.median(first) + connecting,
        statistics.median(again) + connecting,
        sizes[-1],
        requests[-1],
    )


@contextmanager
def opened(browser: Any, base: str, cookies: list[Any]) -> Iterator[Any]:
    """Open a tab with an empty cache."""
    context = browser.new_context(base_url=base, viewport=PHONE)
    context.add_init_script(WATCH)
    context.add_cookies(cookies)
    yield context.new_page()
    context.close()


def painted(tab: Any, path: str) -> float:
    """Return after how many milliseconds the main content was painted."""
    tab.goto(path, wait_until="networkidle")
    tab.wait_for_function("window.painted > 0")
    return float(tab.evaluate("window.painted"))


def report(measured: list[Measured]) -> str:
    """Return the section."""
    lines = [
        TITLE,
        "",
        "Made by `make bench` (`python -m tests.bench.pages`): Chromium on a phone's screen,"
        " 400 kbit/s and 400 ms for a round trip (WebPageTest's “3G Slow”), gunicorn, static files"
        " named and compressed as in production. Milliseconds until the largest text of the main"
        " content was painted, with an empty cache and opened once more; two round trips for the"
        f" connection (TCP, TLS 1.3) are in it. Medians of {RUNS}. It fails over {MOST} ms.",
        "",
        "| page | first | again | kB at first | requests |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {page.label} | {page.first:.0f} | {page.again:.0f} | {page.size / 1000:.0f}"
        f" | {page.requests} |"
        for page in measured
    ]
    return "\n".join(lines) + "\n"


def prepare() -> None:
    """Fill the database and collect the static files."""
    for command in ("migrate", "sync_roles", "load_codes", "seed_demo", "collectstatic --noinput"):
        subprocess.run(
            [sys.executable, "manage.py", *command.split(), "-v0"],
            cwd=ROOT,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.e2e.light_settings"},
            check=True,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def place() -> Iterator[None]:
    """Name a folder, for as long as this lasts, as the place of database and static files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            "VAXPASS_MODE": "development",
            "DJANGO_SETTINGS_MODULE": "tests.e2e.light_settings",
            "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
            "STATIC_ROOT": str(folder / "static"),
        }
        os.environ.pop("CACHE_URL", None)
        yield


def main() -> int:
    """Prepare, measure, write, and tell whether every page is painted in time."""
    import django

    with place():
        prepare()
        django.setup()
        from playwright.sync_api import sync_playwright

        from tests.bench.load import GUNICORN, server
        from tests.conftest import CHROMIUM, CHROMIUM_ARGS

        base, measured = f"http://127.0.0.1:{PORT}", []
        wanted = pages()
        cookies = {role: signed_in(role, base) for _, role in wanted.values()}
        settings = {"DJANGO_SETTINGS_MODULE": "tests.e2e.light_settings"}
        with server(GUNICORN, PORT, **settings), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            for label, (path, role) in wanted.items():
                found = measure(browser, base, label, path, cookies[role])
                print(f"{found.first:6.0f} ms, again {found.again:6.0f} ms  {label}")  # noqa: T201
                measured.append(found)
            browser.close()
    from tests.bench.reports import write

    write(report(measured))
    return 1 if any(max(page.first, page.again) > MOST for page in measured) else 0


def signed_in(role: str, base: str) -> list[Any]:
    """Return the cookies of a session of the role's demo account."""
    if not role:
        return []
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(account(role))
    name = settings.SESSION_COOKIE_NAME
    return [{"name": name, "value": client.cookies[name].value, "url": base}]


if __name__ == "__main__":
    sys.exit(main())
