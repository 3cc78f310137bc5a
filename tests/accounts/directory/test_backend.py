"""Sign-in with the password of a directory, asked of a real OpenLDAP server."""

from __future__ import annotations

import dataclasses

import pytest
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import EmailAddress, Login
from allauth.core.context import request_context
from django.contrib.auth import authenticate
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.sign_in_limits import PASSWORD as LIMITS
from records.models import AuditEntry
from tests.accounts.directory.people import PASSWORD, gets_in, give, roles_of, sign_in
from tests.accounts.guessers import WRONG, make_owner, reset_password
from tests.accounts.signing_in import LOGIN, is_signed_in
from tests.accounts.signing_in import PASSWORD as OWN_PASSWORD
from tests.records.factories import add_totp, make_user

pytestmark = pytest.mark.django_db

# ------------------------------------------------------------------------------------ Who gets in


def test_first_sign_in_makes_an_account_without_a_password_of_its_own(directory, uid, address):
    directory.person(uid, address, groups=("nurses",), displayName="Ada Lovelace")

    assert gets_in(address)

    user = User.objects.get(email_normalized=address)
    assert (user.name, user.in_directory, user.has_usable_password()) == (
        "Ada Lovelace",
        True,
        False,
    )
    assert roles_of(address) == {"Volunteer"}
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert EmailAddress.objects.get(user=user).verified
    entries = AuditEntry.objects.filter(subject_id=user.public_id, action__startswith="user.")
    assert {"user.added", "user.roles_changed"} <= {entry.action for entry in entries}
    written = entries.filter(action__in=["user.added", "user.roles_changed"])
    assert {entry.actor for entry in written} == {User.objects.system()}


def test_spelling_of_the_address_makes_no_second_account(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))

    assert gets_in(address)
    assert gets_in(address.upper())

    assert User.objects.filter(in_directory=True).count() == 1


@pytest.mark.parametrize("password", [WRONG, "", " ", "\0", PASSWORD.upper(), PASSWORD + " "])
def test_wrong_password_opens_nothing(directory, uid, address, password):
    directory.person(uid, address, groups=("nurses",))

    assert not gets_in(address, password)
    assert authenticate(None, email=address, password=password) is None
    assert not User.objects.filter(email_normalized=address).exists()


@pytest.mark.parametrize(
    "typed",
    ["*", "*@example.org", "{}*", "{})(mail=*", "*)(uid={}", "\\2a", "{}\0", ""],
)
def test_filter_written_into_the_address_finds_nobody(directory, uid, address, typed):
    directory.person(uid, address, groups=("nurses",))
    typed = typed.format(uid)

    assert not gets_in(typed)
    assert authenticate(None, email=typed, password=PASSWORD) is None
    assert authenticate(None, username=typed, password=PASSWORD) is None


def test_two_entries_of_one_address_open_nothing(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))
    directory.person(f"{uid}b", address, groups=("nurses",))

    assert not gets_in(address)


def test_entry_found_by_another_attribute_must_name_the_address(directory, uid, address, settings):
    settings.LDAP = dataclasses.replace(
        settings.LDAP, user_filter="(|(mail=%(user)s)(description=%(user)s))"
    )
    directory.person(uid, f"other-{address}", groups=("dbas",), description=address)

    assert not gets_in(address)
    assert gets_in(f"other-{address}")


def test_second_address_of_an_entry_makes_no_second_account(directory, uid, address):
    directory.person(uid, address, f"alias-{address}", groups=("nurses",))

    assert gets_in(address)
    assert not gets_in(f"alias-{address}")

    assert [user.email for user in User.objects.filter(in_directory=True)] == [address]


def test_entry_that_has_the_addresses_of_two_accounts_opens_neither(directory, uid, address):
    make_user("Volunteer", email=address)
    make_user("DBA", email=f"alias-{address}")
    directory.person(uid, address, f"alias-{address}", groups=("nurses",))

    assert not gets_in(address)
    assert not gets_in(f"alias-{address}")


def test_person_without_a_mapped_group_stays_outside(directory, uid, address):
    directory.person(uid, address, groups=("gardeners",))

    assert not gets_in(address)
    assert not User.objects.filter(email_normalized=address).exists()


# ------------------------------------------------------------------------------ Whose account it is


def test_invited_account_without_a_password_becomes_the_directory_s(directory, uid, address):
    user = make_user("Sales", email=address, name="As invited")
    directory.person(uid, address, groups=("nurses",))

    sign_in(client := Client(), address, PASSWORD)

    user.refresh_from_db()
    assert user.in_directory
    assert roles_of(address) == {"Sales", "Volunteer"}
    assert client.session["account_login"]  # its second factor is asked next


@pytest.mark.parametrize(
    "fields",
    [
        {"is_superuser": True},
        {"is_demo": True},
        {"is_active": False},
        {"kind": "service"},
        {"kind": "system"},
    ],
)
def test_account_above_or_beside_all_people_is_not_taken_over(directory, uid, address, fields):
    user = make_user(email=address, **fields)
    directory.person(uid, address, groups=("dbas",))

    assert authenticate(None, email=address, password=PASSWORD) is None
    assert not gets_in(address)
    user.refresh_from_db()
    assert (user.in_directory, roles_of(address)) == (False, set())


