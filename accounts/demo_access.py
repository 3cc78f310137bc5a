"""Where demo accounts work: on the machine of whoever tries VaxPass out, and nowhere else.

Their password is public and they have no second factor.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

# A proxy adds one of these; behind one, the peer's address says nothing about the person's.
FORWARDED = (
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-host",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "fastly-client-ip",
    "fly-client-ip",
)


def is_refused(request: HttpRequest, user: Any) -> bool:
    """Tell whether this is a demo account in a place where demo accounts do not work."""
    return bool(getattr(user, "is_demo", False)) and not is_at_home(request)


def is_let_in(request: HttpRequest) -> bool:
    """Tell whether the request is of a demo account where demo accounts need no second factor."""
    return bool(getattr(request.user, "is_demo", False)) and is_at_home(request)


def is_at_home(request: HttpRequest) -> bool:
    """Tell whether this is development mode, asked by this machine itself without a proxy."""
    if not settings.DEVELOPMENT:
        return False
    if any(name.lower().startswith("x-forwarded") for name in request.headers):
        return False
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def refusal() -> str:
    """Return what a person reads who signs in to a demo account elsewhere."""
    return _(
        "Demo accounts work only on the computer that runs VaxPass in development mode."
        " Sign in with an account of your own."
    )


class DemoAccessMiddleware(MiddlewareMixin):
    """End the session of a demo account wherever demo accounts do not work, at every request."""

    def process_request(self, request: HttpRequest) -> None:
        """Sign the demo account out before anything is decided for it."""
        if is_refused(request, request.user):
            logout(request)
            request.user = AnonymousUser()
            messages.error(request, refusal())
