"""The main jobs in the admin: a DBA corrects and restores, a user manager lets somebody in."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.roles import DBA, USER_MANAGER
from records.models import Patient
from tests.e2e.desks import Desk, fits, make_person, sign_in
from tests.records import factories as make

__all__ = ["sign_in"]  # a fixture
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def correct(page: Page, surname: str, reason: str) -> None:
    """Change the surname of the patient that is shown."""
    page.get_by_label("Last name").fill(surname)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Save", exact=True).click()
    fits(page)


def test_dba_corrects_a_record_reads_its_past_and_restores_it(sign_in: Desk) -> None:
    make.make_patient(first_name="Maria", last_name="Okonkwo")
    page = sign_in(make_person(DBA.name, is_staff=True))

    page.get_by_role("main").get_by_role("link", name="Administration").click()
    fits(page)
    page.goto("/admin/records/patient/")
    fits(page)
    page.locator("#result_list").get_by_role("link").first.click()
    fits(page)
    address = page.url
    correct(page, "Okonkwo-Bright", "Married name")
    assert Patient.objects.get().last_name == "Okonkwo-Bright"

    page.goto(address)
    page.get_by_role("link", name="History").click()
    fits(page)
    shown = page.get_by_role("main")
    expect(shown).to_contain_text("Married name")
    expect(shown.locator("del", has_text=re.compile("^Okonkwo$"))).to_be_visible()

    page.goto(address)
    correct(page, "Okonkwo", "It was another Maria")
    patient = Patient.objects.get()
    assert (patient.last_name, patient.version) == ("Okonkwo", 3)


def test_user_manager_invites_somebody_and_gives_a_role(sign_in: Desk) -> None:
    make.ensure_roles()
    page = sign_in(make_person(USER_MANAGER.name, is_staff=True))

    page.get_by_role("main").get_by_role("link", name="Invite somebody").click()
    fits(page)
    page.get_by_label("E-mail address").fill("salma@example.org")
    page.get_by_label("Name:", exact=True).fill("Salma Haddad")
    page.get_by_label("Sales").check()
    page.get_by_role("button", name="Save", exact=True).click()
    fits(page)

    invited = User.objects.get(email_normalized="salma@example.org")
    assert [group.name for group in invited.groups.all()] == ["Sales"]
    [sent] = [message for message in mail.outbox if message.to == ["salma@example.org"]]
    assert "http" in sent.body

    page.goto(f"/admin/accounts/user/{invited.pk}/change/")
    page.get_by_label("Analytics").check()
    page.get_by_role("button", name="Save", exact=True).click()
    fits(page)
    assert {group.name for group in invited.groups.all()} == {"Analytics", "Sales"}
