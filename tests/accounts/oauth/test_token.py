"""Codes, refresh tokens and secrets are good once, for their own client, and not for long."""

import base64
import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from accounts.oauth.limits import CLIENT, NETWORK
from accounts.roles import DBA, PATIENT, SALES
from records.models import AttemptCounter, AuditEntry
from tests.accounts.oauth.flows import (
    TOKEN,
    ask_as_system,
    basic,
    call,
    code_for,
    exchange,
    make_app,
    make_service,
    make_system,
    refresh,
    request_of,
    revoke,
    tokens_for,
)
from tests.accounts.signing_in import without_factor
from tests.records import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make.make_user(PATIENT.name)


@pytest.fixture
def app():
    return make_app()


def refused(response) -> str:
    """Return the error of a refusal that gave nothing."""
    assert response.status_code in (400, 401), response.content
    assert "access_token" not in response.json()
    return response.json()["error"]


# --------------------------------------------------------------------------------------- Codes


def test_code_gives_tokens_for_what_was_allowed(person, app):
    answer = exchange(app, code_for(person, app, scope="reference:read"))

    given = answer.json()
    assert (given["token_type"], given["scope"]) == ("Bearer", "reference:read")
    assert given["expires_in"] == 3600
    assert "no-store" in answer["Cache-Control"]
    assert call(given["access_token"]).status_code == 200
    entry = AuditEntry.objects.get(action="user.token_issued")
    assert (entry.actor, entry.subject_id) == (person, person.public_id)
    assert entry.fields == [f"application {app.public_id}", "reference:read"]


def test_tokens_are_stored_as_digests_only(person, app):
    given = tokens_for(person, app)
    rows = [*AccessToken.objects.values_list(), *RefreshToken.objects.values_list()]

    stored = " ".join(str(value) for row in rows for value in row)
    assert given["access_token"] not in stored
    assert given["refresh_token"] not in stored


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": None},
        {"code_verifier": "another-verifier-of-at-least-forty-three-characters"},
        {"redirect_uri": "https://evil.example.org/callback"},
    ],
)
def test_code_is_worth_nothing_to_who_cannot_prove_to_have_asked(person, app, changed):
    answer = exchange(app, code_for(person, app), **changed)

    assert refused(answer) in ("invalid_grant", "invalid_request")
    assert not AccessToken.objects.exists()


def test_guessed_code_is_refused(app):
    assert refused(exchange(app, "guessed")) == "invalid_grant"


def test_code_of_another_client_is_refused(person, app):
    code = code_for(person, app)

    assert refused(exchange(make_app(), code)) == "invalid_grant"
    assert exchange(app, code).status_code == 200


def test_code_that_is_used_twice_ends_what_it_gave(person, app):
    code = code_for(person, app)
    given = exchange(app, code).json()
    newer = refresh(app, given["refresh_token"]).json()

    assert refused(exchange(app, code)) == "invalid_grant"

    assert call(newer["access_token"]).status_code == 401
    assert refused(refresh(app, newer["refresh_token"])) == "invalid_grant"
    assert AuditEntry.objects.get(action="user.token_replayed").subject_id == person.public_id


def test_code_is_good_for_a_minute(person, app):
    code = code_for(person, app)
    Grant.objects.update(expires=timezone.now())

    assert refused(exchange(app, code)) == "invalid_grant"


# -------------------------------------------------------------------------------------- Refresh


def test_refresh_token_is_good_once_and_gives_another(person, app):
    first = tokens_for(person, app)
    second = refresh(app, first["refresh_token"]).json()

    assert second["refresh_token"] != first["refresh_token"]
    assert call(second["access_token"]).status_code == 200
    assert call(first["access_token"]).status_code == 401


def test_refresh_token_that_is_used_twice_ends_its_family_and_no_other(person, app):
    first, other = tokens_for(person, app), tokens_for(person, app)
    second = refresh(app, first["refresh_token"]).json()

    assert refused(refresh(app, first["refresh_token"])) == "invalid_grant"

    assert call(second["access_token"]).status_code == 401
    assert refused(refresh(app, second["refresh_token"])) == "invalid_grant"
    assert call(other["access_token"]).status_code == 200
    assert AuditEntry.objects.filter(action="user.token_replayed").count() == 1


