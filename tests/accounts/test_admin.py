"""Accounts in the admin: who may do what to whose."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import DBA, LOGISTICS, PATIENT, SALES, USER_MANAGER, VOLUNTEER
from records.models import AuditEntry
from tests.accounts.signing_in import NO_SERVER
from tests.records import factories

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"
ADD = f"{LIST}add/"


@pytest.fixture
def manager() -> Any:
    """Return a user manager."""
    return factories.make_user(USER_MANAGER.name, is_staff=True)


@pytest.fixture
def page(manager: Any) -> Client:
    """Return a user manager's browser."""
    client = Client()
    client.force_login(manager)
    return client


def group(role: Any) -> int:
    return Group.objects.get(name=role.name).pk


def change(client: Client, user: Any, **fields: Any) -> Any:
    data = {"name": user.name, "is_active": "on", "badge": "", **fields}
    return client.post(f"{LIST}{user.pk}/change/", data)


def test_adding_an_account_gives_roles_and_the_admin_only_where_it_is_needed(
    page: Client, manager: Any
) -> None:
    for email, role, staff in (("a@x.org", LOGISTICS, True), ("b@x.org", VOLUNTEER, False)):
        sent = {"email": email, "name": "New", "kind": "person", "groups": [group(role)]}
        assert page.post(ADD, sent).status_code == 302
        user = User.objects.get(email=email)
        assert [g.name for g in user.groups.all()] == [role.name]
        assert (user.is_staff, user.is_superuser) == (staff, False)
        assert not user.has_usable_password()
    assert AuditEntry.objects.filter(action="user.added", actor=manager).count() == 2


def test_a_taken_address_is_an_error_of_its_field(page: Client) -> None:
    factories.make_user(email="a@x.org")
    response = page.post(ADD, {"email": "A@X.org", "name": "", "kind": "person"})
    assert set(response.context["adminform"].form.errors) == {"email"}


def test_nobody_makes_a_system_account(page: Client) -> None:
    response = page.post(ADD, {"email": "a@x.org", "name": "", "kind": "system"})
    assert set(response.context["adminform"].form.errors) == {"kind"}


def test_changing_roles_is_audited_and_takes_the_admin_away(page: Client) -> None:
    user = factories.make_user(LOGISTICS.name, is_staff=True)
    assert change(page, user, groups=[group(VOLUNTEER)]).status_code == 302
    user.refresh_from_db()
    assert not user.is_staff
    assert AuditEntry.objects.filter(
        action="user.roles_changed", subject_id=user.public_id
    ).exists()


@pytest.mark.parametrize("role", [DBA, USER_MANAGER])
def test_a_powerful_role_is_announced_to_every_user_manager(
    page: Client, manager: Any, role: Any, django_capture_on_commit_callbacks: Any
) -> None:
    other = factories.make_user(USER_MANAGER.name)
    user = factories.make_user()
    with django_capture_on_commit_callbacks(execute=True):
        change(page, user, groups=[group(role)])
    told = {address for message in mail.outbox for address in message.to}
    assert {manager.email, other.email} <= told
    assert role.name in mail.outbox[0].subject


def test_a_role_is_given_and_the_page_answers_though_no_mail_leaves(
    page: Client, settings: Any, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND = NO_SERVER
    user = factories.make_user()
    with django_capture_on_commit_callbacks(execute=True):
        assert change(page, user, groups=[group(DBA)]).status_code == 302
    assert user.groups.filter(name=DBA.name).exists()
    assert "a notice did not leave" in caplog.text


def test_other_roles_are_not_announced(
    page: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        change(page, factories.make_user(), groups=[group(SALES)])
    assert not mail.outbox


def test_nobody_changes_their_own_account(page: Client, manager: Any) -> None:
    assert page.get(f"{LIST}{manager.pk}/change/").status_code == 200
    assert change(page, manager, groups=[group(DBA)]).status_code == 403
    assert not manager.groups.filter(name=DBA.name).exists()


def test_superusers_and_the_system_are_out_of_reach(page: Client) -> None:
    root = factories.make_user(is_superuser=True)
    for user in (root, factories.system()):
        assert change(page, user, is_active="").status_code == 403
        user.refresh_from_db()
        assert user.is_active


def test_superuser_flag_and_permissions_cannot_be_sent(page: Client) -> None:
    user = factories.make_user()
    change(page, user, is_superuser="on", is_staff="on", user_permissions=["1"])
    user.refresh_from_db()
    assert (user.is_superuser, user.is_staff) == (False, False)
    assert not user.user_permissions.exists()


def test_an_account_is_switched_off_and_never_deleted(page: Client) -> None:
    user = factories.make_user()
    assert change(page, user, is_active="").status_code == 302
    user.refresh_from_db()
    assert not user.is_active
    assert page.post(f"{LIST}{user.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_account_is_linked_to_a_badge_and_unlinked(page: Client) -> None:
    user, volunteer = factories.make_user(), factories.make_volunteer()
    assert change(page, user, badge=volunteer.code).status_code == 302
    volunteer.refresh_from_db()
    assert volunteer.user == user
    assert change(page, user, badge="").status_code == 302
    volunteer.refresh_from_db()
    assert volunteer.user is None


def test_an_unknown_or_taken_badge_is_an_error_and_changes_nothing(page: Client) -> None:
    user = factories.make_user(name="Old")
    taken = factories.make_volunteer(user=factories.make_user())
    for badge in ("NONE", taken.code):
        response = change(page, user, badge=badge, name="New")
        assert set(response.context["adminform"].form.errors) == {"badge"}
    user.refresh_from_db()
    assert user.name == "Old"


@pytest.mark.parametrize("role", [DBA, LOGISTICS, SALES])
def test_other_roles_see_no_accounts(role: Any) -> None:
    client = Client()
    client.force_login(factories.make_user(role.name, is_staff=True))
    user = factories.make_user()
    for address in (LIST, ADD, f"{LIST}{user.pk}/change/", f"{LIST}{user.pk}/history/"):
        assert client.get(address).status_code in (403, 404)
    query = "app_label=records&model_name=volunteer&field_name=user&term="
    assert client.get(f"/admin/autocomplete/?{query}").status_code == 403


def test_user_managers_see_no_record(page: Client) -> None:
    patient = factories.make_patient()
    for name in ("patient", "dose", "volunteer"):
        assert page.get(f"/admin/records/{name}/").status_code == 403
    assert page.get(f"/admin/records/patient/{patient.pk}/change/").status_code == 403


def test_the_list_does_few_queries_and_finds_by_address_and_name(page: Client) -> None:
    for number in range(5):
        factories.make_user(SALES.name, email=f"found{number}@x.org", name="Wanda")
    with CaptureQueriesContext(connection) as queries:
        assert page.get(LIST).status_code == 200
    assert len(queries) <= 12
    for term in ("FOUND", "wan"):
        found = page.get(LIST, {"q": term}).context["cl"].result_list
        assert len(found) == 5


@pytest.mark.parametrize(
    "query",
    ["patient_grants__isnull=False", "patientpermission__gt=0", "password__startswith=a", "id=1"],
)
def test_an_address_asks_nothing_that_the_list_does_not_show(page: Client, query: str) -> None:
    factories.make_grant(factories.make_user(PATIENT.name), factories.make_patient())
    assert page.get(f"{LIST}?{query}").status_code == 400


def test_the_filters_of_the_list_work(page: Client, manager: Any) -> None:
    gone = factories.make_user(is_active=False)
    found = page.get(f"{LIST}?is_active__exact=0&kind__exact=person").context["cl"].result_list
    assert list(found) == [gone]
