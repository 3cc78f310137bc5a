"""Whoever gets into the admin sees there what they see elsewhere, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.roles import ANALYTICS, SALES, VOLUNTEER
from records.models import Clinic, Dose, Patient
from tests.records import factories
from tests.records.admin.helpers import list_url, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(login: Callable[[Any], Client]) -> tuple[Client, Any]:
    """Return the browser of a volunteer who also has an admin role, and their clinic."""
    clinic = factories.make_clinic()
    user = factories.make_user(VOLUNTEER.name, is_staff=True)
    user.groups.add(Group.objects.get(name=ANALYTICS.name))
    factories.make_volunteer(clinic, user=user)
    return login(user), clinic


def test_lists_hold_only_what_is_in_sight(staff: tuple[Client, Any]) -> None:
    client, clinic = staff
    mine = factories.make_dose(patient=factories.make_patient(clinic=clinic))
    factories.make_dose()
    for model, key in ((Patient, mine.patient_id), (Dose, mine.pk)):
        found = client.get(list_url(model)).context["cl"].result_list
        assert [row.pk for row in found] == [key]


def test_a_record_out_of_sight_answers_as_an_absent_one(staff: tuple[Client, Any]) -> None:
    client, _ = staff
    dose = factories.make_dose()
    absent = url(dose).replace(f"/{dose.pk}/", "/4711/")
    answers = [client.get(address) for address in (url(dose), absent)]
    assert [answer.status_code for answer in answers] == [404, 404]
    posts = [client.post(address, {"reason": "x"}) for address in (url(dose), absent)]
    assert [answer.status_code for answer in posts] == [404, 404]
    for act in ("void", "delete"):
        assert client.get(url(dose, act)).status_code == (404 if act == "void" else 403)


def test_choosers_and_exports_hold_only_what_is_in_sight(staff: tuple[Client, Any]) -> None:
    client, clinic = staff
    mine = factories.make_patient(clinic=clinic, last_name="Okonkwo")
    other = factories.make_patient(last_name="Okonkwo")
    query = "app_label=records&model_name=enrolment&field_name=patient&term=okon"
    results = client.get(f"/admin/autocomplete/?{query}").json()["results"]
    assert [result["id"] for result in results] == [str(mine.pk)]
    chosen = {"action": "export_csv", "index": "0", "_selected_action": [mine.pk, other.pk]}
    answer: Any = client.post(list_url(Patient), chosen)
    text = b"".join(answer.streaming_content).decode()
    assert str(mine.public_id) in text
    assert str(other.public_id) not in text


def test_a_reference_out_of_sight_cannot_be_sent(staff: tuple[Client, Any]) -> None:
    client, clinic = staff
    stranger = factories.make_patient()
    sent = {"patient": stranger.pk, "clinic": clinic.pk, "starts_on": factories.days_ago(0)}
    response = client.post("/admin/records/enrolment/add/", sent)
    assert set(response.context["adminform"].form.errors) == {"patient"}


def test_the_filter_of_a_patient_out_of_sight_shows_nothing(staff: tuple[Client, Any]) -> None:
    client, clinic = staff
    factories.make_dose(patient=factories.make_patient(clinic=clinic))
    stranger = factories.make_patient(last_name="Hidden")
    response = client.get(f"{list_url(Dose)}?patient={stranger.pk}")
    assert not response.context["cl"].result_list
    assert b"Hidden" not in response.content


@pytest.mark.parametrize("role", [ANALYTICS, SALES], ids=lambda role: role.name)
@pytest.mark.parametrize(
    "query", ["doses={}", "doses__isnull=False", "enrolments__gt=0", "doses__patient={}"]
)
def test_an_address_asks_nothing_about_what_refers_to_a_row(
    login: Callable[[Any], Client], role: Any, query: str
) -> None:
    dose = factories.make_dose()
    client = login(factories.make_user(role.name, is_staff=True))
    assert client.get(list_url(Clinic)).context["cl"].result_list
    response = client.get(f"{list_url(Clinic)}?{query.format(dose.pk)}")
    assert response.status_code == 400
