"""Sign-in of callers by the browser's session; tokens are the business of ``accounts``."""

from __future__ import annotations

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class BrowserSession(SessionAuthentication):
    """The session of whoever is signed in, with the CSRF token for every change."""

    def authenticate_header(self, request: Request) -> str:
        """Name the way that programs take, so that nobody signed in answers 401."""
        return 'Bearer realm="VaxPass"'
