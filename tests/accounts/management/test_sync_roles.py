"""The command that makes the groups from the table of roles."""

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
from accounts.roles import DBA, ROLES, VOLUNTEER, Role

pytestmark = pytest.mark.django_db


def sync() -> str:
    out = StringIO()
    call_command("sync_roles", stdout=out)
    return out.getvalue()


def names(permissions: Any) -> set[str]:
    return {
        f"{row.content_type.app_label}.{row.codename}"
        for row in permissions.select_related("content_type")
    }


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_group_has_exactly_its_permissions(role: Role) -> None:
    out = sync()
    assert names(Group.objects.get(name=role.name).permissions) == role.permissions
    assert f"{role.name}: {len(role.permissions)} permissions given, 0 removed." in out


def test_a_second_run_says_and_changes_nothing() -> None:
    sync()
    with CaptureQueriesContext(connection) as queries:
        assert sync() == ""
    words = {query["sql"].split(maxsplit=1)[0] for query in queries}
    assert not words & {"INSERT", "UPDATE", "DELETE"}
    assert Group.objects.count() == len(ROLES)


def test_a_permission_that_is_no_longer_granted_goes() -> None:
    sync()
    group = Group.objects.get(name=VOLUNTEER.name)
    group.permissions.add(Permission.objects.get(codename="see_every_patient"))
    assert sync() == "Volunteer: 0 permissions given, 1 removed.\n"
    assert names(group.permissions) == VOLUNTEER.permissions


def test_a_lost_permission_comes_back() -> None:
    sync()
    group = Group.objects.get(name=VOLUNTEER.name)
    group.permissions.remove(Permission.objects.get(codename="add_dose"))
    assert sync() == "Volunteer: 1 permissions given, 0 removed.\n"
    assert names(group.permissions) == VOLUNTEER.permissions


def test_the_members_of_a_group_stay() -> None:
    sync()
    user = User.objects.create_user("vera@example.org")
    user.groups.add(Group.objects.get(name=VOLUNTEER.name))
    sync()
    assert [group.name for group in user.groups.all()] == [VOLUNTEER.name]


def test_the_system_user_has_the_dba_group_and_no_other() -> None:
    sync()
    system = User.objects.system()
    system.groups.add(Group.objects.get(name=VOLUNTEER.name))
    sync()
    assert [group.name for group in system.groups.all()] == [DBA.name]
    assert not system.has_usable_password()


def test_a_permission_that_does_not_exist_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = Role("Wrong", "Nothing.", frozenset({"records.view_nothing"}))
    monkeypatch.setattr(sync_roles, "ROLES", (*ROLES, wrong))
    with pytest.raises(CommandError, match=r"Wrong: no such permission: records.view_nothing\."):
        sync()
    assert not Group.objects.exists()
