"""What tests of the sign-in share."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from tests.records.factories import make_user

PASSWORD = "a long password"
LOGIN = "/accounts/login/"
SECURITY = "/accounts/2fa/"
CODE = "/accounts/2fa/authenticate/"
NO_SERVER = "tests.accounts.signing_in.NoServer"
REAUTHENTICATE = "/accounts/2fa/reauthenticate/"
ACTIVATE = "/accounts/2fa/totp/activate/"


class NoServer(BaseEmailBackend):
    """Sends mail to a server that does not answer."""

    def send_messages(self, email_messages: Any) -> int:
        """Fail as ``smtplib`` does."""
        raise ConnectionRefusedError


def make_person(role: str | None = None, **fields: Any) -> Any:
    """Return a user who can sign in with ``PASSWORD``."""
    user = make_user(role, password=PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def without_factor(user: Any) -> Any:
    """Return the user after taking every authenticator away."""
    Authenticator.objects.filter(user=user).delete()
    return user


def sign_in(client: Client, user: Any, **headers: Any) -> Any:
    """Send address and password."""
    return client.post(LOGIN, {"login": user.email, "password": PASSWORD}, **headers)


def code_of(secret: str, steps: int = 0) -> str:
    """Return the code of an authenticator app now, or some half minutes away."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def totp_code(user: Any, steps: int = 0) -> str:
    """Return the code that the user's authenticator app shows."""
    factor = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    return code_of(decrypt(factor.data["secret"]), steps)


def is_signed_in(client: Client) -> bool:
    """Tell whether the next request is that of a user."""
    return bool(client.get("/").wsgi_request.user.is_authenticated)
