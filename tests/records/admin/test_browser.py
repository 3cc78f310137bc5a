"""The admin in a real browser: the policy holds, choosers choose, warnings are ticked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from playwright.sync_api import Page

from accounts.roles import DBA
from records.domain import lots
from records.models import Dose
from tests.records import factories
from tests.records.admin.helpers import list_url, url

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser_login: Callable[[Any], Page]) -> Page:
    """Return a DBA's browser."""
    return browser_login(factories.make_user(DBA.name, is_staff=True))


def test_pages_keep_the_policy_and_fit_a_phone(page: Page) -> None:
    dose = factories.make_dose()
    addresses = ["/admin/", list_url(Dose, "add"), url(dose), url(dose, "history")]
    addresses += [url(dose, "as_of"), url(dose, "void"), url(dose.lot, "recall")]
    addresses += [list_url(m) for m in admin.site._registry if m._meta.app_label == "records"]
    page.set_viewport_size({"width": 390, "height": 800})
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def choose(page: Page, field: str, term: str) -> None:
    page.click(f".field-{field} .select2-selection")
    # Typed into the field itself: keys sent to the page can come before it has the focus.
    page.locator(".select2-container--open .select2-search__field").press_sequentially(term)
    page.locator(f".select2-results__option:has-text('{term}')").click()


def test_a_dose_is_recorded_with_choosers_after_its_warning_was_ticked(page: Page) -> None:
    clinic = factories.make_clinic()
    volunteer = factories.make_volunteer(clinic)
    patient = factories.make_patient(last_name="Okonkwo")
    lot = factories.make_lot(number="FK2210")
    lots.recall_lot(
        by=factories.system(), lot=lot, version=1, recalled_on=factories.days_ago(1), reason="bad"
    )
    page.goto(list_url(Dose, "add"))
    choose(page, "patient", "Okonkwo")
    choose(page, "lot", "FK2210")
    choose(page, "clinic", clinic.code)
    choose(page, "volunteer", volunteer.code)
    page.fill("#id_administered_on", str(factories.days_ago(3)))
    page.click("input[name=_save]")
    page.check("text=This lot has been recalled since that day.")
    assert not Dose.objects.exists()
    page.click("input[name=_save]")
    page.wait_for_selector(".messagelist .success")
    dose = Dose.objects.get()
    assert (dose.patient, dose.lot) == (patient, lot)
