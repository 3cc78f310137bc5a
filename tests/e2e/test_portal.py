"""A patient's own job: see how things stand, switch to a child, read corrections, print."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import PATIENT
from records.domain import doses
from records.models import GrantTemplate, Patient
from tests.e2e.desks import Desk, fits, follow, make_person, sign_in
from tests.records import factories as make
from tests.records.codecs.printed import codes_on, text_of
from tests.records.issuer import issue

__all__ = ["sign_in"]  # a fixture
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

MEASLES = "14189004"


def make_family(user: object) -> tuple[Patient, Patient]:
    """Return the user's own record, which is up to date, and a child's, where a dose is due."""
    vaccine = make.make_vaccine(
        short_name="MMR", diseases=[MEASLES], doses_in_series=2, min_interval_days=28
    )
    own = make.make_patient(first_name="Ada", last_name="Novak")
    born = make.days_ago(5 * 365)
    child = make.make_patient(first_name="Zoë", last_name="Novak", date_of_birth=born)
    make.make_grant(user, own)
    make.make_grant(user, child, template=GrantTemplate.GUARDIAN)
    for patient, ages in ((own, (400, 300)), (child, (35,))):
        for ago in ages:
            lot = make.make_lot(vaccine=vaccine)
            make.make_dose(patient=patient, lot=lot, administered_on=make.days_ago(ago))
    return own, child


def download(page: Page, name: str) -> tuple[str, bytes]:
    """Return the name and the content of the file behind a link."""
    with page.expect_download() as found:
        page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    return found.value.suggested_filename, Path(found.value.path()).read_bytes()


def test_patient_sees_what_is_due_and_prints_it(sign_in: Desk) -> None:
    user = make_person(PATIENT.name)
    _own, child = make_family(user)
    wrong = make.make_dose(patient=child, administered_on=make.days_ago(3))
    doses.void_dose(by=make.system(), dose=wrong, version=1, reason="Typed for another child")
    issue(child)
    page = sign_in(user)

    page.get_by_role("main").get_by_role("link", name="My passport").click()
    fits(page)
    expect(page.get_by_role("listitem").filter(has_text="Ada Novak")).to_contain_text("up to date")
    expect(page.get_by_role("listitem").filter(has_text="Zoë Novak")).to_contain_text(
        "1 dose is due"
    )
    follow(page, "Open the passport of Ada Novak")
    follow(page, "Zoë Novak")
    expect(page.get_by_role("heading", name="Zoë Novak")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Dose 2 of 2 has been possible since")
    page.get_by_text("Details").first.click()
    expect(page.get_by_text("Recorded where it was given").first).to_be_visible()
    fits(page)

    name, certificate = download(page, "Certificate (PDF, A4)")
    assert name == "vaccination-certificate.pdf"
    assert "Zoë Novak" in text_of(certificate)
    name, card = download(page, "Card for the wallet (PDF)")
    assert name == "vaccination-card.pdf"
    assert len(codes_on(card)) == 1

    follow(page, "See what was corrected")
    expect(page.get_by_role("main")).to_contain_text("was entered in error")
    expect(page.get_by_role("main")).to_contain_text("Typed for another child")
