"""Accounts by invitation."""

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.roles import DBA, LOGISTICS, PATIENT, USER_MANAGER, VOLUNTEER
from records.models import AuditEntry
from tests.records import factories as make

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"
PASSWORD = "a-long-enough-phrase"


@pytest.fixture
def manager():
    return make.make_user(USER_MANAGER.name, is_staff=True, name="Ursula Meier")


@pytest.fixture
def office(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def invite(office, django_capture_on_commit_callbacks):
    def send(role=VOLUNTEER, **fields):
        group = Group.objects.get(name=role.name).pk
        data = {"email": "vera@example.org", "name": "Vera", "kind": "person", "groups": [group]}
        with django_capture_on_commit_callbacks(execute=True):
            assert office.post(f"{LIST}add/", {**data, **fields}).status_code == 302
        return User.objects.get(email="vera@example.org")

    return send


def link():
    return re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1]


def choose_password(path):
    """Follow a link in another browser; return its last answer."""
    browser = Client()
    page = browser.get(path, follow=True)
    if not page.redirect_chain:
        return page
    data = {"password1": PASSWORD, "password2": PASSWORD}
    return browser.post(page.redirect_chain[-1][0], data, follow=True)


def sign_in(user):
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return browser


def test_invited_person_chooses_a_password_and_enrols_a_second_factor(invite, manager):
    user = invite()
    message = mail.outbox[0]
    assert message.to == ["vera@example.org"]
    assert "Ursula Meier" in message.body
    assert not user.has_usable_password()

    choose_password(link())

    assert EmailAddress.objects.get(user=user).verified
    browser = sign_in(user)
    assert browser.get("/clinic/")["Location"] == "/accounts/2fa/"
    assert AuditEntry.objects.filter(action="user.invited", actor=manager).count() == 1


def test_link_works_once(invite):
    invite()
    invitation = link()
    choose_password(invitation)

    assert "no longer valid" in choose_password(invitation).content.decode()


def test_link_expires(invite, settings, monkeypatch):
    user = invite()
    later = dt.datetime.now() + dt.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 1)  # noqa: DTZ005
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)

    answer = choose_password(link())

    assert "no longer valid" in answer.content.decode()
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_new_invitation_ends_the_earlier_one(invite, office, django_capture_on_commit_callbacks):
    user = invite()
    earlier = link()
    with django_capture_on_commit_callbacks(execute=True):
        office.post(f"{LIST}{user.pk}/invite-again/")

    assert link() != earlier
    assert "no longer valid" in choose_password(earlier).content.decode()
    choose_password(link())
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_account_in_use_is_not_invited_again(invite, office):
    user = invite()
    page = f"{LIST}{user.pk}/change/"
    assert "Invite again" in office.get(page).content.decode()
    choose_password(link())

    assert "Invite again" not in office.get(page).content.decode()
    url = f"{LIST}{user.pk}/invite-again/"
    assert [office.get(url).status_code, office.post(url).status_code] == [403, 403]


def test_service_gets_no_mail(invite):
    invite(role=LOGISTICS, kind="service")

    assert mail.outbox == []


@pytest.mark.parametrize("role", [DBA, PATIENT, VOLUNTEER])
def test_only_user_managers_invite(role, client):
    waiting = make.make_user(VOLUNTEER.name)
    client.force_login(make.make_user(role.name, is_staff=role.uses_admin))

    answer = client.post(f"{LIST}{waiting.pk}/invite-again/")

    assert answer.status_code in (302, 403)
    assert mail.outbox == []


def test_user_manager_sees_no_record(office, manager):
    patient = make.make_patient(last_name="Unseen")
    for path in ("/admin/records/patient/", "/clinic/", f"/passport/{patient.public_id}/"):
        assert office.get(path).status_code == 403


def test_reset_by_mail_confirms_no_address_that_may_not_have_got_it(client):
    user = make.make_user(PATIENT.name, email="ada@example.org")
    EmailAddress.objects.create(user=user, email="ada@example.org", primary=True)
    EmailAddress.objects.create(user=user, email="new@example.org")
    client.post("/accounts/password/reset/", {"email": "new@example.org"})

    choose_password(link())

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not EmailAddress.objects.filter(verified=True).exists()
