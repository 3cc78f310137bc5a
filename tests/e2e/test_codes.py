"""A patient shows a signed code on a phone, and somebody scans the screen."""

import base64

import pytest

from accounts.roles import PATIENT
from records.codecs import hcert, qr, shc
from tests.records import factories as make
from tests.records.issuer import make_eu_lot

# No engine of a database shows it otherwise: once is enough.
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

PHONE = {"width": 390, "height": 844}
FINE = 3  # a phone's pixels for each of CSS


def picture_of(page):
    """Return the code as a phone shows it, which is finer than a screen of this width."""
    place = page.locator(".qr").bounding_box()
    session = page.context.new_cdp_session(page)
    clip = {**place, "scale": FINE}
    shot = session.send("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    return base64.b64decode(shot["data"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_codes_are_scanned_from_the_screen_of_a_phone(browser_login, scheme):
    make.ensure_roles()
    user = make.make_user(PATIENT.name)
    patient = make.make_patient(last_name="Müller-Øvergård", identity_confirmed=True)
    make.make_grant(user, patient)
    for days in range(10, 100, 10):
        make.make_dose(patient=patient, lot=make_eu_lot(), administered_on=make.days_ago(days))
    page = browser_login(user)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)

    page.goto(f"/passport/{patient.public_id}/")
    page.get_by_role("link", name="Show QR codes").click()
    found = {}
    for name, read in (("SMART Health Card", shc.read), ("EU certificate", hcert.read)):
        page.get_by_role("button", name=f"Make the code {name}").click()
        page.get_by_role("link", name=f"Show QR code 1, {name}").click()
        [text] = qr.read(picture_of(page))
        found[name] = read(text).statement
        page.get_by_role("link", name="QR codes", exact=True).click()

    assert {said.person.family for said in found.values()} == {"Müller-Øvergård"}
    assert len(found["SMART Health Card"].doses) > 1
    assert found["EU certificate"].doses[0].number == 1
