"""Doses recorded without network are sent once and only once; what is refused is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from records.domain import lookup, lots
from records.models import AuditEntry, Clinic, Dose, Lot, Patient
from tests.e2e.offline.device import DOSES, OFFLINE, Device, until
from tests.records import workspace
from tests.records.factories import (
    COVID_19,
    days_ago,
    make_dose,
    make_lot,
    make_vaccine,
    system,
)

MEASLES = "14189004"
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def recall(lot: Lot) -> None:
    day = days_ago(0)
    lots.recall_lot(by=system(), lot=lot, version=lot.version, recalled_on=day, reason="Broken")


def test_twenty_doses_survive_a_killed_browser_and_are_recorded_once(
    device: Device, user: Any, arrive: Callable[..., Patient]
) -> None:
    patients = [arrive(f"Mbeki{number:02}") for number in range(15)]
    device.prepare()
    device.lose_network()
    device.page.goto("/clinic/")
    expect(device.page.get_by_role("heading", name="Record without connection")).to_be_visible()
    for patient in patients:
        device.record(str(patient))
    for number in range(5):
        device.register(f"Newcomer{number}", f"199{number}-04-02")
    device.waits(20)

    device.kill()
    device.open()
    device.go_offline()
    device.waits(20)
    assert not Dose.objects.exists()

    device.find_network()
    device.sign_in(user)
    device.goto("/clinic/queue")
    until(lambda: Dose.objects.count() == 20)
    expect(device.note("waiting")).to_be_hidden()
    device.goto(OFFLINE)
    device.waits(0)
    doses = Dose.objects.select_related("patient")
    assert doses.count() == len({dose.external_id for dose in doses}) == 20
    assert len({dose.patient.last_name for dose in doses}) == 20
    assert {dose.recorded_by_id for dose in doses} == {user.pk}


def test_dose_whose_answer_was_lost_is_recorded_once(
    device: Device, user: Any, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    device.register("Newcomer")
    device.waits(2)
    answered: list[int] = []

    def lost(route: Route) -> None:
        answered.append(route.fetch().status)  # the server has recorded it
        route.abort()

    device.page.route(DOSES, lost)
    device.find_network()
    for _ in range(600):
        if not answered:
            device.page.wait_for_timeout(100)  # the route is answered meanwhile
    assert answered == [201]
    assert Dose.objects.count() == 1
    device.kill()
    device.open()
    device.sign_in(user)
    device.goto("/clinic/queue")
    until(lambda: Dose.objects.count() == 2)
    device.goto(OFFLINE)
    device.waits(0)
    assert Dose.objects.count() == Patient.objects.count() == 2


def test_refused_dose_is_shown_changed_and_sent(
    device: Device, user: Any, lot: Lot, arrive: Callable[..., Patient]
) -> None:
    patient, other = arrive("Mbeki"), make_lot(number="HX43", vaccine=lot.vaccine)
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    device.waits(1)
    recall(lot)
    device.find_network()

    page = device.page
    expect(device.note("refused")).to_contain_text("1")
    card = page.locator("[data-part=list] > li")
    expect(card).to_contain_text("This lot was recalled")
    assert not Dose.objects.exists()
    card.get_by_role("button", name="Change").click()
    page.get_by_label("Lot", exact=True).select_option(value=str(other.public_id))
    page.get_by_role("button", name="Record the dose").click()
    device.waits(0)
    assert [dose.lot for dose in Dose.objects.filter(patient=patient)] == [other]


def test_refused_dose_is_discarded_with_a_reason(
    device: Device, lot: Lot, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    recall(lot)
    device.find_network()
    card = device.page.locator("[data-part=list] > li")
    expect(card).to_contain_text("This lot was recalled")
    card.get_by_role("button", name="Remove", exact=True).click()
    card.get_by_label("Why is it not to be recorded?").select_option(label="Not given")
    card.get_by_role("button", name="Remove for good").click()
    device.waits(0)
    entry = AuditEntry.objects.get(action="patient.dose_discarded_not_given")
    assert entry.patient == patient
    assert not Dose.objects.exists()


def test_warning_of_the_server_is_confirmed(
    device: Device, user: Any, lot: Lot, clinic: Clinic, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    device.record(str(patient))
    device.waits(1)
    # Recorded by a colleague meanwhile, for the week before.
    make_dose(patient=patient, lot=lot, clinic=clinic, administered_on=days_ago(7))
    device.find_network()
    card = device.page.locator("[data-part=list] > li")
    expect(card).to_contain_text("at least 28 days")
    card.get_by_label("I have checked this").check()
    card.get_by_role("button", name="Send again").click()
    device.waits(0)
    assert Dose.objects.filter(patient=patient).count() == 2


def test_short_interval_and_concern_are_asked_about_while_the_patient_is_there(
    device: Device, lot: Lot, clinic: Clinic, arrive: Callable[..., Patient]
) -> None:
    workspace.question(text="Does the patient have a fever?")
    patient = arrive("Mbeki")
    device.goto("/clinic/queue")
    # Known to the device although the same people wait as a moment ago.
    make_dose(patient=patient, lot=lot, clinic=clinic, administered_on=days_ago(7))
    device.prepare()
    device.go_offline()
    page = device.page
    page.get_by_role("button", name="Record a dose").click()
    page.get_by_label("Does the patient have a fever?").check()
    page.get_by_label("I asked every question").check()
    page.get_by_role("button", name="Record the dose").click()
    warned = page.locator("[data-part=warnings]")
    expect(warned).to_contain_text("at least 28 days")
    expect(warned).to_contain_text("Wait until it has gone.")
    for box in warned.get_by_label("I have checked this").all():
        box.check()
    page.get_by_role("button", name="Record the dose").click()
    device.waits(1)
    device.find_network()
    device.waits(0)
    dose = Dose.objects.filter(patient=patient).latest("id")
    assert [answer.answer for answer in dose.screening.all()] == ["yes"]


def test_wrong_age_and_complete_series_are_asked_about_while_the_patient_is_there(
    device: Device, lot: Lot, clinic: Clinic, arrive: Callable[..., Patient]
) -> None:
    patient = arrive("Mbeki")
    make_dose(patient=patient, lot=lot, clinic=clinic, administered_on=days_ago(90))
    once = make_lot(number="HX43", vaccine=make_vaccine(doses_in_series=1, max_age_months=24))
    both = make_vaccine(doses_in_series=1, min_age_months=1200, diseases=[COVID_19, MEASLES])
    combined = make_lot(number="HX44", vaccine=both)
    device.prepare()
    device.go_offline()
    page = device.page
    page.get_by_role("button", name="Record a dose").click()
    warned = page.locator("[data-part=warnings]")
    complete = "has all doses of this vaccine's series already"
    page.get_by_label("Lot").select_option(value=str(combined.public_id))
    page.get_by_role("button", name="Record the dose").click()
    expect(warned).to_contain_text("age on that day is outside")
    expect(warned).not_to_contain_text(complete)
    page.get_by_label("Lot").select_option(value=str(once.public_id))
    page.get_by_role("button", name="Record the dose").click()
    expect(warned).to_contain_text("age on that day is outside")
    expect(warned).to_contain_text(complete)
    for box in warned.get_by_label("I have checked this").all():
        box.check()
    page.get_by_role("button", name="Record the dose").click()
    device.waits(1)
    device.find_network()
    device.waits(0)
    assert Dose.objects.filter(patient=patient).count() == 2


def test_newcomer_who_looks_like_somebody_is_asked_about(
    device: Device, arrive: Callable[..., Patient]
) -> None:
    known = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    page = device.page
    device.register("Mbeki", known.date_of_birth.isoformat())
    device.waits(1)
    known.__class__.objects.filter(pk=known.pk).update(first_name_key="maria")
    device.find_network()
    card = page.locator("[data-part=list] > li")
    expect(card).to_contain_text("Is it one of these?")
    card.get_by_role("button", name="It is this patient").click()
    device.waits(0)
    assert Dose.objects.get().patient == known
    assert Patient.objects.count() == 1


def test_newcomer_who_has_to_wait_holds_up_nobody_else(
    device: Device, arrive: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = arrive("Mbeki")
    device.prepare()
    device.go_offline()
    device.register("Newcomer")
    device.record(str(patient))
    device.waits(2)
    with monkeypatch.context() as patch:
        patch.setattr(lookup, "PER_HOUR", 0)
        device.find_network()
        device.waits(1)
        assert [dose.patient for dose in Dose.objects.all()] == [patient]
        expect(device.note("waiting")).to_contain_text("1")
        expect(device.page.get_by_role("button", name="Remove", exact=True)).to_be_visible()
    device.goto(OFFLINE)
    device.waits(0)
    assert Dose.objects.count() == 2
