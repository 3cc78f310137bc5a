"""Guessing ends soon, whatever the guesser varies; the owner gets in by the documented way."""

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.account.views import LogoutView
from django.core.cache import cache
from django.test import Client, RequestFactory, override_settings
from django.urls import URLPattern, get_resolver

from accounts.sign_in_limits import LIMITS, network
from records.domain.errors import TooManyAttempts
from records.models import AttemptCounter
from tests.accounts.guessers import WRONG, let_time_pass, make_owner, reset_password, try_password
from tests.accounts.signing_in import LOGIN, PASSWORD, is_signed_in
from tests.records.domain.test_concurrency import race

pytestmark = pytest.mark.django_db

NEW = "quite another password"
REAUTHENTICATE = "/accounts/reauthenticate/"
CHANGE = "/accounts/password/change/"
RESET = "/accounts/password/reset/"

SPELLINGS = (
    "ada@example.org",
    "ADA@EXAMPLE.ORG",
    "Ada@example.org ",
    "\u00e1da@example.org",
    "a\u0301da@example.org",
    "\uff41da@example.org",
    " " * 400 + "ada@example.org",
)


def guess(client: Client, times: int, address: str = "ada@example.org") -> list[int]:
    return [try_password(client, address, WRONG).status_code for _ in range(times)]


