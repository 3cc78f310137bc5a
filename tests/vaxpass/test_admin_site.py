"""Who gets into the admin, and where the others are sent."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page

from vaxpass.admin import VaxPassAdminSite

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_user() -> Callable[..., Any]:
    """Return a function that makes a user."""

    def make(name: str, **fields: Any) -> Any:
        manager: Any = get_user_model()._default_manager
        return manager.create_user(f"{name}@example.org", "a long password", **fields)

    return make


def test_the_admin_is_our_site() -> None:
    assert isinstance(admin.site._wrapped, VaxPassAdminSite)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/?next=/admin/", "/admin/unknown/"])
def test_anonymous_users_sign_in_at_the_accounts_pages(client: Client, path: str) -> None:
    response: Any = client.get(path, follow=True)
    assert response.status_code == 200
    target = urlsplit(response.redirect_chain[-1][0])
    assert target.path == "/accounts/login/"
    assert parse_qs(target.query)["next"] == [path if "login" not in path else "/admin/"]


def test_the_admin_takes_no_passwords(client: Client, make_user: Callable[..., Any]) -> None:
    make_user("root", is_staff=True, is_superuser=True)
    credentials = {"username": "root@example.org", "password": "a long password"}
    response = client.post("/admin/login/", credentials)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_users_who_are_not_staff_are_refused(client: Client, make_user: Callable[..., Any]) -> None:
    client.force_login(make_user("volunteer"))
    assert client.get("/admin/").status_code == 403


def test_the_admin_holds_no_model_of_a_library() -> None:
    assert {model._meta.app_label for model in admin.site._registry} == {"accounts", "records"}


def test_staff_enters_and_changes_the_password_at_the_accounts_pages(
    client: Client, make_user: Callable[..., Any]
) -> None:
    client.force_login(make_user("dba", is_staff=True))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/")["Location"] == "/admin/"
    assert client.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_signing_out_of_the_admin_leads_home(client: Client, make_user: Callable[..., Any]) -> None:
    client.force_login(make_user("dba", is_staff=True))
    response = client.post("/admin/logout/")
    assert response["Location"] == "/"
    assert "_auth_user_id" not in client.session


@pytest.mark.e2e
@pytest.mark.django_db(transaction=True)
def test_the_admin_keeps_the_policy_in_a_browser(
    browser_login: Callable[[Any], Page], make_user: Callable[..., Any]
) -> None:
    page = browser_login(make_user("root", is_staff=True, is_superuser=True))
    page.goto("/admin/")
    assert "VaxPass" in page.title()
    page.goto("/accounts/password/change/")
