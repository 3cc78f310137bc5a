"""Clinics, manufacturers, vaccines and EU products in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from records.models import Clinic, EuProduct, Manufacturer, Vaccine
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db


def test_adding_each_kind(page: Client) -> None:
    sent: dict[Any, dict[str, Any]] = {
        Clinic: {"code": "C9", "name": "Harbour", "time_zone": "Europe/Berlin"},
        Manufacturer: {"name": "Maker", "mvx_code": ""},
        Vaccine: {"cvx_code": "900", "short_name": "New", "diseases": "840539006, 14189004"},
        EuProduct: {
            "code": "EU/1",
            "name": "Product",
            "org_code": "ORG-1",
            "prophylaxis_code": "J07BX03",
        },
    }
    for model, fields in sent.items():
        assert send(page, list_url(model, "add"), **fields).status_code == 302, model
        assert model.objects.count() == 1
    assert Manufacturer.objects.get().mvx_code is None
    diseases = set(Vaccine.objects.get().targets.values_list("disease", flat=True))
    assert diseases == {"840539006", "14189004"}


def test_a_wrong_time_zone_is_an_error_of_its_field(page: Client) -> None:
    sent = {"code": "C9", "name": "Harbour", "time_zone": "Mars/Olympus"}
    assert set(errors_of(send(page, list_url(Clinic, "add"), **sent))) == {"time_zone"}


def test_a_correction_keeps_the_effective_day(page: Client) -> None:
    clinic = factories.make_clinic()
    assert send(page, url(clinic), name="Harbor", reason="Typo").status_code == 302
    clinic.refresh_from_db()
    assert (clinic.name, clinic.effective_from) == ("Harbor", None)


def test_a_change_sets_the_effective_day(page: Client) -> None:
    clinic = factories.make_clinic()
    day = factories.days_ago(5)
    sent = {"name": "Quay", "reason": "Renamed", "kind": "change", "effective_from": day}
    assert send(page, url(clinic), **sent).status_code == 302
    clinic.refresh_from_db()
    assert (clinic.name, clinic.effective_from) == ("Quay", day)


@pytest.mark.parametrize(("kind", "days"), [("change", None), ("correct", 5), ("change", -5)])
def test_the_day_must_fit_the_kind(page: Client, kind: str, days: int | None) -> None:
    clinic = factories.make_clinic()
    sent: dict[str, Any] = {"name": "Quay", "reason": "Renamed", "kind": kind}
    if days is not None:
        sent["effective_from"] = factories.days_ago(days)
    assert set(errors_of(send(page, url(clinic), **sent))) == {"effective_from"}
    assert clinic.history.count() == 1


@pytest.mark.parametrize("make", ["make_clinic", "make_manufacturer", "make_vaccine"])
def test_retiring_and_reinstating(page: Client, make: str) -> None:
    record = getattr(factories, make)()
    day = factories.days_ago(1)
    assert send(page, url(record, "retire"), retired_on=day, reason="Closed").status_code == 302
    record.refresh_from_db()
    assert record.retired_on == day
    found = page.get(f"{list_url(type(record))}?use=no").context["cl"].result_list
    assert [row.pk for row in found] == [record.pk]
    assert send(page, url(record, "reinstate"), reason="Open again").status_code == 302
    record.refresh_from_db()
    assert record.retired_on is None


def test_the_diseases_of_a_vaccine_are_set(page: Client) -> None:
    vaccine = factories.make_vaccine()
    sent = {"diseases": "14189004\n56717001", "reason": "New label"}
    response = send(page, url(vaccine, "diseases"), **sent)
    assert response.status_code == 302
    assert set(vaccine.targets.values_list("disease", flat=True)) == {"14189004", "56717001"}


def test_correcting_an_eu_product(page: Client) -> None:
    sent = {"code": "EU/1", "name": "A", "org_code": "ORG-1", "prophylaxis_code": "J07BX03"}
    send(page, list_url(EuProduct, "add"), **sent)
    product = EuProduct.objects.get()
    assert send(page, url(product), name="B", reason="Value set").status_code == 302
    product.refresh_from_db()
    assert (product.name, product.version) == ("B", 2)


@pytest.mark.parametrize("term", ["C9", "harb"])
def test_search_finds_clinics_by_code_and_name(page: Client, term: str) -> None:
    clinic = factories.make_clinic(code="C9", name="Old harbour")
    factories.make_clinic(code="D1", name="Hill")
    found = page.get(list_url(Clinic), {"q": term}).context["cl"].result_list
    assert [row.pk for row in found] == [clinic.pk]