def text_of(response) -> str:
    """Return a page without what differs from one request to the next."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


# ------------------------------------------------------------------------------------ Password


def test_guessing_a_password_ends_and_the_right_one_is_refused_too(client):
    make_owner()

    assert guess(client, 12) == [200] * 10 + [429] * 2
    refused = try_password(client)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 15 * 60
    assert not is_signed_in(client)


def test_guesser_cannot_walk_around_by_spelling_network_session_or_emptied_cache():
    make_owner()
    statuses = []
    for number in range(40):
        cache.clear()
        answer = try_password(
            Client(),
            SPELLINGS[number % len(SPELLINGS)],
            WRONG,
            REMOTE_ADDR=f"192.0.2.{number}",
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}",
            HTTP_USER_AGENT=f"Browser {number}",
        )
        statuses.append(answer.status_code)

    assert statuses == [200] * 10 + [429] * 30


def test_unknown_account_is_refused_with_the_very_same_page(client):
    make_owner()
    guess(client, 10)
    guess(client, 10, "nobody@example.org")

    known, unknown = try_password(client), try_password(client, "nobody@example.org")

    assert known.status_code == unknown.status_code == 429
    assert text_of(known) == text_of(unknown)


def test_owner_who_was_locked_out_gets_in_by_the_mail(client):
    user = make_owner()
    guess(Client(), 11)

    reset_password(client, "ada@example.org", NEW)

    assert client.session["_auth_user_id"] == str(user.pk)
    client.logout()
    assert try_password(client, password=NEW).status_code == 302


def test_guesser_who_goes_on_cannot_keep_the_owner_out(client):
    make_owner()
    guess(Client(), 11)
    reset_password(client, "ada@example.org", NEW)
    guess(Client(), 11)

    assert is_signed_in(client)
    assert client.get("/passport/").status_code == 200


def test_owner_gets_in_again_when_the_time_is_over(client):
    make_owner()
    guess(client, 11)
    let_time_pass(dt.timedelta(minutes=15))

    assert try_password(client).status_code == 302


def test_patient_guesser_is_stopped_by_the_limit_of_a_day(client):
    make_owner()
    for _ in range(10):
        assert guess(Client(REMOTE_ADDR=f"192.0.2.{_}"), 10) == [200] * 10
        AttemptCounter.objects.filter(scope="password.account").delete()  # a quarter passes

    assert guess(Client(REMOTE_ADDR="192.0.2.99"), 1) == [429]


def test_right_password_gives_the_tries_back(client):
    make_owner()
    for _ in range(3):
        guess(Client(), 9)
        assert try_password(Client()).status_code == 302


def test_one_network_cannot_try_one_password_on_many_accounts():
    statuses = [
        try_password(Client(REMOTE_ADDR="192.0.2.1"), f"person{number}@example.org").status_code
        for number in range(102)
    ]

    assert statuses == [200] * 100 + [429] * 2
    assert try_password(Client(REMOTE_ADDR="192.0.2.2")).status_code == 200


def test_owner_in_the_guessers_network_gets_in_by_the_mail(client):
    user = make_owner()
    for number in range(101):
        try_password(client, f"person{number}@example.org")
    assert try_password(client).status_code == 429

    reset_password(client, user.email, NEW)

    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ],
)
def test_network_of_an_address(address, expected):
    assert network(RequestFactory(REMOTE_ADDR=address).get("/")) == expected


def test_network_behind_a_proxy_is_what_the_trusted_proxy_saw():
    request = RequestFactory(REMOTE_ADDR="10.0.0.1").get(
        "/", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.7"
    )

    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        assert network(request) == "192.0.2.7"
    assert network(request) == "10.0.0.1"


@pytest.mark.parametrize(("page", "field"), [(REAUTHENTICATE, "password"), (CHANGE, "oldpassword")])
def test_open_session_cannot_guess_the_password_either(client, page, field):
    user = make_owner()
    client.force_login(user)
    data = {"password1": NEW, "password2": NEW}

    statuses = [client.post(page, {**data, field: WRONG}).status_code for _ in range(11)]

    assert statuses == [200] * 10 + [429]
    assert client.post(page, {**data, field: PASSWORD}).status_code == 429
    assert try_password(Client()).status_code == 429  # one secret, one count
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_empty_form_counts_against_nobody(client):
    assert [client.post(LOGIN, {}).status_code for _ in range(15)] == [200] * 15


@pytest.mark.django_db(transaction=True)
def test_many_guessers_at_once_get_no_more_tries_than_one():
    make_owner()

    answers = race(*[lambda: try_password(Client(), password=WRONG)] * 20)

    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 10


# ---------------------------------------------------------------------------------------- Mail


def test_mails_to_one_address_end_for_known_and_unknown_alike(client, mailoutbox):
    make_owner()

    known = [client.post(RESET, {"email": "ada@example.org"}) for _ in range(7)]
    sent = len(mailoutbox)
    unknown = [client.post(RESET, {"email": "nobody@example.org"}) for _ in range(7)]

    assert sent == 5
    assert [a.status_code for a in known] == [a.status_code for a in unknown]
    assert [a.status_code for a in known] == [302] * 5 + [429] * 2
    assert text_of(known[-1]) == text_of(unknown[-1])


def test_one_network_cannot_have_mail_sent_to_many(client, mailoutbox):
    statuses = [
        client.post(RESET, {"email": f"person{number}@example.org"}).status_code
        for number in range(32)
    ]

    assert statuses == [302] * 30 + [429] * 2
    assert len(mailoutbox) <= 30


@pytest.mark.parametrize(
    ("page", "spelling"),
    [
        ("/accounts/signup/", "ada@example.org"),
        (RESET, "ada@ex\u00e1mple.org"),
        (RESET, "ada@example.org\u200b"),
        (RESET, "ada @example.org"),
    ],
)
def test_mails_that_the_owner_never_gets_use_up_none_of_the_owners(
    client, mailoutbox, page, spelling
):
    make_owner()
    for _ in range(6):
        client.post(page, {"email": spelling, "password1": "x", "password2": "y"})

    assert client.post(RESET, {"email": "ada@example.org"}).status_code == 302
    assert mailoutbox[-1].to == ["ada@example.org"]


def test_signing_in_unconfirmed_does_not_flood_the_mailbox(mailoutbox):
    owner = make_owner()
    EmailAddress.objects.filter(user=owner).update(verified=False)

    answers = {try_password(Client())["Location"] for _ in range(8)}

    assert answers == {"/accounts/confirm-email/"}
    assert [message.to for message in mailoutbox] == [["ada@example.org"]] * 5


# --------------------------------------------------------------------------------------- Table

# Nothing that could be guessed is submitted to these pages, and no mail leaves for others.
FREE = {
    "account_logout",
    "account_inactive",
    "account_set_password",  # for accounts without a password: there is none to guess
    "account_reset_password_from_key",  # links of 128 bits and more; the way in for the owner
    "account_confirm_email",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "mfa_index",
    "mfa_activate_totp",  # the page itself shows the secret
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}


def patterns(resolver):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        elif not entry.namespace:  # the admin has no sign-in of its own
            yield from patterns(entry)


def test_every_page_of_sign_in_is_limited_or_known_to_need_no_limit():
    names = {entry.name for entry in patterns(get_resolver()) if entry.name}
    ours = {name for name in names if name.startswith(("account_", "mfa_"))}

    assert ours == set(LIMITS) | FREE
    assert not set(LIMITS) & FREE


def test_limit_that_is_counted_inside_a_page_has_the_same_answer(client, monkeypatch):
    def refuse(*args, **kwargs):
        raise TooManyAttempts(dt.timedelta(seconds=90))

    client.force_login(make_owner())
    monkeypatch.setattr(LogoutView, "post", refuse)
    answer = client.post("/accounts/logout/")

    assert (answer.status_code, answer["Retry-After"]) == (429, "90")
    assert "2 minutes" in answer.content.decode()
