"""Who somebody is, and what they may do by role: asked once a request."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db.models import Aggregate, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Concat

from accounts.models import User
from accounts.second_factor import Known, in_staff_roles
from records.statements import Select, made, names_of, stand_in


class RoleBackend(AuthenticationBackend):
    """allauth's sign-in; all permissions of a user come by one statement in the place of two."""

    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session; None for one that is gone or switched off.

        It brings its permissions and what the second factor is judged by: one statement.
        """
        rows = _account().fetch({"pk": user_id})
        if not rows:
            return None
        *columns, in_staff, by_group, own, _, _ = rows[0]
        user: Any = made(User, columns)
        if not user.is_superuser:
            user._perm_cache = {*json.loads(by_group or "[]"), *json.loads(own or "[]")}
        owned = {key: kind for *_, key, kind in rows if key is not None}
        user.second_factor = Known(bool(in_staff), owned)
        return user if self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the full names of what the roles of a user allow; none on a single object."""
        if user_obj.is_superuser or user_obj.is_anonymous or not user_obj.is_active or obj:
            names: set[str] = super().get_all_permissions(user_obj, obj)
            return names
        if not hasattr(user_obj, "_perm_cache"):
            rows = _permissions().fetch({"user": user_obj.pk})
            user_obj._perm_cache = {f"{label}.{codename}" for label, codename in rows}
        known: set[str] = user_obj._perm_cache
        return known


@cache
def _account() -> Select:
    """Return the statement for an account by its key: one row for each of its authenticators."""
    key = stand_in(int, 0)
    rows = User.objects.filter(pk=key).order_by()
    rows = rows.annotate(
        in_staff=in_staff_roles("pk"), by_group=_names("group__user"), own=_names("user")
    )
    added = ("in_staff", "by_group", "own", "authenticator__pk", "authenticator__type")
    return Select(rows.values_list(*names_of(User), *added), {"pk": key})


class _List(Aggregate):
    """All values of a group as one JSON list."""

    function = "JSON_ARRAYAGG"
    output_field = TextField()

    def as_sqlite(self, *args: Any, **more: Any) -> Any:
        """SQLite has another name for it."""
        return super().as_sql(*args, function="JSON_GROUP_ARRAY", **more)


def _names(path: str) -> Subquery:
    """Return the full names of the permissions that the account has by this path."""
    name = Concat("content_type__app_label", Value("."), "codename")
    rows = Permission.objects.filter(**{path: OuterRef("pk")}).order_by().values(path)
    return Subquery(rows.annotate(names=_List(name)).values("names"))


@cache
def _permissions() -> Select:
    user = stand_in(int, 0)
    columns = ("content_type__app_label", "codename")
    by_group = Permission.objects.filter(group__user=user).order_by().values_list(*columns)
    own = Permission.objects.filter(user=user).order_by().values_list(*columns)
    return Select(by_group.union(own, all=True), {"user": user})
