"""The server of oauthlib with what OAuth 2.1 has left of OAuth 2.0, and nothing else."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.scopes import SettingsScopes
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RevocationEndpoint,
    TokenEndpoint,
)

# All that a body may say (RFC 6749, 7009, 7636).
SPOKEN = frozenset(
    {
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "grant_type",
        "redirect_uri",
        "refresh_token",
        "scope",
        "token",
        "token_type_hint",
    }
)


class Backend(OAuthLibCore):
    """Passes requests on to the server."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return the parameters that OAuth has.

        oauthlib makes each an attribute of its request, where `encoding` would say how to read a
        secret (and so hide from the limits whose it is) and others would stand for objects.
        """
        return [(name, text) for name, text in super().extract_body(request) if name in SPOKEN]


class Server(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    """Codes for apps, credentials for systems, refreshed tokens, and revocation."""

    def __init__(
        self,
        request_validator: Any,
        token_expires_in: Any = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **kwargs: Any,
    ) -> None:
        """Take what the library passes from its settings."""
        code = AuthorizationCodeGrant(request_validator)
        token = BearerToken(
            request_validator, token_generator, token_expires_in, refresh_token_generator
        )
        AuthorizationEndpoint.__init__(
            self,
            default_response_type="code",
            default_token_type=token,
            response_types={"code": code},
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=token,
            grant_types={
                "authorization_code": code,
                "client_credentials": ClientCredentialsGrant(request_validator),
                "refresh_token": RefreshTokenGrant(request_validator),
            },
        )
        RevocationEndpoint.__init__(self, request_validator)


class Scopes(SettingsScopes):
    """The table of scopes, cut to what an application is registered for."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what an application may ask for; all scopes for the metadata."""
        known: list[str] = super().get_available_scopes(application, request)
        if application is None:
            return known
        registered = application.scopes.split()
        return [scope for scope in known if scope in registered]

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes of a request that names none: all of the application's."""
        return self.get_available_scopes(application, request)
