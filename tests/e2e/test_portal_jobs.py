"""Main jobs outside the clinic: a parent, who shares, and who checks what is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import LazySettings
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.roles import PATIENT
from records.codecs.credentials import Format
from records.domain.credentials import as_issued, issue_credentials
from records.models import GrantTemplate, ShareLink
from tests.e2e.desks import Desk, fits, follow, make_person, press, sign_in
from tests.records import factories as make
from tests.records import issuer

__all__ = ["sign_in"]  # a fixture
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_parent_opens_the_passport_of_a_child(sign_in: Desk) -> None:
    user = make_person(PATIENT.name)
    own = make.make_patient(first_name="Ada", last_name="Novak")
    child = make.make_patient(
        first_name="Zoë", last_name="Novak", date_of_birth=make.days_ago(5 * 365)
    )
    make.make_grant(user, own)
    make.make_grant(user, child, template=GrantTemplate.GUARDIAN)
    make.make_dose(patient=child, lot=make.make_lot(number="KID7"))
    page = sign_in(user)

    page.get_by_role("main").get_by_role("link", name="My passport").click()
    fits(page)
    page.get_by_role("main").get_by_role("link", name="Zoë Novak").first.click()
    fits(page)

    expect(page.get_by_role("heading", name="Zoë Novak").first).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("KID7")


def test_patient_shares_a_record_and_withdraws_the_link(
    sign_in: Desk, live_server: LiveServer, settings: LazySettings
) -> None:
    settings.ISSUER = replace(issuer.with_keys(), url=live_server.url)
    user = make_person(PATIENT.name)
    patient = make.make_patient(identity_confirmed=True)
    make.make_grant(user, patient)
    make.make_dose(patient=patient)
    page = sign_in(user)

    page.goto(f"/passport/{patient.public_id}/")
    follow(page, "Shared links")
    follow(page, "Share by a link")
    page.get_by_label("For whom or what").fill("School")
    press(page, "Make the link")
    expect(page.get_by_label("Address for a browser")).to_be_visible()
    follow(page, "Shared links")
    press(page, "Withdraw School")

    expect(page.get_by_role("status").first).to_contain_text("It does not work any more")
    assert ShareLink.objects.get().revoked_at is not None


def test_visitor_checks_a_code_that_was_sent_as_text(sign_in: Desk) -> None:
    user = make_person(PATIENT.name)
    patient = make.make_patient(
        first_name="Ada", last_name="Quibblesworth", identity_confirmed=True
    )
    make.make_grant(user, patient)
    make.make_dose(patient=patient)
    [card] = issue_credentials(by=user, patient=patient, format=Format.SHC)
    code = as_issued(by=user, credential=card)
    page = sign_in(None)

    follow(page, "Check a code")
    page.get_by_role("textbox").first.fill(code)
    press(page, "Check the text")

    expect(page.get_by_role("main")).to_contain_text("Quibblesworth")
