"""Guessing codes of the second factor ends soon; each code works once."""

import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.test import Client, override_settings

from accounts.managing import reset_second_factor
from tests.accounts.guessers import (
    let_time_pass,
    make_owner,
    reset_password,
    try_password,
    wrong_code_of,
)
from tests.accounts.signing_in import CODE, REAUTHENTICATE, is_signed_in, totp_code
from tests.records.domain.test_concurrency import race
from tests.records.factories import add_totp, make_user

pytestmark = pytest.mark.django_db

NEW = "quite another password"


@pytest.fixture
def staff():
    return make_owner("Logistics", "sam@example.org")


@pytest.fixture
def half_way(client, staff):
    """Return a browser between password and second factor."""
    try_password(client, staff.email)
    return client


def test_guessing_a_code_ends_and_the_right_one_is_refused_too(half_way, staff):
    wrong = wrong_code_of(staff)
    statuses = [half_way.post(CODE, {"code": wrong}).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]
    assert half_way.post(CODE, {"code": totp_code(staff)}).status_code == 429
    assert not is_signed_in(half_way)


def test_guesser_of_codes_cannot_walk_around_by_new_sign_ins_or_emptied_cache(staff):
    wrong = wrong_code_of(staff)
    statuses = []
    for number in range(8):
        cache.clear()
        browser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        try_password(browser, staff.email)
        statuses.append(browser.post(CODE, {"code": wrong}).status_code)

    assert statuses == [200] * 5 + [429] * 3


def test_new_password_gives_no_tries_at_the_code_back(half_way, staff):
    wrong = wrong_code_of(staff)
    for _ in range(6):
        half_way.post(CODE, {"code": wrong})
    owner = Client()

    reset_password(owner, staff.email, NEW)

    assert not is_signed_in(owner)
    assert owner.post(CODE, {"code": totp_code(staff)}).status_code == 429


def test_patient_guesser_of_codes_is_stopped_by_the_limit_of_a_day(half_way, staff):
    wrong = wrong_code_of(staff)
    for _ in range(4):
        assert [half_way.post(CODE, {"code": wrong}).status_code for _ in range(5)] == [200] * 5
        let_time_pass(dt.timedelta(minutes=15))

    assert half_way.post(CODE, {"code": totp_code(staff)}).status_code == 429


def test_new_password_ends_a_sign_in_that_waits_for_its_code(half_way, staff):
    """The thief of a password is half-way in when the owner changes it."""
    staff.set_password(NEW)
    staff.save()

    half_way.post(CODE, {"code": totp_code(staff)})

    assert not is_signed_in(half_way)


def test_right_code_gives_the_tries_back(staff):
    wrong = wrong_code_of(staff)
    codes = RecoveryCodes.activate(staff).get_unused_codes()
    for code in codes[:3]:
        browser = Client()
        try_password(browser, staff.email)
        assert [browser.post(CODE, {"code": wrong}).status_code for _ in range(4)] == [200] * 4
        assert browser.post(CODE, {"code": code}).status_code == 302
        assert is_signed_in(browser)


def test_user_managers_reset_gives_the_tries_back(half_way, staff):
    wrong = wrong_code_of(staff)
    for _ in range(6):
        half_way.post(CODE, {"code": wrong})

    reset_second_factor(by=make_user("User manager"), user=staff)
    add_totp(staff)

    owner = Client()
    try_password(owner, staff.email)
    owner.post(CODE, {"code": totp_code(staff)})
    assert is_signed_in(owner)


def test_open_session_cannot_guess_codes_either(client, staff):
    client.force_login(staff)
    wrong = wrong_code_of(staff)

    statuses = [client.post(REAUTHENTICATE, {"code": wrong}).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]


def test_code_is_used_once_even_with_an_emptied_cache(staff):
    code = totp_code(staff)
    first, second = Client(), Client()
    for browser in (first, second):
        try_password(browser, staff.email)

    first.post(CODE, {"code": code})
    cache.clear()
    second.post(CODE, {"code": f"{code[:3]} {code[3:]}"})

    assert is_signed_in(first)
    assert not is_signed_in(second)


@pytest.mark.django_db(transaction=True)
def test_code_that_comes_twice_at_once_is_used_once():
    staff = make_owner("Logistics", "sam@example.org")
    code = totp_code(staff)
    browsers = [Client(), Client(), Client()]
    for browser in browsers:
        try_password(browser, staff.email)

    race(*[lambda browser=browser: browser.post(CODE, {"code": code}) for browser in browsers])

    assert [is_signed_in(browser) for browser in browsers].count(True) == 1


def test_recovery_code_is_used_once(staff):
    code = RecoveryCodes.activate(staff).get_unused_codes()[0]
    first, second = Client(), Client()
    for browser in (first, second):
        try_password(browser, staff.email)
        browser.post(CODE, {"code": code})
        cache.clear()

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_code_works_while_the_cache_is_gone(half_way, staff):
    gone = {
        "default": {
            "BACKEND": "vaxpass.ops.cache.ForgivingRedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }

    with override_settings(CACHES=gone):
        half_way.post(CODE, {"code": totp_code(staff)})

    assert is_signed_in(half_way)
    assert Authenticator.objects.get(user=staff).last_used_at is not None
