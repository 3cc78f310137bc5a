"""Every registered page answers, within its number of queries, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import ANALYTICS, LOGISTICS, PATIENT, SALES, VOLUNTEER
from records.admin.base import RecordAdmin
from records.domain import merges, reference
from records.models import AuditEntry, AuditSeal, Dose, OutboxEvent, Record
from tests.records import factories, issuer, workspace
from tests.records.admin.helpers import list_url, url

pytestmark = pytest.mark.django_db

MOST_QUERIES = 25
SITE = admin.site
ADMINS = {m: a for m, a in SITE._registry.items() if m._meta.app_label == "records"}
NAMES = [model._meta.model_name for model in ADMINS]
RECORDS = [model._meta.model_name for model, a in ADMINS.items() if isinstance(a, RecordAdmin)]


def admin_of(name: str) -> Any:
    return ADMINS[apps.get_model("records", name)]


@pytest.fixture
def world() -> None:
    """Make at least three rows of every kind."""
    for _ in range(3):
        clinic = factories.make_clinic()
        volunteer = factories.make_volunteer(clinic)
        patient = factories.make_patient(clinic=clinic, identifiers=[("id", f"N{clinic.pk}")])
        factories.make_dose(patient=patient, clinic=clinic, volunteer=volunteer)
        other = factories.make_patient()
        merges.merge_patients(
            by=factories.system(), survivor=patient, duplicate=other, version=1, reason="same"
        )
        factories.make_grant(factories.make_user(), patient)
        number = clinic.pk
        reference.add_eu_product(
            by=factories.system(),
            code=f"EU/{number}",
            name=f"Product {number}",
            org_code="ORG-1",
            prophylaxis_code="J07BX03",
        )
        factories.make_claim_code(patient)
        issuer.signed_and_shared(patient)
        workspace.arrive(patient, clinic)
        workspace.proposed(patient, factories.make_patient())
        workspace.answered(Dose.objects.filter(patient=patient).latest("id"), workspace.question())
        AuditSeal.objects.create(
            number=number,
            after_id=0,
            to_id=1,
            entries=1,
            leaves=b"",
            key_id="k",
            digest=f"{number}",
        )


def queries_of(client: Client, address: str) -> tuple[Any, int]:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(address)
        if hasattr(response, "render"):
            assert response.content
    return response, len(queries)


def test_every_record_model_has_an_admin() -> None:
    records = {m for m in apps.get_app_config("records").get_models() if issubclass(m, Record)}
    assert records <= set(ADMINS)
    assert {AuditEntry, OutboxEvent} <= set(ADMINS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("world")
def test_list_and_search_stay_within_their_queries(page: Client, name: str) -> None:
    model = apps.get_model("records", name)
    row = model.objects.first()
    identity = getattr(row, admin_of(name).uuid_field)
    for query in ("", "?q=Exam", "?q=1980-05-17", "?q=N1", f"?q={identity}", "?p=2", "?e=1"):
        response, count = queries_of(page, list_url(model) + query)
        assert response.status_code in (200, 302)
        assert count <= MOST_QUERIES, query
    response = page.get(f"{list_url(model)}?q={identity}")
    assert row.pk in [found.pk for found in response.context["cl"].result_list]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("world")
def test_list_does_the_same_queries_for_more_rows(page: Client, name: str) -> None:
    model = apps.get_model("records", name)
    page.get(list_url(model))
    few = queries_of(page, f"{list_url(model)}?q={model.objects.first().pk}")[1]
    every = queries_of(page, list_url(model))[1]
    assert every <= MOST_QUERIES
    assert few <= MOST_QUERIES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("world")
def test_change_page_stays_within_its_queries(page: Client, name: str) -> None:
    row = apps.get_model("records", name).objects.first()
    response, count = queries_of(page, url(row))
    assert response.status_code == 200
    assert count <= MOST_QUERIES


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.usefixtures("world")
def test_history_and_as_of_stay_within_their_queries(
    page: Client, login: Callable[[Any], Client], name: str
) -> None:
    row = apps.get_model("records", name).objects.first()
    if name == "patientgrant":
        page = login(factories.make_user(is_staff=True, is_superuser=True))
    for address in (url(row, "history"), url(row, "as_of")):
        response, count = queries_of(page, address)
        assert response.status_code == 200
        assert count <= MOST_QUERIES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("world")
def test_filters_answer(page: Client, name: str) -> None:
    model = apps.get_model("records", name)
    for choice in admin_of(name).list_filter:
        for value in [*getattr(choice, "choices_of", {}), "1", "none-of-these"]:
            response, count = queries_of(page, f"{list_url(model)}?{choice.parameter_name}={value}")
            assert response.status_code in (200, 302)
            assert count <= MOST_QUERIES


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.usefixtures("world")
def test_add_page_opens_where_there_is_a_form(page: Client, name: str) -> None:
    model = apps.get_model("records", name)
    expected = 200 if admin_of(name).add_form else 403
    assert page.get(list_url(model, "add")).status_code == expected


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.usefixtures("world")
def test_acts_open_with_a_form(page: Client, name: str) -> None:
    rows = apps.get_model("records", name).objects.all()
    for act in admin_of(name).acts:
        row = next((row for row in rows if act().applies(row)), None)
        if row is not None:
            response, count = queries_of(page, url(row, act.slug))
            assert response.status_code == 200, act.slug
            assert count <= MOST_QUERIES


@pytest.mark.parametrize("name", NAMES)
def test_an_absent_record_is_not_found(page: Client, name: str) -> None:
    address = list_url(apps.get_model("records", name))
    for key in ("4711", "6f1ad2f1-7c3f-4a7f-9f0a-2a3c1f4e5d6b", "nonsense"):
        assert page.get(f"{address}{key}/change/").status_code == 404


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", [VOLUNTEER.name, PATIENT.name])
def test_volunteers_and_patients_have_no_admin(
    login: Callable[[Any], Client], name: str, role: str
) -> None:
    client = login(factories.make_user(role))
    response = client.get(list_url(apps.get_model("records", name)), follow=True)
    assert response.status_code == 403


@pytest.mark.parametrize("role", [LOGISTICS, SALES, ANALYTICS])
@pytest.mark.usefixtures("world")
def test_other_roles_reach_what_they_may_view_and_nothing_else(
    login: Callable[[Any], Client], role: Any
) -> None:
    client = login(factories.make_user(role.name, is_staff=True))
    assert client.get("/admin/").status_code == 200
    for model in ADMINS:
        name = model._meta.model_name
        seen = f"records.view_{name}" in role.permissions
        assert client.get(list_url(model)).status_code == (200 if seen else 403), name
        row: Any = model._default_manager.first()
        assert client.get(url(row)).status_code == (200 if seen else 403), name
        if isinstance(ADMINS[model], RecordAdmin):
            assert client.get(url(row, "history")).status_code == 403
            assert client.get(url(row, "delete")).status_code == 403


@pytest.mark.usefixtures("world")
def test_the_index_counts_within_its_queries(page: Client) -> None:
    response, count = queries_of(page, "/admin/")
    assert response.status_code == 200
    assert count <= MOST_QUERIES
