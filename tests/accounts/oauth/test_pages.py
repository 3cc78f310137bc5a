"""Everybody sees the apps that act for them, and can end that."""

import pytest
from django.test import Client

from accounts.roles import PATIENT
from records.models import AuditEntry
from tests.accounts.oauth.flows import (
    browser_of,
    call,
    code_for,
    exchange,
    make_app,
    refresh,
    tokens_for,
)
from tests.records import factories as make

pytestmark = pytest.mark.django_db

PAGE = "/accounts/apps/"


@pytest.fixture
def person():
    return make.make_user(PATIENT.name)


def text_of(user) -> str:
    return browser_of(user).get(PAGE).content.decode()


def test_person_sees_their_own_apps_and_what_they_may_do(person):
    tokens_for(person, make_app(name="Reminder"), scope="doses:read")
    tokens_for(make.make_user(PATIENT.name), make_app(name="Somebody else's"))

    text = text_of(person)

    assert "Reminder" in text
    assert "Read doses, passports and their history" in text
    assert "Somebody else" not in text
    assert "Register" not in text


def test_app_that_was_asked_and_has_no_token_is_not_connected(person):
    code_for(person, make_app())

    assert "No app acts for you." in text_of(person)


def test_disconnected_app_is_out_and_others_stay(person):
    app = make_app()
    gone, other = tokens_for(person, app), tokens_for(person)
    kept = tokens_for(make.make_user(PATIENT.name), app)
    code = code_for(person, app)
    address = f"{PAGE}{app.public_id}/disconnect/"
    browser = browser_of(person)
    assert browser.get(address).status_code == 200

    assert browser.post(address)["Location"] == PAGE

    assert call(gone["access_token"]).status_code == 401
    assert refresh(app, gone["refresh_token"]).status_code == 400
    assert [call(each["access_token"]).status_code for each in (other, kept)] == [200, 200]
    assert exchange(app, code).status_code == 400
    entry = AuditEntry.objects.get(action="user.app_disconnected")
    assert (entry.actor, entry.fields) == (person, [f"application {app.public_id}"])
    assert browser.post(address).status_code == 404


def test_nobody_disconnects_the_app_of_another(person):
    app = make_app()
    token = tokens_for(make.make_user(PATIENT.name), app)["access_token"]

    assert browser_of(person).post(f"{PAGE}{app.public_id}/disconnect/").status_code == 404
    assert call(token).status_code == 200


def test_who_is_not_signed_in_sees_no_apps():
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/")
