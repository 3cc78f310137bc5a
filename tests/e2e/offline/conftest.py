"""A clinic, its volunteer, and a device that may lose network or be killed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from records.models import Clinic, Lot, Patient
from tests.conftest import CHROMIUM
from tests.e2e.offline.device import Device
from tests.records import workspace
from tests.records.factories import (
    make_clinic,
    make_lot,
    make_patient,
    make_vaccine,
    make_volunteer_user,
)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright without a browser: each test has a device of its own."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; name one with CHROMIUM=")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as running:
            yield running


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic(name="Harbour Clinic")


@pytest.fixture
def user(clinic: Clinic) -> Any:
    return make_volunteer_user(clinic)


@pytest.fixture
def lot(db: None) -> Lot:
    return make_lot(
        number="HX42", vaccine=make_vaccine(short_name="Covax mRNA", min_interval_days=28)
    )


@pytest.fixture
def arrive(clinic: Clinic) -> Callable[..., Patient]:
    """Return a function that puts a new patient into the queue."""

    def arrived(last_name: str) -> Patient:
        patient = make_patient(first_name="Ada", last_name=last_name, clinic=clinic)
        workspace.arrive(patient, clinic)
        return patient

    return arrived


@pytest.fixture
def device(
    playwright: Playwright, live_server: LiveServer, tmp_path: Path, user: Any, lot: Lot
) -> Iterator[Device]:
    """A device with the volunteer signed in and the lot of the shift chosen."""
    device = Device(playwright, tmp_path / "profile", live_server.url)
    device.sign_in(user)
    device.page.goto("/clinic/shift")
    device.page.get_by_label("Lot of the shift").select_option(value=str(lot.public_id))
    device.page.get_by_role("button", name="Start").click()
    # What the page after it asks for belongs to no test.
    expect(device.page).not_to_have_url(re.compile("/clinic/shift"))
    device.is_ready()
    yield device
    device.context.close()
    assert not device.faults, "\n".join(device.faults)
