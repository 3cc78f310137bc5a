"""Who gets into the clinic workspace, and where they work."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import PATIENT, VOLUNTEER
from records import viewers
from records.domain import lots, volunteers
from records.models import Clinic, Volunteer
from tests.records.factories import (
    days_ago,
    make_assignment,
    make_clinic,
    make_lot,
    make_patient,
    make_user,
    make_volunteer_user,
    system,
)

pytestmark = pytest.mark.django_db

NOBODY = UUID(int=4 << 76 | 8 << 60)
TO_SHIFT = "/clinic/shift?next=%2Fclinic%2F"
PAGES = [
    reverse("clinic:find"),
    reverse("clinic:shift"),
    reverse("clinic:elsewhere"),
    reverse("clinic:register"),
    reverse("clinic:patient", args=[NOBODY]),
    reverse("clinic:record", args=[NOBODY]),
    reverse("clinic:record_not_given", args=[NOBODY]),
    reverse("clinic:record_outside", args=[NOBODY]),
    reverse("clinic:dose", args=[NOBODY]),
    reverse("clinic:amend", args=[NOBODY]),
    reverse("clinic:void", args=[NOBODY]),
    reverse("clinic:queue"),
    reverse("clinic:next"),
    reverse("clinic:session"),
]


@pytest.mark.parametrize("path", PAGES)
def test_page_without_sign_in_leads_to_it(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/clinic/")


@pytest.mark.parametrize("path", PAGES)
def test_page_without_role_is_403_before_any_look_up(client: Client, path: str) -> None:
    client.force_login(make_user(PATIENT.name))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 403
    assert not [q for q in queries if '"records_' in q["sql"] or "`records_" in q["sql"]]


@pytest.mark.parametrize("path", PAGES)
def test_page_without_assignment_says_so(client: Client, path: str) -> None:
    client.force_login(make_user(VOLUNTEER.name))
    response = client.get(path)
    assert response.status_code == 403
    assert "not assigned to a clinic today" in response.content.decode()


def test_assignment_that_ends_closes_the_workspace_at_the_next_request(
    at_work: Client, volunteer: Any
) -> None:
    assert at_work.get("/clinic/").status_code == 200
    [assignment] = Volunteer.objects.get(user=volunteer).assignments.all()
    volunteers.end_assignment(by=system(), assignment=assignment, version=1, ends_on=days_ago(1))
    assert at_work.get("/clinic/").status_code == 403


def test_disabled_user_has_to_sign_in(at_work: Client, volunteer: Any) -> None:
    volunteer.is_active = False
    volunteer.save()
    assert at_work.get("/clinic/").status_code == 302


def test_only_clinic_is_taken_without_asking(at_work: Client, clinic: Clinic) -> None:
    assert clinic.name in at_work.get("/clinic/").content.decode()


def test_several_clinics_are_asked_for_and_remembered(client: Client) -> None:
    first, second = make_clinic(name="First"), make_clinic(name="Second")
    client.force_login(make_volunteer_user(first, second))
    assert client.get("/clinic/")["Location"] == TO_SHIFT
    response = client.post("/clinic/shift", {"clinic": second.public_id, "lot": ""})
    assert response["Location"] == "/clinic/"
    page = client.get("/clinic/").content.decode()
    assert "<strong><bdi>Second</bdi></strong>" in page


def test_clinic_of_others_cannot_be_chosen(client: Client) -> None:
    client.force_login(make_volunteer_user(make_clinic(), make_clinic()))
    response = client.post("/clinic/shift", {"clinic": make_clinic().public_id})
    assert response.status_code == 200
    assert "not one of the available choices" in response.content.decode()
    assert client.get("/clinic/")["Location"] == TO_SHIFT


def test_chosen_clinic_is_forgotten_when_its_assignment_ends(client: Client) -> None:
    first, second, third = make_clinic(), make_clinic(), make_clinic()
    user = make_volunteer_user(first, second)
    ending = make_assignment(Volunteer.objects.get(user=user), third)
    client.force_login(user)
    client.post("/clinic/shift", {"clinic": third.public_id})
    volunteers.end_assignment(by=system(), assignment=ending, version=1, ends_on=days_ago(1))
    assert client.get("/clinic/")["Location"] == TO_SHIFT


def test_choice_of_a_shift_leads_back_to_the_page_that_asked_for_it(client: Client) -> None:
    first, second = make_clinic(), make_clinic()
    client.force_login(make_volunteer_user(first, second))
    page = reverse("clinic:record", args=[make_patient(clinic=first).public_id])
    asked = client.get(page)["Location"]
    assert client.post(asked, {"clinic": first.public_id})["Location"] == page


@pytest.mark.parametrize(
    "target", ["https://other.example/", "//other.example/", "/\\other.example", "javascript:x"]
)
def test_choice_of_a_shift_leads_to_no_other_site(
    at_work: Client, clinic: Clinic, target: str
) -> None:
    path = f"/clinic/shift?{urlencode({'next': target})}"
    assert at_work.post(path, {"clinic": clinic.public_id})["Location"] == "/clinic/"


@pytest.mark.parametrize("condition", ["expired", "recalled"])
def test_lot_that_cannot_be_used_is_not_offered(at_work: Client, condition: str) -> None:
    lot = make_lot(expires_on=days_ago(1) if condition == "expired" else None)
    if condition == "recalled":
        lots.recall_lot(
            by=system(), lot=lot, version=1, recalled_on=days_ago(0), reason="Glass splinters"
        )
    usable = make_lot(expires_on=days_ago(0))
    page = at_work.get("/clinic/shift").content.decode()
    assert str(usable.public_id) in page
    assert str(lot.public_id) not in page


def test_lot_of_the_shift_that_is_recalled_is_dropped_with_a_word(
    at_work: Client, clinic: Clinic
) -> None:
    lot = make_lot()
    at_work.post("/clinic/shift", {"clinic": clinic.public_id, "lot": lot.public_id})
    assert lot.number in at_work.get("/clinic/").content.decode()
    lots.recall_lot(by=system(), lot=lot, version=1, recalled_on=days_ago(0), reason="Cold chain")
    page = at_work.get("/clinic/").content.decode()
    assert "expired or was recalled" in page
    assert lot.number not in page
    assert "expired or was recalled" not in at_work.get("/clinic/").content.decode()


def test_forms_need_the_csrf_token(volunteer: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(volunteer)
    assert client.post("/clinic/", {"name": "x"}).status_code == 403


def test_assignments_are_read_once_within_the_block_only(
    volunteer: Any, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(1), viewers.rights_read_once():
        assert viewers.current_clinics(volunteer) == viewers.current_clinics(volunteer)
    with django_assert_num_queries(2):
        viewers.current_clinics(volunteer)
        viewers.current_clinics(volunteer)
