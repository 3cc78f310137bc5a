"""What a clinic's page costs on a bad connection, with static files as in production."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from accounts.roles import VOLUNTEER
from records.models import Dose
from tests.judges import missing
from tests.records.api.server import serving
from tests.records.factories import (
    make_clinic,
    make_dose,
    make_lot,
    make_patient,
    make_user,
    make_volunteer,
)

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

MODULE = "tests.e2e.light_settings"
Weigh = Callable[[Callable[[Page], object]], int]
FIRST, NEXT = 150_000, 20_000  # bytes as they come over the line


@pytest.fixture
def static_root(tmp_path: Path) -> Path:
    """Return a folder with all static files, as `collectstatic` leaves them for production."""
    if not (settings.VAR_DIR / "frontend" / "site" / "site.css").exists():
        missing("no style sheet; scripts/frontend builds it")
    own = {"DJANGO_SETTINGS_MODULE": MODULE, "STATIC_ROOT": str(tmp_path)}
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
        cwd=settings.BASE_DIR,
        env=os.environ | own | {"VAXPASS_MODE": "development"},
        check=True,
    )
    return tmp_path


@pytest.fixture
def weigh(browser: Browser, client: Client, static_root: Path) -> Iterator[Weigh]:
    """Return a function that does something in the workspace and says how many bytes came."""
    clinic = make_clinic()
    user = make_user(VOLUNTEER.name)
    make_volunteer(clinic, user=user)
    lot = make_lot()
    for _ in range(10):
        make_dose(patient=make_patient(last_name="Mbeki", clinic=clinic), lot=lot, clinic=clinic)
    client.force_login(user)
    with serving(module=MODULE, STATIC_ROOT=str(static_root)) as server:
        base = f"http://127.0.0.1:{server.port}"
        # What a worker fetches for a page does not count as the page's: without it, all does.
        context = browser.new_context(base_url=base, service_workers="block")
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": base}])
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        came: list[float] = []
        line.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))

        def weigh(act: Callable[[Page], object]) -> int:
            came.clear()
            act(page)
            page.wait_for_load_state("networkidle")
            return round(sum(came))

        yield weigh
        context.close()


def to(name: str, *keys: Any) -> Callable[[Page], object]:
    """Return what opens a page by the name of its URL."""
    return lambda page: page.goto(reverse(name, args=keys))


def find(page: Page) -> None:
    """Look for the patients."""
    page.get_by_label("Surname").fill("Mbeki")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator(".person")).to_have_count(10)


PLAIN = ("find", "shift", "register", "queue", "session", "elsewhere")
OF_PATIENT = ("patient", "record", "record_not_given", "record_outside", "cards", "identity")
OF_DOSE = ("dose", "amend", "void")
BLOCKING = """performance.getEntriesByType("resource")
    .filter((entry) => entry.renderBlockingStatus === "blocking").map((entry) => entry.name)"""
MOST_REQUESTS = 8


def test_workspace_is_light(weigh: Weigh) -> None:
    dose = Dose.objects.select_related("patient").latest("id")
    first = weigh(to("clinic:find"))
    weights = {"found": weigh(find)}
    # The worker fetches its own script and the page without network as well.
    first += weigh(to("clinic:offline")) + weigh(to("clinic:service_worker"))
    for names, keys in (
        (PLAIN, []),
        (OF_PATIENT, [dose.patient.public_id]),
        (OF_DOSE, [dose.public_id]),
    ):
        for name in names:
            weights[name] = weigh(to(f"clinic:{name}", *keys))

    assert 0 < first <= FIRST
    assert {name: size for name, size in weights.items() if not 0 < size <= NEXT} == {}


def test_nothing_but_one_style_sheet_keeps_a_page_from_being_painted(weigh: Weigh) -> None:
    dose = Dose.objects.select_related("patient").latest("id")
    for name, *keys in (
        ("clinic:find",),
        ("clinic:queue",),
        ("clinic:record", dose.patient.public_id),
        ("verify:page",),
        ("account_login",),
    ):
        seen: dict[str, Any] = {}

        def look(page: Page, name: str = name, keys: Any = keys, seen: Any = seen) -> None:
            page.goto(reverse(name, args=keys))
            seen["blocking"] = page.evaluate(BLOCKING)
            seen["asked"] = page.evaluate("performance.getEntriesByType('resource').length")

        weigh(look)

        sheets = [address.rpartition("/")[2].partition(".")[0] for address in seen["blocking"]]
        assert sheets[:1] == ["site"], name
        assert set(sheets) <= {"site", "verify"}, name
        assert seen["asked"] <= MOST_REQUESTS, name
