"""Demo accounts work at home and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.roles import DBA, PATIENT, ROLES
from tests.accounts.signing_in import LOGIN, is_signed_in, make_person, sign_in, without_factor

pytestmark = pytest.mark.django_db

REFUSED = "Demo accounts work only on the computer that runs VaxPass"
BANNER = "Demo account: its password is public"
ELSEWHERE: list[dict[str, Any]] = [
    {"REMOTE_ADDR": "192.0.2.7"},
    {"REMOTE_ADDR": "10.0.0.1"},
    {"REMOTE_ADDR": "2001:db8::1"},
    {"REMOTE_ADDR": "::ffff:192.0.2.7"},
    {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    {"HTTP_X_FORWARDED_PROTO": "https"},
    {"HTTP_X_FORWARDED_HOST": "localhost"},
    {"HTTP_FORWARDED": "for=127.0.0.1"},
    {"HTTP_X_REAL_IP": "127.0.0.1"},
    {"HTTP_VIA": "1.1 proxy"},
    {"HTTP_CF_CONNECTING_IP": "127.0.0.1"},
    {"HTTP_TRUE_CLIENT_IP": "127.0.0.1"},
]
HOME = [{"REMOTE_ADDR": "127.0.0.1"}, {"REMOTE_ADDR": "127.8.9.1"}, {"REMOTE_ADDR": "::1"}]


def make_demo(role: str, **fields: Any) -> Any:
    return without_factor(make_person(role, is_demo=True, **fields))


@pytest.mark.parametrize("role", [role.name for role in ROLES])
def test_demo_account_signs_in_at_home_without_a_second_factor(client: Client, role: str) -> None:
    sign_in(client, make_demo(role, is_staff=True))
    assert is_signed_in(client)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("home", HOME)
def test_every_address_of_this_machine_is_home(client: Client, home: dict[str, Any]) -> None:
    sign_in(client, make_demo(DBA.name, is_staff=True), **home)
    assert client.get("/admin/", **home).status_code == 200


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_demo_account_is_refused_elsewhere(client: Client, headers: dict[str, Any]) -> None:
    user = make_demo(DBA.name, is_staff=True)
    response = sign_in(client, user, **headers)
    assert response["Location"] == LOGIN
    assert REFUSED in client.get(LOGIN, **headers).content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("role", [DBA.name, PATIENT.name])
def test_session_of_a_demo_account_does_not_work_elsewhere(
    client: Client, role: str, headers: dict[str, Any]
) -> None:
    sign_in(client, make_demo(role, is_staff=True))
    assert client.get("/admin/").status_code == 200
    response = client.get("/admin/", **headers)
    assert response.status_code == 302
    assert LOGIN.strip("/") in response["Location"] or "login" in response["Location"]
    assert not is_signed_in(client), "not even at home: that session is over"


def test_demo_account_is_refused_in_production(client: Client, settings: Settings) -> None:
    user = make_demo(DBA.name, is_staff=True)
    sign_in(client, user)
    settings.DEVELOPMENT = False
    assert client.get("/admin/").status_code == 302
    assert sign_in(client, user)["Location"] == LOGIN
    assert REFUSED in client.get(LOGIN).content.decode()
    assert not is_signed_in(client)


def test_banner_stands_on_every_page_of_a_demo_account_only(client: Client) -> None:
    sign_in(client, make_demo(DBA.name, is_staff=True))
    for page in ("/", "/accounts/2fa/", "/admin/", "/admin/records/lot/"):
        assert BANNER in client.get(page).content.decode()
    other = Client()
    other.force_login(make_person(DBA.name, is_staff=True))
    for page in ("/", "/admin/"):
        assert BANNER not in other.get(page).content.decode()
    assert BANNER not in Client().get("/").content.decode()


def test_other_accounts_sign_in_from_everywhere(client: Client) -> None:
    for headers in ELSEWHERE[:3]:
        sign_in(client, make_person(PATIENT.name), **headers)
        assert is_signed_in(client)
        client.post("/accounts/logout/")
