"""What a token opens: what the role allows, narrowed by its scopes, until it is taken back."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from accounts.models import User
from accounts.oauth import applications
from accounts.oauth.scopes import SCOPES
from accounts.roles import DBA, PATIENT, SALES, USER_MANAGER, VOLUNTEER
from accounts.sessions import end_sessions
from records.models import AuditEntry, Dose
from tests.accounts.oauth.flows import (
    ask_as_system,
    browser_of,
    call,
    make_app,
    make_service,
    make_system,
    refresh,
    revoke,
    tokens_for,
)
from tests.accounts.signing_in import without_factor
from tests.records import factories as make

pytestmark = pytest.mark.django_db
ALL = " ".join(SCOPES)
INVALID = 'Bearer realm="VaxPass", error="invalid_token"'


@pytest.fixture
def app():
    return make_app()


def token_of(user, app=None, scope=ALL) -> str:
    return tokens_for(user, app, scope=scope)["access_token"]


def is_refused(token: str) -> bool:
    """Tell whether a token opens nothing, and that the answer says so as RFC 6750 wants it."""
    answer = call(token)
    if answer.status_code == 200:
        return False
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, INVALID)
    assert answer["Content-Type"] == "application/problem+json"
    return True


# --------------------------------------------------------------------------------- The request


def test_caller_without_a_token_is_told_how_to_sign_in(client):
    answer = client.get("/api/v1/clinics")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="VaxPass"')


@pytest.mark.parametrize("token", ["", "wrong", "a b", "ü", "x" * 5000, "%00", "'", "a=b"])
def test_wrong_token_is_refused(token):
    assert is_refused(token)


def test_token_counts_in_the_header_and_nowhere_else(client):
    token = token_of(make.make_user(SALES.name))

    assert client.get(f"/api/v1/clinics?access_token={token}").status_code == 401
    sent = {"access_token": token, "code": "N1", "name": "North"}
    body = client.post("/api/v1/clinics", sent, content_type="application/json")
    assert body.status_code == 401


def test_wrong_token_is_refused_though_a_session_is_there():
    browser = browser_of(make.make_user(SALES.name))
    answer = browser.get("/api/v1/clinics", HTTP_AUTHORIZATION="Bearer wrong")

    assert answer.status_code == 401


def test_token_is_found_in_one_query(django_assert_num_queries):
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    from accounts.oauth.authentication import TokenAuthentication

    token = token_of(make.make_user(DBA.name))
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}")
    with django_assert_num_queries(1):
        found = TokenAuthentication().authenticate(Request(request))

    assert found[0].is_active
    assert found[1].allow_scopes(["doses:write"])


def test_expired_token_is_refused():
    token = token_of(make.make_user(SALES.name))
    AccessToken.objects.update(expires=timezone.now() - dt.timedelta(seconds=1))

    assert is_refused(token)


# -------------------------------------------------------------------------------- The account


def test_disabled_account_is_refused():
    user = make.make_user(SALES.name)
    token = token_of(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert is_refused(token)


def test_account_without_the_second_factor_that_it_needs_is_refused():
    user = make.make_user(SALES.name)
    token = token_of(user)
    without_factor(user)

    assert is_refused(token)


def test_role_that_needs_a_second_factor_counts_from_the_next_request():
    user = make.make_user(PATIENT.name)
    token = token_of(user)
    assert not is_refused(token)
    user.groups.add(Group.objects.get(name=VOLUNTEER.name))

    assert is_refused(token)


def test_demo_account_works_at_home_only(settings):
    user = make.make_user(SALES.name, is_demo=True)
    token = token_of(user)

    assert not is_refused(token)
    away = Client().get(
        "/api/v1/clinics", HTTP_AUTHORIZATION=f"Bearer {token}", REMOTE_ADDR="192.0.2.1"
    )
    assert away.status_code == 401


# ---------------------------------------------------------------------------------- Revocation


def test_token_that_is_revoked_is_refused_from_the_next_request(app):
    given = tokens_for(make.make_user(SALES.name), app)
    assert not is_refused(given["access_token"])
    assert revoke(app, given["access_token"]).status_code == 200

    assert is_refused(given["access_token"])
    assert refresh(app, given["refresh_token"]).status_code == 400


def test_refresh_token_that_is_revoked_takes_its_access_token_along(app):
    given = tokens_for(make.make_user(SALES.name), app)
    revoke(app, given["refresh_token"])

    assert is_refused(given["access_token"])


def test_client_revokes_no_token_of_another(app):
    token = token_of(make.make_user(SALES.name), app)

    assert revoke(make_app(), token).status_code == 200
    assert not is_refused(token)


@pytest.mark.parametrize("how", ["ended", "role", "password"])
def test_what_ends_sessions_ends_tokens(app, how):
    user = make.make_user(SALES.name)
    given = tokens_for(user, app)
    if how == "ended":
        end_sessions(user)
    elif how == "role":
        user.groups.add(Group.objects.get(name=PATIENT.name))
        user.groups.remove(Group.objects.get(name=SALES.name))
    else:
        from allauth.account.adapter import get_adapter

        get_adapter().set_password(user, "quite another password")

    assert is_refused(given["access_token"])
    assert refresh(app, given["refresh_token"]).status_code == 400


def test_application_that_is_switched_off_takes_its_tokens_along(app):
    token, other = token_of(make.make_user(SALES.name), app), token_of(make.make_user(SALES.name))
    type(app).objects.filter(pk=app.pk).update(is_active=False)
    assert is_refused(token)

    app.refresh_from_db()
    applications.change(
        by=make.make_user(USER_MANAGER.name),
        application=app,
        name=app.name,
        redirect_uris=app.redirect_uris,
        scopes=app.scopes.split(),
        is_active=True,
    )
    assert is_refused(token)
    assert not is_refused(other)


@pytest.mark.parametrize("how", ["disabled", "ended", "new secret"])
def test_token_of_a_system_ends(how):
    service = make_service(SALES.name)
    system, secret = make_system(service)
    token = ask_as_system(system, secret).json()["access_token"]
    assert not is_refused(token)
    if how == "disabled":
        User.objects.filter(pk=service.pk).update(is_active=False)
    elif how == "ended":
        end_sessions(service)
    else:
        applications.renew_secret(by=make.make_user(USER_MANAGER.name), pk=system.pk)

    assert is_refused(token)


# -------------------------------------------------------------------------------------- Scopes


def test_wide_scope_does_not_widen_a_role():
    token = token_of(make.make_user(PATIENT.name))
    body = {"code": "N1", "name": "North"}

    answer = call(token, method="post", data=body, content_type="application/json")

    assert answer.status_code == 403
    assert call(token, "volunteers").status_code == 403


def test_narrow_scope_narrows_the_widest_role():
    user = make.make_user(DBA.name)
    token = token_of(user, scope="staffing:read")
    wide = token_of(user)

    assert [call(wide, path).status_code for path in ("clinics", "volunteers")] == [200, 200]
    assert [call(token, path).status_code for path in ("clinics", "volunteers")] == [403, 200]


def test_scope_to_read_does_not_write():
    user = make.make_user(SALES.name)
    body = {"code": "N1", "name": "North"}
    for scope, status in (("reference:read", 403), ("reference:read reference:write", 201)):
        answer = call(
            token_of(user, scope=scope), method="post", data=body, content_type="application/json"
        )
        assert answer.status_code == status, answer.content


def test_every_scope_of_the_api_is_in_the_table():
    from records.api.urls import router

    wanted = {
        f"{view.scope}:{kind}" for _, view, _ in router.registry for kind in ("read", "write")
    }

    assert wanted <= set(SCOPES)
    assert {scope.partition(":")[2] for scope in SCOPES} == {"read", "write"}


# -------------------------------------------------------------------------------------- Systems


def test_system_sees_the_patients_of_its_own_clinic_and_no_others():
    here, elsewhere = make.make_clinic(), make.make_clinic()
    service = make_service(VOLUNTEER.name)
    make.make_volunteer(here, user=service)
    mine = make.make_patient(clinic=here)
    make.make_patient(clinic=elsewhere)
    system, secret = make_system(service)
    token = ask_as_system(system, secret).json()["access_token"]

    listed = call(token, "patients").json()["results"]

    assert [row["id"] for row in listed] == [str(mine.public_id)]


def test_system_records_a_dose_at_its_own_clinic_and_nowhere_else():
    here, elsewhere = make.make_clinic(), make.make_clinic()
    service = make_service(VOLUNTEER.name)
    badge = make.make_volunteer(here, user=service)
    patient, lot = make.make_patient(clinic=here), make.make_lot()
    system, secret = make_system(service)
    token = ask_as_system(system, secret).json()["access_token"]

    def record(clinic):
        body = {
            "patient": str(patient.public_id),
            "lot": str(lot.public_id),
            "clinic": str(clinic.public_id),
            "volunteer": str(badge.public_id),
            "administered_on": make.days_ago(0).isoformat(),
        }
        key = {"HTTP_IDEMPOTENCY_KEY": f"key-{clinic.code}"}
        return call(token, "doses", "post", data=body, content_type="application/json", **key)

    refused, recorded = record(elsewhere), record(here)

    assert refused.status_code in (403, 422), refused.content
    assert recorded.status_code == 201, recorded.content
    assert Dose.objects.get().recorded_by == service
    assert AuditEntry.objects.get(action="dose.recorded").actor == service


def test_document_names_the_flows_and_the_scope_of_each_operation(client):
    told = call(token_of(make.make_user(SALES.name)), "schema").json()

    flows = told["components"]["securitySchemes"]["oauth2"]["flows"]
    assert set(flows) == {"authorizationCode", "clientCredentials"}
    assert flows["authorizationCode"]["scopes"] == SCOPES
    operations = told["paths"]["/api/v1/clinics"]
    assert {"oauth2": ["reference:read"]} in operations["get"]["security"]
    assert {"oauth2": ["reference:write"]} in operations["post"]["security"]
