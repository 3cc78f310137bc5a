"""Volunteers and assignments in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import DBA, SALES
from records.models import Assignment, Volunteer
from tests.records import factories
from tests.records.admin.helpers import errors_of, list_url, send, url

pytestmark = pytest.mark.django_db


def test_adding_and_correcting_a_volunteer(page: Client) -> None:
    sent: dict[str, Any] = {"code": "B1", "first_name": "Amina", "last_name": "Diallo"}
    assert send(page, list_url(Volunteer, "add"), **sent).status_code == 302
    volunteer = Volunteer.objects.get()
    again = send(page, list_url(Volunteer, "add"), **sent, birth_year=1700)
    assert set(errors_of(again)) == {"code", "birth_year"}
    assert send(page, url(volunteer), birth_year=1980, reason="Told us").status_code == 302
    volunteer.refresh_from_db()
    assert (volunteer.birth_year, volunteer.version) == (1980, 2)


def test_sales_assigns_and_ends(login: Callable[[Any], Client]) -> None:
    client = login(factories.make_user(SALES.name, is_staff=True))
    volunteer, clinic = factories.make_volunteer(), factories.make_clinic()
    sent = {"volunteer": volunteer.pk, "clinic": clinic.pk, "starts_on": factories.days_ago(9)}
    assert send(client, list_url(Assignment, "add"), **sent).status_code == 302
    twice = send(client, list_url(Assignment, "add"), **sent)
    assert set(errors_of(twice)) == {"starts_on"}
    assignment = Assignment.objects.get()
    assert send(client, url(assignment), ends_on=factories.days_ago(1)).status_code == 302
    assignment.refresh_from_db()
    assert assignment.ends_on == factories.days_ago(1)
    assert assignment.history.count() == 2
    assert client.get(list_url(Volunteer, "add")).status_code == 403


def test_nobody_assigns_themselves(login: Callable[[Any], Client]) -> None:
    user = factories.make_user(DBA.name, is_staff=True)
    volunteer = factories.make_volunteer(user=user)
    sent = {
        "volunteer": volunteer.pk,
        "clinic": factories.make_clinic().pk,
        "starts_on": factories.days_ago(1),
    }
    assert send(login(user), list_url(Assignment, "add"), **sent).status_code == 403
    assert not Assignment.objects.exists()


def test_volunteers_without_assignment_are_found(page: Client) -> None:
    idle = factories.make_volunteer()
    factories.make_volunteer(factories.make_clinic())
    found = page.get(f"{list_url(Volunteer)}?assignment=none").context["cl"].result_list
    assert [row.pk for row in found] == [idle.pk]


def test_the_account_behind_a_volunteer_is_not_shown(page: Client) -> None:
    user = factories.make_user(email="secret@example.org")
    volunteer = factories.make_volunteer(user=user)
    for address in (list_url(Volunteer), url(volunteer)):
        assert b"secret@example.org" not in page.get(address).content
