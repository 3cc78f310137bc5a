"""Who calls the API with a token: the account that signed in, or a system's own."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext as _
from oauth2_provider.models import AccessToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import demo_access, second_factor
from accounts.models import User
from accounts.oauth.models import Application
from records.statements import Select, names_of

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,512}=*")  # RFC 6750
REALM = 'Bearer realm="VaxPass"'
STAND_IN = "the checksum"
# What is read of each, where; of token and application only what a request asks of them.
PARTS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("", AccessToken, ("id", "user_id", "application_id", "expires", "scope")),
    ("application__", Application, ("id", "service_user_id", "is_active")),
    ("user__", User, names_of(User)),
    ("application__service_user__", User, names_of(User)),
)


class TokenAuthentication(BaseAuthentication):
    """Takes a bearer token from the header, and from nowhere else.

    Everything is asked of the database at every request, in one query: a token, an application or
    an account that was switched off a moment ago is refused.
    """

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """Return the account and its token; None without one. Raises ``AuthenticationFailed``."""
        scheme, _blank, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = _find(value) if TOKEN.fullmatch(value) else None
        user = _owner(token)
        if token is None or user is None or not _is_good(request, token, user):
            raise AuthenticationFailed(_("The token is wrong, expired or revoked."))
        return user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge; that a token was sent in vain is told apart from none."""
        if request.headers.get("Authorization", "").lower().startswith("bearer "):
            return f'{REALM}, error="invalid_token"'
        return REALM


def _find(value: str) -> Any:
    """Return the token with its application and account, or None; one compiled statement."""
    checksum = hashlib.sha256(value.encode()).hexdigest()
    rows = _statement().fetch({"checksum": checksum})
    if not rows:
        return None
    values = iter(rows[0])
    token, application, user, service = (
        _part(model, names, list(islice(values, len(names)))) for _, model, names in PARTS
    )
    if application is not None:
        application.service_user = service
    token.application, token.user = application, user
    token.in_staff, token.has_factor = values
    return token


def _part(model: type[Any], names: tuple[str, ...], columns: list[Any]) -> Any:
    """Return an object, or None for the empty columns of one that is not there."""
    return model.from_db(DEFAULT_DB_ALIAS, names, columns) if columns[0] is not None else None


@cache
def _statement() -> Select:
    columns = [f"{path}{name}" for path, _, names in PARTS for name in names]
    rows = second_factor.with_factors(AccessToken.objects.filter(token_checksum=STAND_IN), "user")
    return Select(rows.values_list(*columns, "in_staff", "has_factor"), {"checksum": STAND_IN})


def _owner(token: Any) -> User | None:
    if token is None or token.application is None:
        return None
    user: User | None = token.application.service_user or token.user
    return user


def _is_good(request: Request, token: Any, user: User) -> bool:
    if token.is_expired() or not user.is_active or not token.application.is_usable(request):
        return False
    if user.kind == User.Kind.SERVICE:  # its application's secret is what it has
        return True
    if user.is_demo:
        return demo_access.is_at_home(request._request)
    return not second_factor.is_lacking(user, token)