def test_account_with_a_password_of_its_own_is_not_taken_over(directory, uid, address):
    owner = make_owner("Patient", email=address)
    directory.person(uid, address, groups=("dbas",))

    assert not gets_in(address)
    assert gets_in(address, OWN_PASSWORD)
    owner.refresh_from_db()
    assert (owner.in_directory, roles_of(address)) == (False, {"Patient"})


def test_registration_that_nobody_confirmed_keeps_no_person_of_the_directory_out(
    directory, uid, address
):
    stranger = make_user("Patient", email=address, name="Mallory", password="mallory chose this")
    EmailAddress.objects.create(user=stranger, email=address, verified=False, primary=True)
    directory.person(uid, address, groups=("nurses",))

    assert gets_in(address)
    assert not gets_in(address, "mallory chose this")
    assert User.objects.get(email_normalized=address).name == f"{uid} of the directory"


def test_disabled_account_is_refused_and_its_session_ends(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))
    sign_in(client := Client(), address, PASSWORD)
    User.objects.filter(email_normalized=address).update(is_active=False)

    assert "/accounts/login/" in client.get("/clinic/")["Location"]
    assert not gets_in(address)


# ------------------------------------------------------------------------------------------ Roles


def test_groups_give_roles_by_name_and_by_dn(directory, uid, address):
    directory.person(uid, address, groups=("nurses", "dbas", "gardeners"))

    assert gets_in(address)

    assert roles_of(address) == {"Volunteer", "DBA"}
    assert User.objects.get(email_normalized=address).is_staff


def test_powerful_role_is_announced_to_user_managers(
    directory, uid, address, django_capture_on_commit_callbacks
):
    make_user("User manager", email="manager@example.org")
    directory.person(uid, address, groups=("dbas",))

    with django_capture_on_commit_callbacks(execute=True):
        assert gets_in(address)

    assert any(
        message.to == ["manager@example.org"] and "DBA" in message.subject
        for message in mail.outbox
    )


def test_role_lost_in_the_directory_is_lost_and_ends_the_sessions(directory, uid, address):
    dn = directory.person(uid, address, groups=("nurses", "dbas"))
    sign_in(earlier := Client(), address, PASSWORD)
    user = User.objects.get(email_normalized=address)
    give(user, "Sales")
    directory.leave("dbas", dn)

    sign_in(later := Client(), address, PASSWORD)

    assert roles_of(address) == {"Volunteer", "Sales"}
    assert "/accounts/login/" in earlier.get("/clinic/")["Location"]
    assert "/accounts/login/" not in later.get("/clinic/")["Location"]


def test_last_role_lost_shuts_the_person_out(directory, uid, address):
    dn = directory.person(uid, address, groups=("dbas",))
    sign_in(earlier := Client(), address, PASSWORD)
    give(User.objects.get(email_normalized=address), "Sales")
    directory.leave("dbas", dn)

    assert not gets_in(address)

    assert roles_of(address) == {"Sales"}
    assert "/accounts/login/" in earlier.get("/clinic/")["Location"]


# -------------------------------------------------------------------- Second factor, limits, pages


def test_staff_of_the_directory_do_nothing_without_a_second_factor(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))
    sign_in(client := Client(), address, PASSWORD)

    assert client.get("/clinic/")["Location"].startswith("/accounts/2fa/")

    add_totp(User.objects.get(email_normalized=address))
    answer = sign_in(again := Client(), address, PASSWORD)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(again)


def test_directory_is_not_asked_when_no_try_is_left(directory, uid, address, monkeypatch):
    from accounts.directory.backend import DirectoryBackend

    asked = []
    directory.person(uid, address, groups=("nurses",))
    for _ in range(LIMITS[0].attempts):
        sign_in(Client(), address, WRONG)
    monkeypatch.setattr(
        DirectoryBackend, "authenticate", lambda *args, **more: asked.append(more) or None
    )

    assert sign_in(Client(), address, PASSWORD).status_code == 429
    assert not asked


def test_mail_opens_a_locked_account_of_the_directory_and_sets_no_password(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))
    assert gets_in(address)
    for _ in range(LIMITS[0].attempts + 1):
        sign_in(Client(), address, WRONG)
    assert not gets_in(address)

    answer = reset_password(client := Client(), address, "a brand new password")

    assert b"Your organisation keeps this password" in answer.content
    assert not is_signed_in(client)
    assert not gets_in(address, "a brand new password")
    assert gets_in(address)


def test_sign_in_without_the_directory_opens_no_account_of_it(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))
    assert gets_in(address)
    request = Client().get(LOGIN).wsgi_request
    record = User.objects.get(email_normalized=address)  # as the passkey of an account finds it

    with request_context(request):
        answer = perform_login(request, Login(user=record))

    assert answer["Location"] == LOGIN
    assert not request.user.is_authenticated


def test_account_of_the_directory_keeps_its_address(directory, uid, address):
    directory.person(uid, address, groups=("nurses",))
    assert gets_in(address)
    user = User.objects.get(email_normalized=address)
    client = Client()
    client.force_login(user)

    answer = client.post(
        "/accounts/email/", {"email": "elsewhere@example.org", "action_add": ""}, follow=True
    )

    assert b"The address of this account comes from your organisation" in answer.content
    assert not EmailAddress.objects.filter(email="elsewhere@example.org").exists()
