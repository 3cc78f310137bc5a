"""What comes out of a printer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from accounts.roles import VOLUNTEER
from tests.records.factories import make_clinic, make_dose, make_patient, make_user, make_volunteer

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

MARGIN = dict.fromkeys(("top", "bottom", "left", "right"), "10mm")


def printed(page: Page) -> list[str]:
    """Return the text of each sheet of paper that a page fills."""
    written = pypdfium2.PdfDocument(page.pdf(format="A4", margin=MARGIN))  # type: ignore[arg-type]
    return [sheet.get_textpage().get_text_bounded() for sheet in written]


def test_what_a_patient_takes_home_is_one_sheet_and_a_session_has_no_navigation(
    browser_login: Callable[[Any], Page],
) -> None:
    clinic = make_clinic(name="Harbour Clinic")
    user = make_user(VOLUNTEER.name)
    volunteer = make_volunteer(clinic, user=user)
    patient = make_patient(last_name="Okonkwo", clinic=clinic, identity_confirmed=True)
    make_dose(patient=patient, clinic=clinic, volunteer=volunteer)
    page = browser_login(user)

    page.goto(f"/clinic/patients/{patient.public_id}/take-home")
    page.get_by_role("button", name="Make the sheet").click()
    expect(page.get_by_text("Okonkwo").first).to_be_visible()
    [sheet] = printed(page)
    assert "Okonkwo" in sheet

    page.goto("/clinic/session")
    session = "".join(printed(page))
    assert "Harbour Clinic" in session
    assert "Change" not in session
