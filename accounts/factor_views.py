"""allauth's pages that add and remove authenticators, one request of an account at a time.

MariaDB has no conditional unique key to keep a second authenticator app or a second set of
recovery codes out, so the row of the account is locked while one is added.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from accounts.models import User


class OneAtATime:
    """Locks the account while a form that was sent changes its authenticators."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Pass on, inside a transaction that holds the row of the account."""
        if request.method != "POST":
            return self._pass_on(request, *args, **kwargs)
        with transaction.atomic():
            user: Any = request.user
            list(User.objects.select_for_update().filter(pk=user.pk))
            user.second_factor = None  # it was read before the lock
            return self._pass_on(request, *args, **kwargs)

    def _pass_on(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        parent: Any = super()
        response: HttpResponseBase = parent.dispatch(request, *args, **kwargs)
        return response


class ActivateTOTP(OneAtATime, ActivateTOTPView):
    """Add an authenticator app."""


class DeactivateTOTP(OneAtATime, DeactivateTOTPView):
    """Remove the authenticator app; its form refuses the last factor of who needs one."""


class AddWebAuthn(OneAtATime, AddWebAuthnView):
    """Add a passkey or security key."""


class RemoveWebAuthn(OneAtATime, RemoveWebAuthnView):
    """Remove a passkey or security key, unless it is the last factor of who needs one."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove, or say why not: allauth asks the adapter for authenticator apps only."""
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.get_object()):
            response: HttpResponse = super().form_valid(form)
            return response
        error: ValidationError = adapter.validation_error("cannot_delete_authenticator")
        messages.error(self.request, error.messages[0])
        return HttpResponseRedirect(self.get_success_url())
