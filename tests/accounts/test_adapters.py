"""What VaxPass changes in allauth's pages of an account."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.roles import DBA, PATIENT
from tests.accounts.signing_in import (
    ACTIVATE,
    LOGIN,
    PASSWORD,
    is_signed_in,
    make_person,
    sign_in,
)
from tests.records.factories import add_totp, make_user

pytestmark = pytest.mark.django_db

EMAIL = "/accounts/email/"


def link_to(address: str) -> str:
    """Return the confirmation link in the last message to an address, or nothing."""
    bodies = [str(message.body) for message in mail.outbox if message.to == [address]]
    found = re.search(
        r"http://testserver(/accounts/confirm-email/\S+)", bodies[-1] if bodies else ""
    )
    return found[1] if found else ""


@pytest.mark.parametrize("kind", [User.Kind.SERVICE, User.Kind.SYSTEM])
def test_only_a_person_signs_in_on_a_page(client: Client, kind: str) -> None:
    user = make_person(PATIENT.name, kind=kind)
    assert sign_in(client, user)["Location"] == "/accounts/inactive/"
    assert not is_signed_in(client)


def test_account_that_is_switched_off_does_not_sign_in(client: Client) -> None:
    sign_in(client, make_person(PATIENT.name, is_active=False))
    assert not is_signed_in(client)


def test_password_is_no_way_round_the_second_factor_when_asked_again(client: Client) -> None:
    user = make_person(DBA.name, is_staff=True)
    client.force_login(user)
    page = client.get("/accounts/reauthenticate/")
    assert page["Location"].startswith("/accounts/2fa/reauthenticate/")
    sent = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert sent["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_changing_how_one_signs_in_asks_again_after_a_while(client: Client) -> None:
    sign_in(client, make_person(PATIENT.name))
    assert client.get(ACTIVATE).status_code == 200
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()
    asked = client.get(ACTIVATE)
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    again = client.post(asked["Location"], {"password": PASSWORD})
    assert again["Location"] == ACTIVATE
    assert client.get(ACTIVATE).status_code == 200


def test_open_session_left_alone_gives_the_account_to_no_other_mailbox(client: Client) -> None:
    user = make_person(PATIENT.name)
    sign_in(client, user)
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()
    asked = client.post(EMAIL, {"action_add": "", "email": "thief@example.org"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not mail.outbox
    client.post(asked["Location"], {"password": PASSWORD})
    assert [message.to for message in mail.outbox] == [["thief@example.org"]]


def test_new_address_counts_once_it_is_confirmed(client: Client) -> None:
    user = make_person(DBA.name, email="old@example.org")
    client.force_login(user)
    client.post(EMAIL, {"action_add": "", "email": "new@example.org"})
    user.refresh_from_db()
    assert user.email == "old@example.org"
    link = link_to("new@example.org")
    assert b"Yes, confirm" in client.get(link).content
    client.post(link)
    user.refresh_from_db()
    assert (user.email, user.email_normalized) == ("new@example.org", "new@example.org")
    assert [row.email for row in EmailAddress.objects.filter(user=user)] == ["new@example.org"]


@pytest.mark.parametrize("confirmed", [True, False])
def test_address_of_another_account_is_never_taken_over(client: Client, confirmed: bool) -> None:
    other = make_user(PATIENT.name, email="other@example.org")
    if confirmed:
        EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    user = make_person(PATIENT.name, email="mine@example.org")
    client.force_login(user)
    client.post(EMAIL, {"action_add": "", "email": "Other@Example.org"})
    if link := link_to("other@example.org"):
        client.post(link)
    user.refresh_from_db()
    assert user.email == "mine@example.org"


def test_page_of_a_link_that_no_longer_works_says_so(client: Client) -> None:
    page: Any = client.get("/accounts/confirm-email/none:such/")
    assert b"This link is no longer valid" in page.content


def test_authenticator_app_is_offered_under_our_name(client: Client) -> None:
    sign_in(client, make_person(PATIENT.name, email="ada@example.org"))
    page = client.get(ACTIVATE)
    assert page.context["totp_url"].startswith("otpauth://totp/ada%40example.org?secret=")
    assert page.context["totp_url"].endswith("issuer=VaxPass")


def test_sign_in_page_offers_a_passkey(client: Client) -> None:
    assert b"Sign in with a passkey" in client.get(LOGIN).content
    answer = client.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    options = answer.json()["request_options"]["publicKey"]
    assert options["userVerification"] == "required"
    assert options["rpId"] == "testserver"
    assert not options.get("allowCredentials"), "nothing tells who has a passkey"


def test_page_of_security_names_what_is_on(client: Client) -> None:
    user = make_person(PATIENT.name)
    add_totp(user)
    client.force_login(user)
    page = client.get("/accounts/2fa/").content.decode()
    assert user.email in page
    assert "Remove the app" in page
    assert "Add a passkey" in page
    assert "Change password" in page
