"""Sessions end with what they stood on: the role, the account, the password."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.test import Client
from pytest_django.fixtures import Settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.models import User
from accounts.roles import DBA, PATIENT, USER_MANAGER, VOLUNTEER
from accounts.sessions import end_sessions
from tests.accounts.signing_in import PASSWORD, is_signed_in, make_person, sign_in
from tests.records.factories import make_user
from vaxpass.ops import cache as cache_module

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another long password"
UP = os.environ.get("CACHE_URL", "")


@pytest.fixture(params=["up", "hung", "gone"])
def redis(request: pytest.FixtureRequest, settings: Settings) -> Iterator[None]:
    """Let the cache be a Redis that answers, accepts and never answers, or is not there."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        if request.param == "hung":
            server.listen()
        if request.param == "up":
            if not UP:
                pytest.skip("needs CACHE_URL")
            url = UP
        settings.CACHES = {
            "default": {
                "BACKEND": "vaxpass.ops.cache.ForgivingRedisCache",
                "LOCATION": url,
                "OPTIONS": {
                    "socket_connect_timeout": 0.2,
                    "socket_timeout": 0.2,
                    "retry": Retry(NoBackoff(), 0),
                },
            }
        }
        yield
        caches["default"].clear()
    cache_module._resting_until.clear()


def browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.usefixtures("redis")
def test_role_taken_in_one_browser_ends_the_session_in_the_other() -> None:
    manager = browser_of(make_user(USER_MANAGER.name, is_staff=True))
    user = make_user(DBA.name, is_staff=True)
    other = browser_of(user)
    assert other.get("/admin/records/patient/").status_code == 200
    data = {"name": user.name, "is_active": "on", "badge": "", "groups": []}
    assert manager.post(f"/admin/accounts/user/{user.pk}/change/", data).status_code == 302
    assert other.get("/admin/records/patient/").status_code == 302
    assert not is_signed_in(other)


@pytest.mark.usefixtures("redis")
def test_account_switched_off_in_one_browser_ends_the_session_in_the_other() -> None:
    manager = browser_of(make_user(USER_MANAGER.name, is_staff=True))
    user = make_user(DBA.name, is_staff=True)
    other = browser_of(user)
    groups = list(user.groups.values_list("pk", flat=True))
    page = f"/admin/accounts/user/{user.pk}/change/"
    assert manager.post(page, {"name": "", "badge": "", "groups": groups}).status_code == 302
    assert not is_signed_in(other)
    on = {"name": "", "badge": "", "groups": groups, "is_active": "on"}
    assert manager.post(page, on).status_code == 302
    assert not is_signed_in(other), "an account that works again brings no session back"


def test_password_change_ends_the_other_sessions_and_not_ones_own() -> None:
    user = make_person(PATIENT.name)
    mine, other = Client(), Client()
    for client in (mine, other):
        sign_in(client, user)
    data = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert mine.post("/accounts/password/change/", data).status_code == 302
    assert is_signed_in(mine)
    assert not is_signed_in(other)


def take_by_remove(user: User, group: Group) -> None:
    user.groups.remove(group)


def take_by_set(user: User, group: Group) -> None:
    user.groups.set([])


def take_by_clear(user: User, group: Group) -> None:
    user.groups.clear()


def take_from_group(user: User, group: Group) -> None:
    group.user_set.remove(user)


def clear_group(user: User, group: Group) -> None:
    group.user_set.clear()


def delete_group(user: User, group: Group) -> None:
    group.delete()


@pytest.mark.parametrize(
    "take",
    [take_by_remove, take_by_set, take_by_clear, take_from_group, clear_group, delete_group],
)
def test_role_taken_by_any_path_ends_sessions_of_that_account_only(take: Any) -> None:
    user, colleague = make_user(VOLUNTEER.name), make_user(DBA.name)
    mine, theirs = browser_of(user), browser_of(colleague)
    take(user, user.groups.get())
    assert not is_signed_in(mine)
    assert is_signed_in(theirs)


def test_role_given_ends_no_session() -> None:
    user = make_user(VOLUNTEER.name)
    client = browser_of(user)
    user.groups.add(make_user(PATIENT.name).groups.get())
    assert is_signed_in(client)


@pytest.mark.parametrize("fields", [None, ["name"]])
def test_ended_sessions_do_not_come_back_with_a_save_of_an_old_copy(fields: Any) -> None:
    user = make_user(PATIENT.name)
    client, old_copy = browser_of(user), User.objects.get(pk=user.pk)
    end_sessions(user)
    old_copy.name = "Ada"
    old_copy.save(update_fields=fields)
    user.refresh_from_db()
    assert user.name == "Ada"
    assert not is_signed_in(client)


def test_sessions_outlive_a_new_secret_key_while_the_old_one_is_a_fallback(
    settings: Settings,
) -> None:
    user = make_user(PATIENT.name)
    client, late = browser_of(user), browser_of(user)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "a new key of the site"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert is_signed_in(client)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(client), "its session was renewed with the new key"
    assert not is_signed_in(late)
