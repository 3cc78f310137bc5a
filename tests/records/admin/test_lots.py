"""Lots in the admin: recall with its figures, renumbering, corrections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import ANALYTICS, LOGISTICS
from records.domain import doses
from records.models import Lot
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def logistics(login: Callable[[Any], Client]) -> Client:
    """Return the browser of somebody who owns supply."""
    return login(factories.make_user(LOGISTICS.name, is_staff=True))


def test_receiving_and_correcting_a_lot(logistics: Client) -> None:
    vaccine, other = factories.make_vaccine(), factories.make_vaccine()
    maker = factories.make_manufacturer()
    sent = {"manufacturer": maker.pk, "number": "FK2210", "vaccine": vaccine.pk}
    assert send(logistics, list_url(Lot, "add"), **sent).status_code == 302
    lot = Lot.objects.get()
    assert set(errors_of(send(logistics, list_url(Lot, "add"), **sent))) == {"number"}
    assert send(logistics, url(lot), vaccine=other.pk, reason="Misread").status_code == 302
    lot.refresh_from_db()
    assert (lot.vaccine, lot.version) == (other, 2)


def test_the_recall_page_tells_doses_and_patients_in_all_and_by_clinic(logistics: Client) -> None:
    lot = factories.make_lot()
    here, there = factories.make_clinic(name="Here"), factories.make_clinic(name="There")
    patient = factories.make_patient()
    factories.make_dose(lot=lot, clinic=here, patient=patient)
    factories.make_dose(
        lot=lot, clinic=here, patient=patient, administered_on=factories.days_ago(90)
    )
    factories.make_dose(lot=lot, clinic=there)
    void = factories.make_dose(lot=lot, clinic=there)
    doses.void_dose(by=factories.system(), dose=void, version=1, reason="never given")
    response = logistics.get(url(lot, "recall"))
    assert response.context["patients_text"] == "2 patients"
    assert response.context["doses_text"] == "3 doses"
    assert response.context["by_clinic"] == [("Here", 2, 1), ("There", 1, 1)]
    assert patient.last_name not in response.content.decode()


def test_recalling_and_lifting(logistics: Client) -> None:
    lot = factories.make_lot()
    day = factories.days_ago(2)
    assert set(errors_of(send(logistics, url(lot, "recall"), recalled_on=day))) == {"reason"}
    sent = send(logistics, url(lot, "recall"), recalled_on=day, reason="Particles")
    assert sent.status_code == 302
    lot.refresh_from_db()
    assert (lot.recalled_on, lot.recall_reason) == (day, "Particles")
    assert send(logistics, url(lot, "lift-recall"), reason="Wrong lot").status_code == 302
    lot.refresh_from_db()
    assert lot.recalled_on is None


def test_the_list_leads_one_lot_to_its_recall(logistics: Client) -> None:
    one, two = factories.make_lot(), factories.make_lot()
    action = {"action": "recall_selected", "index": "0"}
    response = logistics.post(list_url(Lot), {**action, "_selected_action": [one.pk]})
    assert response["Location"] == url(one, "recall")
    many = {**action, "_selected_action": [one.pk, two.pk]}
    assert b"Choose one lot" in logistics.post(list_url(Lot), many, follow=True).content


def test_renumbering_takes_the_doses_along(logistics: Client) -> None:
    dose = factories.make_dose(lot=factories.make_lot(number="FK221O"))
    response = send(logistics, url(dose.lot, "renumber"), number="FK2210", reason="O for 0")
    assert response.status_code == 302
    dose.refresh_from_db()
    assert dose.lot_number == "FK2210"


def test_renumbering_to_a_taken_number_is_an_error_of_the_number(logistics: Client) -> None:
    lot = factories.make_lot()
    taken = factories.make_lot(manufacturer=lot.manufacturer)
    response = send(logistics, url(lot, "renumber"), number=taken.number, reason="x")
    assert set(errors_of(response)) == {"number"}


def test_recalling_is_for_those_who_may(login: Callable[[Any], Client]) -> None:
    lot = factories.make_lot()
    client = login(factories.make_user(ANALYTICS.name, is_staff=True))
    assert client.get(url(lot)).status_code == 200
    assert client.get(url(lot, "recall")).status_code == 403
    assert b"Recall a lot" not in client.get(list_url(Lot)).content


def test_search_finds_by_number_prefix_and_codes(page: Client) -> None:
    lot = factories.make_lot(number="FK2210")
    factories.make_lot(number="ZZ1")
    for term in ("FK2210", "FK22", lot.vaccine.cvx_code, str(lot.manufacturer.mvx_code)):
        found = page.get(list_url(Lot), {"q": term}).context["cl"].result_list
        assert [row.pk for row in found] == [lot.pk], term


def test_expiry_and_recall_filters(page: Client) -> None:
    past = factories.make_lot(expires_on=factories.days_ago(1))
    soon = factories.make_lot(expires_on=factories.days_ago(-5))
    later = factories.make_lot(expires_on=factories.days_ago(-500))
    for value, lot in (("past", past), ("soon", soon), ("later", later)):
        found = page.get(f"{list_url(Lot)}?expiry={value}").context["cl"].result_list
        assert [row.pk for row in found] == [lot.pk]
    assert not page.get(f"{list_url(Lot)}?recall=any").context["cl"].result_list
