"""The endpoints of OAuth: asking a person, giving a token, taking it back."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic.base import TemplateResponseMixin
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.http import OAuth2ResponseRedirect
from oauth2_provider.models import Grant
from oauth2_provider.views import RevokeTokenView, TokenView
from oauth2_provider.views.base import BaseAuthorizationView
from oauthlib.oauth2 import InvalidRequestError

from accounts.oauth import limits
from accounts.oauth.models import Application
from accounts.oauth.scopes import scope_words
from records.domain.account_log import log_account
from records.domain.errors import TooManyAttempts

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # of S256, RFC 7636
# The library would heed these; there is no OpenID here, one API that all tokens are for, and a
# code goes into the query, where the app looks for it, and not where the asker says.
NOT_SPOKEN: dict[str, Any] = {
    "nonce": "",
    "claims": {},
    "resource": [],
    "response_mode": "query",
}


class Authorize(TemplateResponseMixin, BaseAuthorizationView):
    """Ask who is signed in whether an app may act for them.

    The address holds the whole request, and is checked anew when the answer is sent.
    """

    template_name = "oauth/authorize.html"
    http_method_names = ("get", "head", "post")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show what the app may do afterwards."""
        try:
            scopes, credentials = self.validate_authorization_request(request)
        except OAuthToolkitError as error:
            return self.error_response(error, None)
        target = urlsplit(credentials["redirect_uri"])
        shown = {
            "application": Application.objects.get(client_id=credentials["client_id"]),
            "scopes": [scope_words(scope) for scope in scopes],
            "host": target.netloc,
        }
        response: Any = self.render_to_response(shown)
        # Browsers hold the redirect that answers a form to the form's policy.
        response._csp_update = {"form-action": [f"{target.scheme}://{target.netloc}"]}
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send the app a code, or a refusal."""
        try:
            scopes, credentials = self.validate_authorization_request(request)
            uri = self._answer(request, scopes, credentials)
        except OAuthToolkitError as error:
            return self.error_response(error, None)
        return self.redirect(uri, None)

    def handle_no_permission(self) -> HttpResponseBase:
        """Lead to the sign-in; a wrong request is refused before anybody signs in for it."""
        try:
            self.validate_authorization_request(self.request)
        except OAuthToolkitError as error:
            return self.error_response(error, None)
        return super().handle_no_permission()

    def validate_authorization_request(self, request: HttpRequest) -> tuple[list[str], Any]:
        """Return scopes and credentials of the request.

        Raises ``OAuthToolkitError``, and ``BadRequest`` for what is not form-encoded.
        """
        try:
            scopes, credentials = super().validate_authorization_request(request)
        except ValueError as error:  # oauthlib's
            raise BadRequest from error
        challenge = credentials.get("code_challenge", "")
        is_s256 = credentials.get("code_challenge_method") == "S256"
        if not is_s256 or not CHALLENGE.fullmatch(challenge):
            fault = InvalidRequestError(
                description="PKCE with S256 is required.", state=credentials["state"]
            )
            raise OAuthToolkitError(fault, redirect_uri=credentials["redirect_uri"])
        return scopes, {**credentials, **NOT_SPOKEN}

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        """Redirect to an address that has been compared with the registered ones."""
        response: HttpResponse = OAuth2ResponseRedirect(redirect_to, ["https", "http"])
        return response

    @transaction.atomic
    def _answer(self, request: HttpRequest, scopes: list[str], credentials: Any) -> str:
        """Return where the browser goes, and note that an app was let in, and for what."""
        allow = "allow" in request.POST
        uri: str
        uri, *_ = self.create_authorization_response(request, " ".join(scopes), credentials, allow)
        application = Application.objects.get(client_id=credentials["client_id"])
        log_account(
            by=request.user,
            user=request.user,
            action="user.app_allowed",
            fields=[f"application {application.public_id}", *scopes],
        )
        return uri


@method_decorator([csrf_exempt, login_not_required], name="dispatch")  # as what it extends
class Counted:
    """Counts tries at the secrets of clients, and answers as OAuth does when none is left."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count, then pass on."""
        try:
            limits.count(request)
        except TooManyAttempts as error:
            seconds = max(1, math.ceil(error.retry_after.total_seconds()))
            body = {"error": "temporarily_unavailable", "error_description": "Too many tries."}
            return JsonResponse(body, status=429, headers={"Retry-After": str(seconds)})
        view: Any = super()
        try:
            response: HttpResponseBase = view.dispatch(request, *args, **kwargs)
        except ValueError:  # oauthlib's word for what is not form-encoded
            return JsonResponse({"error": "invalid_request"}, status=400)
        except Grant.DoesNotExist:  # another request has used the code up a moment ago
            return JsonResponse({"error": "invalid_grant"}, status=400)
        if response.status_code == 200:
            limits.give_back(request)
        return response


class Token(Counted, TokenView):
    """Give a token for a code, a refresh token or a system's secret."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with tokens; there is no flow for devices."""
        response: HttpResponse = self.authorization_flow_token_response(request)
        return response


class Revoke(Counted, RevokeTokenView):
    """Take a token back that the asking client was given."""

    http_method_names = ("post",)
