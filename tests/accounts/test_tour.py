"""The first steps: shown to whoever is new, until dismissed, and again in the help."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.roles import ROLES
from accounts.tour import end_tour
from tests.records import factories as make

pytestmark = pytest.mark.django_db

FIRST = {
    "Volunteer": "Start your shift",
    "Patient": "Connect your record",
    "DBA": "See what waits for you",
    "Logistics": "See what expires soon",
    "Sales": "See who works where",
    "Analytics": "Choose a year",
    "User manager": "Invite somebody",
}


@pytest.mark.parametrize("role", [role.name for role in ROLES])
def test_new_person_sees_the_steps_of_their_role(client: Client, role: str) -> None:
    make.ensure_roles()
    client.force_login(make.make_user(role))

    shown = client.get("/").text

    assert {text for text in FIRST.values() if text in shown} == {FIRST[role]}
    assert "Got it" in shown


def test_steps_go_once_dismissed_and_stay_in_the_help(client: Client) -> None:
    make.ensure_roles()
    user = make.make_user("Sales")
    client.force_login(user)

    back = client.post("/accounts/tour/", follow=True)

    assert "Got it" not in back.text
    user.refresh_from_db()
    first = user.toured_at
    end_tour(by=user)
    user.refresh_from_db()
    assert user.toured_at == first
    assert FIRST["Sales"] in client.get("/help/first-steps").text


def test_person_without_a_role_has_no_steps(client: Client) -> None:
    client.force_login(make.make_user())
    assert "Got it" not in client.get("/").text
