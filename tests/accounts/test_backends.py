"""What roles allow, by one statement."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission

from accounts.backends import RoleBackend
from accounts.models import User
from accounts.roles import ROLES
from tests.records import factories as make

pytestmark = pytest.mark.django_db


def fresh(user):
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("role", [None, *(role.name for role in ROLES)])
def test_permissions_are_those_that_django_finds(role, django_assert_num_queries):
    user = make.make_user(role)
    user.user_permissions.add(Permission.objects.get(codename="view_lot"))
    expected = ModelBackend().get_all_permissions(fresh(user))
    caller = fresh(user)

    with django_assert_num_queries(1):
        assert RoleBackend().get_all_permissions(caller) == expected
        assert RoleBackend().get_all_permissions(caller) == expected
    assert "records.view_lot" in expected


def test_root_may_do_everything_and_nobody_nothing():
    root = User.objects.create_superuser("root@example.org")
    away = make.make_user("DBA", is_active=False)

    assert RoleBackend().get_all_permissions(root) == ModelBackend().get_all_permissions(root)
    assert RoleBackend().get_all_permissions(away) == set()
    assert RoleBackend().get_all_permissions(AnonymousUser()) == set()
    assert RoleBackend().get_all_permissions(fresh(root), make.make_lot()) == set()
