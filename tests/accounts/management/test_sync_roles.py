"""The command that makes groups, permissions and access to the admin from the table of roles."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.management.commands import sync_roles
from accounts.models import User
from accounts.role_sync import differences
from accounts.roles import ANALYTICS, DBA, LOGISTICS, ROLES, VOLUNTEER, Role
from records.models import AuditEntry

pytestmark = pytest.mark.django_db

NOTHING = "Nothing to change.\n"


def sync(*arguments: str) -> str:
    out = StringIO()
    call_command("sync_roles", *arguments, stdout=out)
    return out.getvalue()


def names(permissions: Any) -> set[str]:
    return {
        f"{row.content_type.app_label}.{row.codename}"
        for row in permissions.select_related("content_type")
    }


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def person(*roles: Role, **fields: Any) -> User:
    user = User.objects.create_user("vera@example.org", **fields)
    user.groups.set(Group.objects.filter(name__in=[role.name for role in roles]))
    return user


def stamp(user: User) -> int:
    return User.objects.get(pk=user.pk).session_stamp


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_group_has_exactly_its_permissions(role: Role) -> None:
    out = sync()
    assert names(Group.objects.get(name=role.name).permissions) == role.permissions
    assert f"{role.name}: made.\n" in out
    assert f"{role.name}: given {', '.join(sorted(role.permissions))}.\n" in out


def test_a_second_run_changes_nothing() -> None:
    sync()
    with CaptureQueriesContext(connection) as queries:
        assert sync() == NOTHING
    words = {query["sql"].split(maxsplit=1)[0] for query in queries}
    assert not words & {"INSERT", "UPDATE", "DELETE"}
    assert Group.objects.count() == len(ROLES)


def wrong_in_every_way() -> User:
    """Make all that a run puts right, at once."""
    sync()
    dba = Group.objects.get(name=DBA.name)
    dba.permissions.remove(permission("add_dose"))
    dba.permissions.add(permission("add_user"))
    Group.objects.create(name="Friends").permissions.add(permission("view_patient"))
    User.objects.system().groups.add(Group.objects.get(name=VOLUNTEER.name))
    user = person(LOGISTICS)
    user.user_permissions.add(permission("see_every_patient"))
    User.objects.create_user("left@example.org", is_staff=True)
    return user


EXPECTED = """\
DBA: given records.add_dose.
DBA: removed accounts.add_user.
Friends: is no role; removed records.view_patient.
vera@example.org: removed records.see_every_patient, given to this account alone.
VaxPass itself: has the role DBA only.
vera@example.org: may open the admin.
left@example.org: may not open the admin any more.
"""


def test_a_dry_run_tells_all_and_changes_nothing() -> None:
    wrong_in_every_way()
    with CaptureQueriesContext(connection) as queries:
        assert sync("--dry-run") == EXPECTED
    words = {query["sql"].split(maxsplit=1)[0] for query in queries}
    assert not words & {"INSERT", "UPDATE", "DELETE"}
    assert sync("--dry-run") == EXPECTED


def test_a_run_does_what_the_dry_run_told() -> None:
    user = wrong_in_every_way()
    assert sync() == EXPECTED
    assert sync() == NOTHING
    assert names(Group.objects.get(name=DBA.name).permissions) == DBA.permissions
    assert not Group.objects.get(name="Friends").permissions.exists()
    assert [group.name for group in User.objects.system().groups.all()] == [DBA.name]
    user = User.objects.get(pk=user.pk)
    assert user.is_staff
    assert not user.has_perm("records.see_every_patient")
    assert user.has_perm("records.recall_lot")
    assert not User.objects.get(email="left@example.org").is_staff


def test_every_change_is_audited() -> None:
    wrong_in_every_way()
    before = AuditEntry.objects.count()
    sync()
    acts = AuditEntry.objects.order_by("id")[before:]
    assert {act.actor for act in acts} == {User.objects.system()}
    assert [(act.subject_type, act.action, act.fields) for act in acts] == [
        ("role", "role.changed", ["+records.add_dose"]),
        ("role", "role.changed", ["-accounts.add_user"]),
        ("role", "role.changed", ["-records.view_patient"]),
        ("user", "user.permissions_removed", ["user_permissions"]),
        ("user", "user.roles_changed", ["groups"]),
        ("user", "user.changed", ["is_staff"]),
        ("user", "user.changed", ["is_staff"]),
    ]


def test_members_of_a_group_that_loses_a_permission_start_again() -> None:
    sync()
    volunteer = person(VOLUNTEER)
    other = User.objects.create_user("other@example.org")
    Group.objects.get(name=VOLUNTEER.name).permissions.add(permission("see_every_patient"))
    before = stamp(volunteer), stamp(other)
    sync()
    assert stamp(volunteer) > before[0]
    assert stamp(other) == before[1]


def test_members_of_a_group_that_only_gains_go_on() -> None:
    sync()
    volunteer = person(VOLUNTEER)
    Group.objects.get(name=VOLUNTEER.name).permissions.remove(permission("add_dose"))
    before = stamp(volunteer)
    sync()
    assert stamp(volunteer) == before
    assert [group.name for group in volunteer.groups.all()] == [VOLUNTEER.name]


def test_who_loses_a_permission_of_their_own_starts_again() -> None:
    sync()
    user = person(ANALYTICS, is_staff=True)
    user.user_permissions.add(permission("view_patient"))
    before = stamp(user)
    sync()
    assert stamp(user) > before


def test_a_superuser_keeps_the_admin() -> None:
    sync()
    root = User.objects.create_superuser("root@example.org", "a password of root")
    assert sync() == NOTHING
    assert User.objects.get(pk=root.pk).is_staff


def test_the_system_user_cannot_sign_in() -> None:
    sync()
    assert not User.objects.system().has_usable_password()


def test_a_permission_that_does_not_exist_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = Role("Wrong", "Nothing.", frozenset({"records.view_nothing"}))
    monkeypatch.setattr(sync_roles, "differences", lambda: differences((*ROLES, wrong)))
    with pytest.raises(CommandError, match=r"Wrong: no such permission: records.view_nothing\."):
        sync()
    assert not Group.objects.exists()


def test_database_accounts_need_an_administrator(settings: Any) -> None:
    settings.DATABASE_ADMIN_URL = ""
    with pytest.raises(CommandError, match=r"DATABASE_ADMIN_URL is missing|not mysql"):
        sync("--database")
