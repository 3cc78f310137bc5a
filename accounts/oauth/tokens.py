"""Whose tokens are good, and how they end."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from accounts import second_factor

# Of the tokens that came of one code; the code itself is not kept.
FAMILY = uuid.UUID("0d4f0f7c-7d0e-4a52-a6f8-6a3a1f0c1c55")


def is_admitted(user: Any) -> bool:
    """Tell whether an account may have tokens: switched on, and with the second factor it needs.

    The account of a service has its application's secret instead, a demo account needs none; where
    demo accounts work is asked at every request.
    """
    if not user.is_active:
        return False
    if user.kind == user.Kind.SERVICE or user.is_demo or not second_factor.is_required(user):
        return True
    return bool(second_factor.factors(user))


def is_vouched_for(user: Any) -> bool:
    """Tell whether an account of the directory was signed in to within the time of a session.

    Only a sign-in asks the directory whether the person is still there, and with which roles.
    """
    if not user.in_directory:
        return True
    oldest = timezone.now() - dt.timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return user.last_login is not None and user.last_login > oldest


def family_of(code: str) -> uuid.UUID:
    """Return the family of the tokens that came of a code, used or not."""
    return uuid.uuid5(FAMILY, code)


def revoke_of_users(users: Collection[int]) -> None:
    """End every token and code of these accounts, by primary key, at their next request."""
    _revoke(Q(user__in=users), Q(application__service_user__in=users))


def revoke_of_application(application: Any, user: Any = None) -> None:
    """End every token and code of an application, or those that one user gave it."""
    _revoke(Q(application=application) & (Q(user=user) if user else Q()))


@transaction.atomic
def _revoke(whose: Q, of_systems: Q | None = None) -> None:
    """Revoke in the order in which the library locks: refresh tokens, then access tokens."""
    now = timezone.now()
    Grant.objects.filter(whose).delete()
    RefreshToken.objects.filter(whose, revoked=None).update(revoked=now, updated=now)
    AccessToken.objects.filter(whose | of_systems if of_systems else whose).delete()
