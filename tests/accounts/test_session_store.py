"""Sessions are Django's own: what it keeps is read, and what it would not take is not."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.session_store import SessionStore
from tests.accounts.signing_in import is_signed_in
from tests.records.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user("Patient"))
    assert is_signed_in(client)
    return client


def key_of(client: Client) -> str:
    return str(client.session.session_key)


def test_session_holds_what_django_reads(client: Client) -> None:
    key = key_of(client)

    assert SessionStore(key).load() == db.SessionStore(key).load()
    assert SessionStore(key).load()


def test_session_that_expired_signs_nobody_in(client: Client) -> None:
    Session.objects.update(expire_date=timezone.now() - dt.timedelta(seconds=1))

    assert not is_signed_in(client)


def test_session_of_another_key_signs_nobody_in(client: Client) -> None:
    key = key_of(client)
    Session.objects.all().delete()

    store = SessionStore(key)

    assert not is_signed_in(client)
    assert (store.load(), store.session_key) == ({}, None)


def test_session_of_an_account_that_is_gone_signs_nobody_in(client: Client) -> None:
    make_user("Patient")
    held = client.session
    held["_auth_user_id"] = str(10**9)
    held.save()

    assert not is_signed_in(client)
