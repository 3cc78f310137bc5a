"""Who asks in the benchmark of the API: a person in a browser, and a clinic's system."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NamedTuple

from django.utils import timezone

KEEPER = "bench-dba@example.org"


class Caller(NamedTuple):
    """Whom a request comes from: the headers that say so."""

    name: str
    headers: dict[str, str]


def by_session() -> Caller:
    """Return a keeper of records who has signed in with the second factor in a browser."""
    from django.contrib.auth.models import Group
    from django.middleware.csrf import _get_new_csrf_string
    from django.test import Client

    from accounts.models import User
    from accounts.roles import DBA
    from tests.records.factories import pass_second_factor

    user = User.objects.filter(email_normalized=KEEPER).first()
    if user is None:
        user = User.objects.create_user(KEEPER, is_staff=True)
        user.groups.add(Group.objects.get(name=DBA.name))
    client = Client()
    client.force_login(user)
    pass_second_factor(client, user)
    token = _get_new_csrf_string()
    cookies = [f"{name}={morsel.value}" for name, morsel in client.cookies.items()]
    cookie = "; ".join([*cookies, f"csrftoken={token}"])
    return Caller("session", {"Cookie": cookie, "X-CSRFToken": token})


def by_token() -> Caller:
    """Return a clinic's system: the account of a volunteer, with a token for all scopes."""
    from django.contrib.auth.models import Group
    from oauth2_provider.models import AccessToken, get_application_model

    from accounts.models import User
    from accounts.oauth.scopes import SCOPES
    from accounts.roles import VOLUNTEER
    from records.models import Volunteer

    email = "bench-system@example.org"
    user = User.objects.filter(email_normalized=email).first()
    if user is None:
        user = User.objects.create_user(email, kind=User.Kind.SERVICE)
        user.groups.add(Group.objects.get(name=VOLUNTEER.name))
        Volunteer.objects.filter(pk=7).update(user=user)
    scopes = " ".join(SCOPES)
    application, _ = get_application_model().objects.get_or_create(
        name="bench",
        defaults={
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "service_user": user,
            "scopes": scopes,
        },
    )
    value = uuid.uuid4().hex
    AccessToken.objects.create(
        token=value,
        application=application,
        expires=timezone.now() + dt.timedelta(hours=2),
        scope=scopes,
    )
    return Caller("token", {"Authorization": f"Bearer {value}"})
