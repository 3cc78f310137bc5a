"""The second factor: staff does nothing without one, on no way in."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import second_factor
from accounts.models import User
from accounts.roles import DBA, LOGISTICS, PATIENT, ROLES, USER_MANAGER, VOLUNTEER
from records.models import AuditEntry
from tests.accounts.signing_in import (
    ACTIVATE,
    CODE,
    NO_SERVER,
    PASSWORD,
    REAUTHENTICATE,
    SECURITY,
    code_of,
    is_signed_in,
    make_person,
    sign_in,
    totp_code,
    without_factor,
)
from tests.records.factories import add_totp, make_user
from vaxpass.ops.middleware import ChannelMiddleware

pytestmark = pytest.mark.django_db

STAFF = [role.name for role in ROLES if role.is_staff]
PLACES = [
    "/",
    "/clinic/",
    "/passport/",
    "/admin/",
    "/admin/records/lot/",
    "/accounts/2fa/recovery-codes/",
]


def enrol(client: Client) -> Any:
    """Set an authenticator app up on the pages."""
    secret = client.get(ACTIVATE).context["form"].secret
    return client.post(ACTIVATE, {"code": code_of(secret)})


@pytest.mark.parametrize("role", STAFF)
def test_every_staff_role_needs_a_second_factor(role: str) -> None:
    assert second_factor.is_required(make_user(role))


def test_patients_need_none_and_superusers_do() -> None:
    assert not second_factor.is_required(make_user(PATIENT.name))
    assert not second_factor.is_required(make_user())
    assert second_factor.is_required(make_user(is_superuser=True))
    assert second_factor.is_required(make_user(is_staff=True))


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("place", PLACES)
def test_staff_without_a_factor_is_led_to_enrol(client: Client, role: str, place: str) -> None:
    sign_in(client, without_factor(make_person(role, is_staff=True)))
    assert client.get(place)["Location"] == SECURITY
    assert client.post(place)["Location"] == SECURITY


def test_superuser_without_a_factor_is_led_to_enrol(client: Client) -> None:
    user = User.objects.create_superuser("root@example.org", PASSWORD)
    sign_in(client, user)
    assert client.get("/admin/")["Location"] == SECURITY


def test_whoever_must_enrol_is_told_why_and_gets_in_after_it(client: Client) -> None:
    user = without_factor(make_person(DBA.name, is_staff=True))
    sign_in(client, user)
    assert b"Set up a second factor to go on" in client.get(SECURITY).content
    with_codes = enrol(client)
    assert with_codes["Location"] == "/accounts/2fa/recovery-codes/"


@pytest.mark.django_db(transaction=True)
def test_enrolling_works_before_the_mail_server_does(client: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = NO_SERVER
    user = without_factor(make_person(DBA.name, is_staff=True))
    sign_in(client, user)
    enrol(client)
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_enrolling_lets_the_same_session_in(client: Client) -> None:
    user = without_factor(make_person(DBA.name, is_staff=True))
    sign_in(client, user)
    enrol(client)
    assert client.get("/admin/").status_code == 200
    assert b"Set up a second factor" not in client.get(SECURITY).content
    assert [message.to for message in mail.outbox] == [[user.email]]


def test_a_patient_may_enrol_and_need_not(client: Client) -> None:
    sign_in(client, make_person(PATIENT.name))
    assert client.get("/passport/").status_code != 403
    assert client.get("/passport/").headers.get("Location") != SECURITY
    assert b"to go on" not in client.get(SECURITY).content
    assert enrol(client).status_code == 302


@pytest.mark.parametrize("path", ["/api/v1/doses", "/fhir/R4/Immunization"])
def test_programs_get_a_problem_instead_of_a_page(path: str) -> None:
    request: Any = RequestFactory().get(path)
    request.user = without_factor(make_user(VOLUNTEER.name))
    request.session, request.resolver_match = {}, None
    middleware = second_factor.SecondFactorMiddleware(lambda r: HttpResponse())
    ask: Any = partial(middleware.process_view, view=None, args=(), kwargs={})
    response: Any = ChannelMiddleware(ask)(request)
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert b"second factor" in response.content


def test_password_alone_lets_nobody_in_who_has_a_factor(client: Client) -> None:
    for user in (make_person(DBA.name, is_staff=True), make_person(PATIENT.name)):
        add_totp(user) if not second_factor.factors(user) else None
        assert sign_in(client, user)["Location"] == CODE
        assert not is_signed_in(client)
        client.post("/accounts/logout/")


def test_password_and_code_let_in(client: Client) -> None:
    user = make_person(DBA.name, is_staff=True)
    sign_in(client, user)
    assert client.post(CODE, {"code": totp_code(user)})["Location"] == "/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("code", ["000000", "", "abc", "1' OR 1=1"])
def test_a_wrong_code_does_not(client: Client, code: str) -> None:
    user = make_person(DBA.name, is_staff=True)
    sign_in(client, user)
    right = {totp_code(user, steps) for steps in (-1, 0, 1)}
    if code not in right:
        assert client.post(CODE, {"code": code}).status_code == 200
        assert not is_signed_in(client)


def test_code_of_another_account_does_not(client: Client) -> None:
    user, other = make_person(DBA.name), make_person(DBA.name)
    sign_in(client, user)
    client.post(CODE, {"code": totp_code(other)})
    assert not is_signed_in(client)


def test_session_of_before_proves_the_factor_first(client: Client) -> None:
    user = make_person(PATIENT.name)
    sign_in(client, user)
    assert is_signed_in(client)
    add_totp(user)
    user.groups.set([*user.groups.all(), make_user(VOLUNTEER.name).groups.get()])
    sent = client.get("/clinic/")
    assert sent["Location"] == f"{REAUTHENTICATE}?next=/clinic/"
    # Neither the password nor another factor is a way round it.
    assert client.get(SECURITY)["Location"].startswith(REAUTHENTICATE)
    assert client.get(ACTIVATE)["Location"].startswith(REAUTHENTICATE)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get("/clinic/")["Location"].startswith(REAUTHENTICATE)
    done = client.post(REAUTHENTICATE, {"code": totp_code(user), "next": "/clinic/"})
    assert done["Location"] == "/clinic/"
    assert client.get("/clinic/").headers.get("Location") is None


def test_role_given_to_a_session_takes_effect_at_the_next_request(client: Client) -> None:
    user = make_person(PATIENT.name)
    sign_in(client, user)
    assert client.get(SECURITY).status_code == 200
    user.groups.add(make_user(LOGISTICS.name).groups.get())
    assert client.get("/")["Location"] == SECURITY


def test_session_does_not_outlive_its_factor(client: Client) -> None:
    user = make_user(DBA.name, is_staff=True)
    client.force_login(user)
    assert client.get("/admin/").status_code == 200
    without_factor(user)
    assert client.get("/admin/")["Location"] == SECURITY
    add_totp(user)
    assert client.get("/admin/")["Location"].startswith(REAUTHENTICATE)


def test_what_a_session_says_of_another_users_factor_counts_for_nothing(client: Client) -> None:
    user, other = make_user(DBA.name, is_staff=True), make_user(DBA.name)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"][0]["id"] = Authenticator.objects.get(user=other).pk
    session.save()
    assert client.get("/admin/")["Location"].startswith(REAUTHENTICATE)


def test_signing_out_is_always_possible(client: Client) -> None:
    sign_in(client, without_factor(make_person(DBA.name, is_staff=True)))
    assert client.post("/admin/logout/")["Location"] == "/"
    sign_in(client, without_factor(make_person(DBA.name, is_staff=True)))
    assert client.post("/accounts/logout/")["Location"] == "/"


def test_staff_keeps_the_last_factor(client: Client) -> None:
    user = make_user(DBA.name, is_staff=True)
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "", "used_mask": 0}
    )
    client.force_login(user)
    prove(client, user)
    response = client.post("/accounts/2fa/totp/deactivate/")
    assert b"Your role needs a second factor" in response.content
    assert second_factor.factors(user) == {Authenticator.Type.TOTP}


def test_staff_keeps_the_last_passkey(client: Client) -> None:
    user = without_factor(make_user(DBA.name, is_staff=True))
    passkey = make_passkey(user)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"][0]["reauthenticated"] = True
    session.save()
    page = f"/accounts/2fa/webauthn/keys/{passkey.pk}/remove/"
    response: Any = client.post(page, follow=True)
    assert b"Your role needs a second factor" in response.content
    assert second_factor.factors(user) == {Authenticator.Type.WEBAUTHN}
    add_totp(user)
    client.post(page)
    assert second_factor.factors(user) == {Authenticator.Type.TOTP}


def test_a_patient_may_remove_the_last_factor(client: Client) -> None:
    user = make_person(PATIENT.name)
    add_totp(user)
    sign_in(client, user)
    client.post(CODE, {"code": totp_code(user)})
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=user).exists()


def test_nobody_removes_the_passkey_of_somebody_else(client: Client) -> None:
    passkey = make_passkey(make_user(DBA.name))
    user = make_user(PATIENT.name)
    client.force_login(user)
    page = f"/accounts/2fa/webauthn/keys/{passkey.pk}/remove/"
    assert client.post(page).status_code == 404
    assert client.post(page.replace(str(passkey.pk), "999999")).status_code == 404
    assert Authenticator.objects.filter(pk=passkey.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_recovery_code_lets_in_once_and_is_shown_once(client: Client) -> None:
    user = without_factor(make_person(DBA.name, is_staff=True))
    sign_in(client, user)
    enrol(client)
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10
    again = client.get("/accounts/2fa/recovery-codes/")
    assert not any(code in again.content.decode() for code in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403
    for entered in (True, False):
        other = Client()
        sign_in(other, user)
        other.post(CODE, {"code": codes[0]})
        assert is_signed_in(other) is entered


def test_secrets_are_not_readable_in_the_database(client: Client) -> None:
    user = without_factor(make_person(PATIENT.name))
    sign_in(client, user)
    secret = client.get(ACTIVATE).context["form"].secret
    client.post(ACTIVATE, {"code": code_of(secret)})
    stored = {row.type: row.data for row in Authenticator.objects.filter(user=user)}
    assert set(stored) == {"totp", "recovery_codes"}
    assert secret not in str(stored["totp"])
    assert totp_code(user) in {code_of(secret, steps) for steps in (-1, 0, 1)}
    assert len(stored["recovery_codes"]["seed"]) > 100


@pytest.mark.django_db(transaction=True)
def test_two_enrolments_at_once_leave_one_app_and_one_set_of_codes() -> None:
    user = without_factor(make_person(PATIENT.name))
    clients = [Client() for _ in range(2)]
    sent = []
    for client in clients:
        sign_in(client, user)
        sent.append(code_of(client.get(ACTIVATE).context["form"].secret))
    start = threading.Barrier(2)
    answers: list[int] = []

    def activate(client: Client, code: str) -> None:
        start.wait()
        answers.append(client.post(ACTIVATE, {"code": code}).status_code)
        connection.close()

    threads = [
        threading.Thread(target=activate, args=pair) for pair in zip(clients, sent, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    types = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    assert sorted(types) == ["recovery_codes", "totp"]
    assert answers == [302, 302]


def prove(client: Client, user: Any) -> None:
    """Prove the second factor once more, as changing it asks for."""
    client.post(REAUTHENTICATE, {"code": totp_code(user)})


def make_passkey(user: Any) -> Authenticator:
    """Return a passkey that nobody can sign in with."""
    data = {"name": "Passkey 1", "credential": {}}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


class TestReset:
    """User managers reset the second factor of others."""

    @pytest.fixture
    def page(self) -> Client:
        client = Client()
        client.force_login(make_user(USER_MANAGER.name, is_staff=True))
        return client

    @staticmethod
    def address(user: Any) -> str:
        return f"/admin/accounts/user/{user.pk}/reset-second-factor/"

    def test_of_another_account_ends_its_sessions_and_tells_the_owner(
        self, page: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        user = make_user(DBA.name, is_staff=True)
        other = Client()
        other.force_login(user)
        change = page.get(f"/admin/accounts/user/{user.pk}/change/")
        assert self.address(user) in change.content.decode()
        assert page.get(self.address(user)).status_code == 200
        assert second_factor.factors(user)
        with django_capture_on_commit_callbacks(execute=True):
            assert page.post(self.address(user)).status_code == 302
        assert not Authenticator.objects.filter(user=user).exists()
        assert not is_signed_in(other)
        entry = AuditEntry.objects.get(action="user.second_factor_reset")
        assert entry.subject_id == user.public_id
        assert [user.email] in [message.to for message in mail.outbox]

    def test_of_ones_own_or_a_superuser_is_refused(self, page: Client) -> None:
        own = User.objects.get(pk=page.session["_auth_user_id"])
        for user in (own, make_user(is_superuser=True)):
            assert page.post(self.address(user)).status_code == 403
            assert second_factor.factors(user)

    @pytest.mark.parametrize("role", [role for role in STAFF if role != USER_MANAGER.name])
    def test_by_other_roles_is_refused_whoever_it_is(self, role: str) -> None:
        client = Client()
        client.force_login(make_user(role, is_staff=True))
        user = make_user(DBA.name)
        for address in (self.address(user), self.address(user).replace(str(user.pk), "999999")):
            assert client.post(address).status_code == 403
        assert second_factor.factors(user)
