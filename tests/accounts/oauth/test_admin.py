"""Applications in the admin: user managers keep them, a secret is shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.oauth.models import Application
from accounts.roles import DBA, PATIENT, ROLES, USER_MANAGER
from records.models import AuditEntry
from tests.accounts.oauth.flows import (
    CALLBACK,
    ask_as_system,
    browser_of,
    call,
    make_app,
    make_service,
    make_system,
    tokens_for,
)
from tests.records import factories as make

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/application/"
ADD = f"{LIST}add/"


@pytest.fixture
def manager() -> Any:
    return make.make_user(USER_MANAGER.name, is_staff=True)


@pytest.fixture
def page(manager: Any) -> Client:
    return browser_of(manager)


def sent(**changed: Any) -> dict[str, Any]:
    app = {"name": "Planner", "kind": "public", "redirect_uris": CALLBACK, "service_user": ""}
    return {**app, "scopes": ["reference:read"], **changed}


def errors_of(response: Any) -> set[str]:
    return set(response.context["adminform"].form.errors)


def shown_secret(response: Any) -> str:
    return re.findall(r"<dt>Secret</dt><dd>(\w{100,})</dd>", response.content.decode())[0]


def test_app_is_added_and_audited(page: Client, manager: Any) -> None:
    assert page.post(ADD, sent()).status_code == 302

    app = Application.objects.get()
    assert (app.client_type, app.redirect_uris, app.scopes) == (
        "public",
        CALLBACK,
        "reference:read",
    )
    entry = AuditEntry.objects.get(action="application.added")
    assert (entry.actor, entry.subject_id) == (manager, app.public_id)
    assert tokens_for(make.make_user(PATIENT.name), app, scope="reference:read")


def test_secret_is_shown_once_and_works(page: Client) -> None:
    service = make_service("Sales")
    answer = page.post(ADD, sent(kind="system", redirect_uris="", service_user=service.pk))
    system = Application.objects.get()

    secret = shown_secret(answer)

    assert "no-store" in answer["Cache-Control"]
    assert ask_as_system(system, secret).status_code == 200
    again = page.get(f"{LIST}{system.pk}/change/").content.decode()
    assert secret not in again
    assert system.client_secret not in again


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"kind": "implicit"}, "kind"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"redirect_uris": "http://app.example.org/"}, "redirect_uris"),
        ({"redirect_uris": "http://localhost/"}, "redirect_uris"),
        ({"redirect_uris": "http://[::1]/"}, "redirect_uris"),
        ({"redirect_uris": "https://*.example.org/"}, "redirect_uris"),
        ({"redirect_uris": "https://somebody@app.example.org/"}, "redirect_uris"),
        ({"redirect_uris": "https://app.example.org:x/"}, "redirect_uris"),
        ({"redirect_uris": "https://app;upgrade-insecure-requests/"}, "redirect_uris"),
        ({"redirect_uris": "https://еxample.org/"}, "redirect_uris"),  # noqa: RUF001
        ({"redirect_uris": "https://app.example.org/#part"}, "redirect_uris"),
        ({"redirect_uris": f"{CALLBACK} javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": "org.example.app:/callback"}, "redirect_uris"),
        ({"kind": "system"}, "service_user"),
        ({"service_user": "person"}, "service_user"),
        ({"kind": "system", "service_user": "person"}, "service_user"),
        ({"service_user": "service"}, "service_user"),
    ],
)
def test_wrong_application_is_refused_at_its_field(page: Client, changed: Any, field: str) -> None:
    accounts = {"person": make.make_user(DBA.name), "service": make_service()}
    if name := changed.get("service_user"):
        changed = {**changed, "service_user": accounts[name].pk}

    assert errors_of(page.post(ADD, sent(**changed))) == {field}
    assert not Application.objects.exists()


def test_change_ends_the_tokens_and_a_new_name_does_not(page: Client, manager: Any) -> None:
    app = make_app(scopes=["reference:read"])
    token = tokens_for(make.make_user(PATIENT.name), app, scope="reference:read")["access_token"]
    data = {"name": "New", "redirect_uris": CALLBACK, "scopes": ["reference:read"]}
    address = f"{LIST}{app.pk}/change/"

    assert page.post(address, {**data, "is_active": "on"}).status_code == 302
    assert call(token).status_code == 200
    assert page.post(address, data).status_code == 302
    assert call(token).status_code == 401

    changes = AuditEntry.objects.filter(action="application.changed", actor=manager)
    assert [entry.fields for entry in changes.order_by("id")] == [["name"], ["is_active"]]


def test_how_an_application_signs_in_is_not_changed(page: Client) -> None:
    system, _ = make_system()
    other = make_service(DBA.name)
    data = {"name": "New", "redirect_uris": "", "scopes": ["reference:read"], "is_active": "on"}
    page.post(
        f"{LIST}{system.pk}/change/",
        {**data, "service_user": other.pk, "kind": "public", "client_secret": "mine"},
    )

    kept = Application.objects.get(pk=system.pk)
    assert (kept.service_user, kept.client_type) == (system.service_user, "confidential")
    assert kept.client_secret == system.client_secret


def test_new_secret_replaces_the_old_one(page: Client) -> None:
    system, old = make_system()
    address = f"{LIST}{system.pk}/new-secret/"
    assert page.get(address).status_code == 200
    assert ask_as_system(system, old).status_code == 200

    new = shown_secret(page.post(address))

    assert ask_as_system(system, old).status_code == 401
    assert ask_as_system(system, new).status_code == 200
    assert AuditEntry.objects.filter(action="application.secret_renewed").count() == 1


def test_app_that_keeps_no_secret_gets_none(page: Client) -> None:
    assert page.post(f"{LIST}{make_app().pk}/new-secret/").status_code == 404


def test_managers_are_told_of_a_system_with_a_role_of_the_admin(
    manager: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_system(make_service("Volunteer"))
    assert not mail.outbox

    with django_capture_on_commit_callbacks(execute=True):
        make_system(make_service(DBA.name), name="Loader")
    assert manager.email in {address for message in mail.outbox for address in message.to}
    assert "Loader" in mail.outbox[0].subject


def test_nobody_gets_a_secret_of_root(page: Client, manager: Any) -> None:
    root = make_service(is_superuser=True)
    sent_for_root = sent(kind="system", redirect_uris="", service_user=root.pk)
    assert errors_of(page.post(ADD, sent_for_root)) == {"service_user"}
    with pytest.raises(PermissionDenied):
        make_system(root)

    later = make_service()
    system, secret = make_system(later)
    type(later).objects.filter(pk=later.pk).update(is_superuser=True)

    assert page.post(f"{LIST}{system.pk}/new-secret/").status_code == 403
    assert ask_as_system(system, secret).status_code == 200


def test_nobody_else_keeps_applications() -> None:
    app = make_app()
    secret = f"{LIST}{make_system()[0].pk}/new-secret/"
    for role in ROLES:
        if role is USER_MANAGER:
            continue
        browser = browser_of(make.make_user(role.name, is_staff=role.uses_admin))
        for path in (LIST, ADD, f"{LIST}{app.pk}/change/", secret):
            assert browser.get(path).status_code == 403, (role.name, path)
            assert browser.post(path, sent()).status_code == 403, (role.name, path)
    assert Application.objects.count() == 2


def test_application_is_never_deleted(page: Client) -> None:
    app = make_app()

    assert page.post(f"{LIST}{app.pk}/delete/", {"post": "yes"}).status_code == 403
    assert page.get(f"{LIST}{app.pk}/history/").status_code == 404


def test_list_filters_by_nothing_that_it_does_not_show(page: Client) -> None:
    make_system()

    assert page.get(f"{LIST}?client_secret__startswith=a").status_code in (302, 400)
    assert page.get(f"{LIST}?q=sys").status_code == 200


def test_managers_find_it_in_the_audit(page: Client) -> None:
    make_app()

    assert "application.added" in page.get("/admin/records/auditentry/").content.decode()
