"""What a device keeps: the queue while it is needed, and nothing that others could read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from records.models import Assignment, Clinic, Dose, Patient
from tests.e2e.offline.device import DOSES, EVERYTHING_KEPT, OFFLINE, SHELL_IS_KEPT, Device, until
from tests.records.factories import (
    days_ago,
    make_volunteer_user,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_nothing_is_readable_on_the_device_and_nothing_opens_it_after_signing_out(
    device: Device, user: Any, clinic: Clinic, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Quibblesworth")
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    device.register("Zanzottera")
    device.waits(2)
    kept = device.page.evaluate(EVERYTHING_KEPT)
    for secret in ("Quibblesworth", "Zanzottera", "1986", str(patient.public_id), "HX42"):
        assert secret not in kept
    assert "key false" in kept  # the browser uses the key and gives it to nobody

    page = device.page
    page.route(DOSES, lambda route: route.abort())  # what waits goes on waiting
    device.find_network()
    page.goto("/passport/")
    page.goto("/clinic/queue")
    page.locator(".menu__button").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    device.go_offline()
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    assert "key false" not in page.evaluate(EVERYTHING_KEPT)

    device.find_network()
    device.sign_in(make_volunteer_user(clinic))
    device.goto("/clinic/queue")
    expect(device.note("others")).to_contain_text("2")
    device.goto(OFFLINE)
    device.waits(0)
    assert "Zanzottera" not in page.content()

    page.unroute(DOSES)
    device.sign_in(user)
    device.goto("/clinic/queue")
    until(lambda: Dose.objects.count() == 2)
    assert {dose.recorded_by for dose in Dose.objects.all()} == {user}


def test_session_that_ended_locks_the_device_until_the_next_sign_in(
    device: Device, user: Any, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    device.waits(1)
    device.context.clear_cookies()
    device.find_network()
    expect(device.page.get_by_role("heading", name="Sign in first")).to_be_visible()
    expect(device.note("others")).to_contain_text("1")
    assert "Mbeki" not in device.page.content()
    assert not Dose.objects.exists()
    device.sign_in(user)
    device.goto("/clinic/queue")
    until(Dose.objects.exists)


def test_device_asks_for_the_queue_again_only_when_it_has_changed(
    device: Device, arrive: Callable[..., Patient]
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if "offline/shift" in request.url:
            asked.append(request.url)

    device.page.on("request", note)
    arrive("Mbeki")
    device.goto("/clinic/queue")
    assert len(asked) == 1
    device.goto("/clinic/queue")
    device.goto("/clinic/")
    device.goto("/clinic/queue")
    assert len(asked) == 1
    arrive("Sato")
    device.goto("/clinic/queue")
    assert len(asked) == 2
    device.page.evaluate(SHELL_IS_KEPT)
    device.goto("/clinic/queue")
    device.go_offline()
    expect(device.page.get_by_role("button", name="Record a dose: Ada Sato")).to_be_visible()


def end_session(device: Device) -> None:
    device.context.clear_cookies()


def end_assignment(device: Device) -> None:
    Assignment.objects.update(starts_on=days_ago(9), ends_on=days_ago(1))


@pytest.mark.parametrize("end", [end_session, end_assignment])
def test_page_that_turns_one_away_locks_the_device_for_whoever_comes_next(
    device: Device, arrive: Callable[..., Patient], end: Callable[[Device], None]
) -> None:
    arrive("Quibblesworth")
    device.prepare()
    page = device.page
    assert "key false" in page.evaluate(EVERYTHING_KEPT)
    end(device)
    page.goto("/clinic/queue")
    until(lambda: "key false" not in page.evaluate(EVERYTHING_KEPT))
    device.go_offline()
    expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    assert "Quibblesworth" not in page.content()


def test_slip_is_removed_before_it_is_sent(device: Device, arrive: Callable[..., Patient]) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    card = device.page.locator("[data-part=list] > li")
    card.get_by_role("button", name="Remove", exact=True).click()
    card.get_by_role("button", name="Remove for good").click()
    device.waits(0)


def test_form_that_was_lost_on_the_way_leads_to_the_page_without_network(
    device: Device, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    page = device.page
    page.goto(f"/clinic/patients/{patient.public_id}/record")
    device.lose_network()
    page.get_by_role("button", name="Record the dose").click()
    expect(page.get_by_text("What you sent last did not get through")).to_be_visible()
    page.goto(f"/clinic/patients/{patient.public_id}/record")
    expect(page.get_by_role("button", name="Not this person?")).to_be_visible()
    expect(page.locator("[data-part=name]")).to_have_text("Ada Mbeki")
