"""The start page: what each role is led to."""

import pytest
from django.test import Client

from accounts.roles import DBA, PATIENT, USER_MANAGER, VOLUNTEER, Role
from tests.records.factories import make_clinic, make_user, make_volunteer

pytestmark = pytest.mark.django_db

AREAS = ("/clinic/", "/passport/", "/admin/")


def led_to(client: Client) -> list[str]:
    """Return the areas that both the page and its navigation lead to; first steps may as well."""
    page = client.get("/").content.decode()
    found = {area: page.count(f'href="{area}"') for area in AREAS}
    assert set(found.values()) <= {0, 2, 3}
    return [area for area in AREAS if found[area]]


@pytest.mark.parametrize(
    ("role", "areas"),
    [
        (VOLUNTEER, ["/clinic/"]),
        (PATIENT, ["/passport/"]),
        (DBA, ["/admin/"]),
        (USER_MANAGER, ["/admin/"]),
    ],
)
def test_role_is_led_to_its_own_areas(client: Client, role: Role, areas: list[str]) -> None:
    client.force_login(make_user(role.name, is_staff=role.uses_admin))
    assert led_to(client) == areas


def test_dba_who_volunteers_is_led_to_the_clinic_too(client: Client) -> None:
    user = make_user(DBA.name, is_staff=True)
    make_volunteer(make_clinic(), user=user)
    client.force_login(user)
    assert led_to(client) == ["/clinic/", "/admin/"]


def test_account_without_a_role_is_told_whom_to_ask(client: Client) -> None:
    client.force_login(make_user())
    assert led_to(client) == []
    assert "no role yet" in client.get("/").content.decode()


def test_nobody_is_led_to_an_area_without_signing_in(client: Client) -> None:
    assert led_to(client) == []
