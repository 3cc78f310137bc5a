"""Whether the caller may try an operation at all; which rows it reaches is ``records.access``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from records import viewers


class MayAct(BasePermission):
    """Let a signed-in caller do what the role allows and, for a token, what its scope names.

    A view names its ``scope`` (``read`` or ``write`` is added by the method) and, by
    ``needs_any()``, the permissions of which the action needs one. Decided before any look-up.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return False for nobody (401); raise ``PermissionDenied`` for the wrong role or scope."""
        user = request.user
        if not user.is_authenticated:
            return False
        if view.action in (None, "metadata"):  # answered 405
            return True
        needed = [f"records.{name}" for name in view.needs_any()]
        if viewers.permissions_of(user).isdisjoint(needed):
            raise PermissionDenied(_("The role of this account does not allow this."))
        token: Any = request.auth
        if token is not None and not token.allow_scopes([scope_of(request, view)]):
            raise PermissionDenied(
                _("The token lacks the scope %(request)s.") % {"request": scope_of(request, view)}
            )
        return True


def scope_of(request: Request, view: Any) -> str:
    """Return the scope that a token needs for this request."""
    return f"{view.scope}:{'read' if request.method in SAFE_METHODS else 'write'}"