def test_refresh_token_of_another_client_is_refused(person, app):
    given = tokens_for(person, app)

    assert refused(refresh(make_app(), given["refresh_token"])) == "invalid_grant"
    assert call(given["access_token"]).status_code == 200


def test_refresh_narrows_and_never_widens(person, app):
    given = tokens_for(person, app, scope="reference:read patients:read")
    wider = refresh(app, given["refresh_token"], scope="reference:read doses:write")
    assert refused(wider) == "invalid_scope"

    narrower = refresh(app, given["refresh_token"], scope="patients:read").json()

    assert narrower["scope"] == "patients:read"
    assert call(narrower["access_token"]).status_code == 403


def test_app_that_nobody_used_for_two_weeks_asks_anew(person, app):
    given = tokens_for(person, app)
    AccessToken.objects.update(expires=timezone.now() - dt.timedelta(days=14))

    assert refused(refresh(app, given["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("fault", ["disabled", "no factor"])
def test_account_that_may_not_sign_in_gets_no_token(app, fault):
    user = make.make_user(DBA.name)
    given, code = tokens_for(user, app), code_for(user, app)
    if fault == "disabled":
        type(user).objects.filter(pk=user.pk).update(is_active=False)
    else:
        without_factor(user)

    assert refused(refresh(app, given["refresh_token"])) == "invalid_grant"
    assert refused(exchange(app, code)) == "invalid_grant"


# -------------------------------------------------------------------------------------- Systems


def test_system_gets_a_token_without_refresh():
    service = make_service(SALES.name)
    system, secret = make_system(service)
    given = ask_as_system(system, secret, scope="reference:read").json()

    assert "refresh_token" not in given
    assert call(given["access_token"]).status_code == 200
    assert AuditEntry.objects.get(action="user.token_issued").actor == service


@pytest.mark.parametrize("where", ["header", "body"])
def test_wrong_secret_gives_nothing(where):
    system, _ = make_system()
    body = {"grant_type": "client_credentials"}
    if where == "header":
        answer = Client().post(TOKEN, body, **basic(system.client_id, "wrong"))
    else:
        body |= {"client_id": system.client_id, "client_secret": "wrong"}
        answer = Client().post(TOKEN, body)

    assert (answer.status_code, refused(answer)) == (401, "invalid_client")


def test_secret_is_stored_as_a_hash_and_every_system_has_its_own():
    (system, secret), (other, _) = make_system(), make_system()

    assert secret not in system.client_secret
    assert refused(ask_as_system(other, secret)) == "invalid_client"


@pytest.mark.parametrize("fault", ["service", "application"])
def test_system_that_is_switched_off_gets_no_token(fault):
    system, secret = make_system()
    row = system.service_user if fault == "service" else system
    type(row).objects.filter(pk=row.pk).update(is_active=False)

    assert refused(ask_as_system(system, secret)) == "invalid_client"


def test_app_cannot_act_as_a_system_nor_a_system_as_an_app(person, app):
    system, secret = make_system()
    server, server_secret = make_system(
        authorization_grant_type="authorization-code",
        redirect_uris="https://server.example.org/",
        service_user=None,
    )

    assert refused(ask_as_system(server, server_secret)) == "unauthorized_client"
    code = Client().post(
        TOKEN,
        {"grant_type": "authorization_code", "code": code_for(person, app)},
        **basic(system.client_id, secret),
    )
    assert refused(code) == "unauthorized_client"


def test_app_that_keeps_a_secret_cannot_do_without_it(person):
    server, secret = make_system(
        authorization_grant_type="authorization-code",
        redirect_uris=request_of(make_app())["redirect_uri"],
        service_user=None,
    )
    code = code_for(person, server)

    assert refused(exchange(server, code)) == "invalid_client"
    assert refused(exchange(server, code, client_secret="wrong")) == "invalid_client"
    assert exchange(server, code, client_secret=secret).status_code == 200


@pytest.mark.parametrize(
    "grant", ["password", "implicit", "", "urn:ietf:params:oauth:grant-type:device_code"]
)
def test_what_oauth_2_1_left_out_is_not_there(person, grant):
    person.set_password("a long password")
    person.save()
    sent = {"grant_type": grant, "username": person.email, "password": "a long password"}
    system, secret = make_system()

    answer = Client().post(TOKEN, sent, **basic(system.client_id, secret))

    assert refused(answer) == "unsupported_grant_type"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/token?x=%zz"])
def test_nonsense_is_refused(path):
    form = "application/x-www-form-urlencoded"
    for body, kind in (("", form), ("{", "application/json"), ("%zz=%zz&grant_type=\x00", form)):
        assert Client().post(path, body, content_type=kind).status_code in (400, 401)
    assert Client().get(path).status_code == 405


# --------------------------------------------------------------------------------------- Limits


def test_guessing_a_secret_ends_and_the_right_one_is_refused_too():
    system, secret = make_system()
    statuses = [ask_as_system(system, "wrong").status_code for _ in range(CLIENT.attempts + 1)]

    assert statuses == [401] * CLIENT.attempts + [429]
    answer = ask_as_system(system, secret)
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert AuditEntry.objects.filter(action="client.locked_out").count() == 1


def test_guesser_cannot_walk_around_by_spelling_or_place():
    system, _ = make_system()
    spelled = "".join(f"%{ord(letter):02x}" for letter in system.client_id)
    body = {"grant_type": "client_credentials", "client_id": system.client_id}
    for _ in range(CLIENT.attempts // 2):
        Client().post(TOKEN, body, **basic(spelled, "wrong"))
        Client().post(TOKEN, {**body, "client_secret": "wrong"}, **basic("nobody", "wrong"))

    assert ask_as_system(system, "wrong").status_code == 429


def test_guesser_cannot_hide_whose_secret_it_is_by_another_encoding():
    system, secret = make_system()
    pair = base64.b64encode(f"{system.client_id}:{secret}".encode("utf-16-le")).decode()
    body = {"grant_type": "client_credentials", "encoding": "utf-16-le"}

    answer = Client().post(TOKEN, body, HTTP_AUTHORIZATION=f"Basic {pair}")

    assert refused(answer) == "invalid_client"


def test_app_of_who_may_have_left_the_directory_waits_for_a_sign_in(person, app, settings):
    token = tokens_for(person, app)["refresh_token"]
    rows = type(person).objects.filter(pk=person.pk)
    long_ago = timezone.now() - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)

    rows.update(in_directory=True, last_login=long_ago)
    assert refused(refresh(app, token)) == "invalid_grant"

    rows.update(last_login=timezone.now())
    assert refresh(app, token).status_code == 200


@pytest.mark.parametrize("name", ["encoding", "refresh_token_instance", "client", "user"])
def test_what_oauth_does_not_have_is_passed_over(name):
    system, secret = make_system()

    assert ask_as_system(system, secret, **{name: "x"}).status_code == 200


def test_guesser_elsewhere_cannot_keep_a_system_out():
    system, secret = make_system()
    for _ in range(CLIENT.attempts + 1):
        Client(REMOTE_ADDR="192.0.2.1").post(
            TOKEN, {"grant_type": "client_credentials"}, **basic(system.client_id, "wrong")
        )

    assert ask_as_system(system, secret).status_code == 200


def test_right_secret_gives_the_tries_back():
    system, secret = make_system()
    for _ in range(3):
        for _ in range(CLIENT.attempts - 1):
            ask_as_system(system, "wrong")
        assert ask_as_system(system, secret).status_code == 200


def test_one_network_cannot_try_without_end(person, app):
    revoke(app, "guessed")
    AttemptCounter.objects.filter(scope=NETWORK.scope).update(attempts=NETWORK.attempts)

    assert refresh(app, "guessed").status_code == 429
    assert revoke(app, "guessed").status_code == 429


# ------------------------------------------------------------------------------------- Clean-up


def test_clean_up_keeps_what_is_needed(person, app):
    from django.core.management import call_command

    old, live = tokens_for(person, app), tokens_for(person, app)
    AccessToken.objects.filter(pk=AccessToken.objects.order_by("pk")[0].pk).update(
        expires=timezone.now() - dt.timedelta(days=15)
    )
    call_command("cleartokens")

    assert AccessToken.objects.count() == RefreshToken.objects.count() == 1
    assert refused(refresh(app, old["refresh_token"])) == "invalid_grant"
    assert call(live["access_token"]).status_code == 200
