"""Who somebody is, and what they may do by role: asked once a request."""

from __future__ import annotations

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission

from accounts.models import User
from records.statements import Select, by_key, stand_in


class RoleBackend(AuthenticationBackend):
    """allauth's sign-in; all permissions of a user come by one statement in the place of two."""

    def get_user(self, user_id: int) -> User | None:
        """Return the account of a session; None for one that is gone or switched off."""
        try:
            user = by_key(User, user_id)
        except IndexError:
            return None
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
def _permissions() -> Select:
    user = stand_in(int, 0)
    columns = ("content_type__app_label", "codename")
    by_group = Permission.objects.filter(group__user=user).order_by().values_list(*columns)
    own = Permission.objects.filter(user=user).order_by().values_list(*columns)
    return Select(by_group.union(own, all=True), {"user": user})
