"""Choosing the lot of the shift by the code on a vial."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from records.models import Clinic
from tests.records.factories import days_ago, make_lot

pytestmark = pytest.mark.django_db

EXPIRY = dt.date.fromisoformat("2049-12-31")


def scan(client: Client, clinic: Clinic, code: str) -> Any:
    data = {"clinic": clinic.public_id, "vial": code, "lot": ""}
    return client.post("/clinic/shift", data, follow=True)


def test_scanned_vial_chooses_its_lot(at_work: Client, clinic: Clinic) -> None:
    make_lot(number="AB13", expires_on=EXPIRY)
    lot = make_lot(number="AB12", expires_on=EXPIRY)
    page = scan(at_work, clinic, "01061414100000381749123110AB12")
    assert page.redirect_chain == [("/clinic/", 302)]
    assert f'<span class="code">AB12</span> · {lot.vaccine.short_name}' in page.content.decode()
    assert "expiry date on the vial" not in page.content.decode()


def test_other_expiry_on_the_vial_is_told(at_work: Client, clinic: Clinic) -> None:
    make_lot(number="AB12", expires_on=EXPIRY)
    page = scan(at_work, clinic, "1748123110AB12").content.decode()
    assert "The expiry date on the vial is not the one of this lot." in page


@pytest.mark.parametrize("number", ["ab12", "AB12X", "AB1"])
def test_vial_of_another_number_chooses_nothing(
    at_work: Client, clinic: Clinic, number: str
) -> None:
    make_lot(number="AB12")
    page = scan(at_work, clinic, f"10{number}").content.decode()
    assert "No lot of this number can be used here today." in page


def test_vial_of_an_expired_lot_chooses_nothing(at_work: Client, clinic: Clinic) -> None:
    make_lot(number="AB12", expires_on=days_ago(1))
    assert "No lot of this number" in scan(at_work, clinic, "10AB12").content.decode()
    assert "AB12" not in at_work.get("/clinic/").content.decode()


def test_vial_of_a_number_that_two_manufacturers_have_is_asked_about(
    at_work: Client, clinic: Clinic
) -> None:
    for _ in range(2):
        make_lot(number="AB12")
    assert "Several manufacturers" in scan(at_work, clinic, "10AB12").content.decode()


def test_text_that_is_no_code_of_a_vial_says_so(at_work: Client, clinic: Clinic) -> None:
    page = scan(at_work, clinic, "shc:/567629").content.decode()
    assert "This is not the code of a vial." in page
