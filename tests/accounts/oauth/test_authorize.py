"""A person is asked, and a code leaves for the address that was registered and no other."""

import re

import pytest
from django.test import Client
from oauth2_provider.models import Grant

from accounts.roles import DBA, PATIENT
from records.models import AuditEntry
from tests.accounts.oauth.flows import (
    AUTHORIZE,
    CALLBACK,
    address_of,
    answer_of,
    browser_of,
    challenge,
    make_app,
    make_system,
)
from tests.accounts.signing_in import without_factor
from tests.records import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make.make_user(PATIENT.name, name="Ada Novak")


def test_person_reads_what_the_app_may_do_before_anything_is_given(person):
    app = make_app(name="Reminder")

    page = browser_of(person).get(address_of(app))

    text = page.content.decode()
    assert page.status_code == 200
    assert "Let Reminder act for you?" in text
    assert "Read patients, their identifiers" in text
    assert "Record, correct and void doses" not in text
    assert "app.example.org" in text
    assert not Grant.objects.exists()


def test_answer_may_leave_for_the_app_and_for_nowhere_else(person):
    policy = browser_of(person).get(address_of(make_app()))["Content-Security-Policy"]

    [forms] = re.findall(r"form-action ([^;]+)", policy)
    assert forms.split() == ["'self'", "https://app.example.org"]


def test_app_that_is_let_in_gets_a_code(person):
    app = make_app()
    answer = browser_of(person).post(address_of(app), {"allow": "yes"})

    sent = answer_of(answer)
    assert answer["Location"].startswith(f"{CALLBACK}?")
    assert (sent["state"], sent["iss"]) == ("the state", "http://testserver")
    assert Grant.objects.get().user == person
    entry = AuditEntry.objects.get(action="user.app_allowed")
    assert (entry.actor, entry.subject_id) == (person, person.public_id)
    assert entry.fields == [f"application {app.public_id}", "reference:read", "patients:read"]


def test_app_that_is_refused_gets_no_code(person):
    sent = answer_of(browser_of(person).post(address_of(make_app())))

    assert (sent["error"], sent["state"]) == ("access_denied", "the state")
    assert "code" not in sent
    assert not Grant.objects.exists()


def test_app_is_let_in_by_nobody_but_the_person(person):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)

    assert browser.post(address_of(make_app()), {"allow": "yes"}).status_code == 403
    assert not Grant.objects.exists()


def test_who_is_not_signed_in_signs_in_first_and_comes_back(client):
    address = address_of(make_app())
    answer = client.get(address)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/oauth/authorize%3F")


def test_staff_without_a_second_factor_lets_no_app_in():
    user = without_factor(make.make_user(DBA.name))
    browser = Client()
    browser.force_login(user)
    session = browser.session
    session.pop("account_authentication_methods", None)
    session.save()
    without_factor(user)

    answer = browser.post(address_of(make_app()), {"allow": "yes"})

    assert answer["Location"] == "/accounts/2fa/"
    assert not Grant.objects.exists()


def test_app_cannot_skip_the_question(person):
    app, browser = make_app(), browser_of(person)
    browser.post(address_of(app), {"allow": "yes"})

    assert browser.get(address_of(app, approval_prompt="auto", prompt="none")).status_code == 200


# ----------------------------------------------------------------------------- Wrong addresses


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.org/callback",
        "https://app.example.org/callback/more",
        "https://app.example.org/callback?x=1",
        "https://app.example.org/",
        "https://app.example.org:8443/callback",
        "https://app.example.org.evil.example.org/callback",
        "https://evil@app.example.org/callback",
        "https://app.example.org/callback#part",
        "http://app.example.org/callback",
        "javascript:alert(1)",
        "//app.example.org/callback",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_is_sent_to_an_address_that_is_not_registered(person, address, method):
    browser = browser_of(person)

    answer = getattr(browser, method)(address_of(make_app(), redirect_uri=address), {})

    assert answer.status_code == 400
    assert "Location" not in answer
    assert "cannot be let in" in answer.content.decode()


def test_nobody_is_asked_to_sign_in_for_an_unknown_app(client):
    app = make_app()
    app.client_id = "unknown"

    assert client.get(address_of(app)).status_code == 400


def test_app_on_this_computer_may_listen_on_any_port(person):
    app = make_app(redirect_uris="http://127.0.0.1/callback")
    address = "http://127.0.0.1:51234/callback"

    page = browser_of(person).get(address_of(app, redirect_uri=address))
    answer = browser_of(person).post(address_of(app, redirect_uri=address), {"allow": "yes"})

    assert "http://127.0.0.1:51234" in page["Content-Security-Policy"]
    assert answer["Location"].startswith(f"{address}?code=")


# ------------------------------------------------------------------------------ Wrong requests


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": challenge() * 9}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unauthorized_client"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "reference:read openid"}, "invalid_scope"),
    ],
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_wrong_request_is_told_to_the_app_with_its_state(person, changed, error, signed_in):
    browser = browser_of(person) if signed_in else Client()
    address = address_of(make_app(), **changed)

    for answer in (browser.get(address), browser.post(address, {"allow": "yes"})):
        sent = answer_of(answer)
        assert answer["Location"].startswith(f"{CALLBACK}?")
        assert (sent["error"], sent["state"]) == (error, "the state")
    assert not Grant.objects.exists()


def test_app_may_not_ask_for_more_than_it_is_registered_for(person):
    app = make_app(scopes=["reference:read"])

    assert answer_of(browser_of(person).get(address_of(app)))["error"] == "invalid_scope"


def test_request_without_scopes_is_for_all_that_the_app_is_registered_for(person):
    app = make_app(scopes=["reference:read"])

    text = browser_of(person).get(address_of(app, scope=None)).content.decode()

    assert "Read clinics" in text
    assert "Read patients" not in text


def test_what_openid_would_add_is_passed_over(person):
    more = {"nonce": "n" * 999, "claims": '{"userinfo": {}}', "resource": "https://x.example.org"}

    assert "code" in answer_of(
        browser_of(person).post(address_of(make_app(), **more), {"allow": "yes"})
    )


def test_code_stands_in_the_query_wherever_the_asker_wants_it(person):
    address = address_of(make_app(), response_mode="fragment")

    assert "code" in answer_of(browser_of(person).post(address, {"allow": "yes"}))


def test_system_asks_nobody(person):
    system, _ = make_system()
    answer = browser_of(person).get(address_of(system))

    assert (answer.status_code, "Location" in answer) == (400, False)


def test_app_that_is_switched_off_asks_nobody(person):
    app = make_app()
    type(app).objects.filter(pk=app.pk).update(is_active=False)

    assert browser_of(person).get(address_of(app)).status_code == 400


@pytest.mark.parametrize("query", ["", "?x=%zz", "?client_id=%00", "?client_id=a&client_id=b"])
def test_nonsense_is_refused(person, query):
    for browser in (browser_of(person), Client()):
        assert browser.get(AUTHORIZE + query).status_code == 400


def test_metadata_names_what_there_is(client):
    told = client.get("/.well-known/oauth-authorization-server").json()

    assert told["issuer"] == "http://testserver"
    assert told["authorization_endpoint"] == "http://testserver/oauth/authorize"
    assert told["token_endpoint"] == "http://testserver/oauth/token"
    assert told["revocation_endpoint"] == "http://testserver/oauth/revoke"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    grants = ["authorization_code", "client_credentials", "refresh_token"]
    assert told["grant_types_supported"] == grants
    assert "doses:write" in told["scopes_supported"]
