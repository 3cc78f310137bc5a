"""Every sign-in and what concerns it leaves a trace, or does not happen."""

import logging
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core import mail
from django.test import Client

from accounts import sign_in_log
from records.models import AuditEntry
from tests.accounts.guessers import WRONG, make_owner, reset_password, try_password, wrong_code_of
from tests.accounts.signing_in import (
    ACTIVATE,
    PASSWORD,
    REAUTHENTICATE,
    code_of,
    is_signed_in,
    totp_code,
)

pytestmark = pytest.mark.django_db

CODE = "/accounts/2fa/authenticate/"
NEW = "quite another password"


def acts(user) -> list[str]:
    """Return what the audit tells of an account, and that each entry names the right actor."""
    entries = AuditEntry.objects.filter(subject_type="user", subject_id=user.public_id)
    failures = ("failed", "locked_out")
    for entry in entries:
        by_system = entry.actor.kind == "system"
        assert by_system == entry.action.endswith(failures), entry.action
        assert by_system or entry.actor == user
        assert entry.channel == "web"
        assert entry.request_id
    return [entry.action for entry in entries.order_by("id")]


def fail(**_):
    raise OSError("The audit cannot be written.")


def test_sign_in_and_sign_out(client):
    user = make_owner()
    try_password(client)
    client.post("/accounts/logout/")

    assert acts(user) == ["user.signed_in", "user.signed_out"]


def test_sign_in_with_a_second_factor_that_failed_at_first(client):
    user = make_owner("Logistics")
    try_password(client)
    client.post(CODE, {"code": wrong_code_of(user)})
    client.post(CODE, {"code": totp_code(user)})

    assert acts(user) == [
        "user.second_factor_failed",
        "user.second_factor_used",
        "user.signed_in",
    ]
    used = AuditEntry.objects.get(action="user.second_factor_used")
    assert used.fields == ["totp"]


def test_failed_sign_ins_and_one_lock_out(client):
    user = make_owner()
    for _ in range(13):
        try_password(client, "ADA@example.org", WRONG)

    assert acts(user) == ["user.sign_in_failed"] * 10 + ["user.locked_out"]


def test_lock_out_of_the_second_factor_is_noted_once(client):
    user = make_owner("Logistics")
    try_password(client)
    for _ in range(8):
        client.post(CODE, {"code": wrong_code_of(user)})

    assert acts(user) == ["user.second_factor_failed"] * 5 + ["user.locked_out"]


def test_unknown_address_is_kept_only_as_one_digest(client, caplog):
    caplog.set_level(logging.INFO)
    for address in ("nobody@example.org", "NOBODY@example.org", "other@example.org"):
        try_password(client, address, WRONG)

    entries = AuditEntry.objects.filter(action="user.sign_in_failed")
    assert [entry.subject_type for entry in entries] == ["address"] * 3
    assert len({entry.subject_id for entry in entries}) == 2
    assert all(entry.actor.kind == "system" for entry in entries)
    kept = str(list(AuditEntry.objects.values())) + caplog.text
    assert not re.search("nobody|other@", kept, re.IGNORECASE)


def test_locked_out_network_is_kept_only_as_a_digest():
    for number in range(103):
        try_password(Client(REMOTE_ADDR="192.0.2.77"), f"person{number}@example.org", WRONG)

    [entry] = AuditEntry.objects.filter(action="network.locked_out")
    assert "192.0.2.77" not in str(AuditEntry.objects.filter(pk=entry.pk).values())


def test_text_log_names_nobody(client, caplog):
    caplog.set_level(logging.INFO)
    user = make_owner(email="secret.person@example.org")
    try_password(client, user.email, WRONG)
    try_password(client, user.email)
    client.post("/accounts/logout/")
    reset_password(client, user.email, NEW)

    assert "secret.person" not in caplog.text
    assert WRONG not in caplog.text


def test_password_reset_and_change(client):
    user = make_owner()
    reset_password(client, user.email, NEW)
    client.post(
        "/accounts/password/change/",
        {"oldpassword": NEW, "password1": PASSWORD, "password2": PASSWORD},
    )

    assert acts(user) == ["user.password_reset", "user.signed_in", "user.password_changed"]


def test_second_factor_added_and_removed(client):
    user = make_owner()
    try_password(client)
    secret = client.get(ACTIVATE).context["form"].secret
    client.post(ACTIVATE, {"code": code_of(secret)})
    client.post(REAUTHENTICATE, {"code": code_of(secret)})
    client.post("/accounts/2fa/totp/deactivate/")

    entries = AuditEntry.objects.filter(action__startswith="user.second_factor_")
    assert [(entry.action, *entry.fields) for entry in entries.order_by("id")] == [
        ("user.second_factor_added", "totp"),
        ("user.second_factor_added", "recovery_codes"),
        ("user.second_factor_used", "totp"),
        ("user.second_factor_removed", "totp"),
        ("user.second_factor_removed", "recovery_codes"),
    ]
    assert acts(user)


def test_second_factor_that_cannot_be_audited_is_not_added(client, monkeypatch):
    user = make_owner()
    try_password(client)
    secret = client.get(ACTIVATE).context["form"].secret
    monkeypatch.setattr(sign_in_log, "log_account", fail)
    client.raise_request_exception = False

    client.post(ACTIVATE, {"code": code_of(secret)})

    assert not Authenticator.objects.filter(user=user).exists()


def test_recovery_code_is_named_as_what_was_used(client):
    user = make_owner("Logistics")
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    try_password(client)
    client.post(CODE, {"code": code})

    assert AuditEntry.objects.get(action="user.second_factor_used").fields == ["recovery_codes"]


def test_address_changed(client):
    user = make_owner()
    try_password(client)
    client.post("/accounts/email/", {"action_add": "", "email": "new@example.org"})
    link = re.search(r"http://[^/]+(/accounts/confirm-email/\S+)", mail.outbox[-1].body)
    client.post(link[1])

    assert EmailAddress.objects.get(user=user).email == "new@example.org"
    assert {"user.email_added", "user.email_confirmed", "user.email_changed"} <= set(acts(user))


def test_sign_in_that_cannot_be_audited_is_refused(client, monkeypatch):
    make_owner()
    monkeypatch.setattr(sign_in_log, "log_account", fail)
    client.raise_request_exception = False

    answer = try_password(client)

    assert answer.status_code == 500
    assert not is_signed_in(client)
    assert client.get("/passport/").status_code == 302


def test_password_that_cannot_be_audited_stays_as_it_is(client, monkeypatch):
    user = make_owner()
    client.force_login(user)
    monkeypatch.setattr(sign_in_log, "log_account", fail)
    client.raise_request_exception = False

    answer = client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    )

    user.refresh_from_db()
    assert answer.status_code == 500
    assert user.check_password(PASSWORD)
