"""How a client signs in, in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.permissions import SAFE_METHODS

from accounts.oauth.scopes import SCOPES


class TokenScheme(OpenApiAuthenticationExtension):
    """OAuth 2.1 with its two flows, and the scope that each operation needs."""

    target_class = "accounts.oauth.authentication.TokenAuthentication"
    name = "oauth2"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the flows."""
        token = reverse("oauth2_provider:token")
        return {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": reverse("oauth2_provider:authorize"),
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": SCOPES,
                },
                "clientCredentials": {"tokenUrl": token, "scopes": SCOPES},
            },
        }

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the scope of one operation."""
        scope = getattr(auto_schema.view, "scope", None)
        kind = "read" if auto_schema.method in SAFE_METHODS else "write"
        return {self.name: [f"{scope}:{kind}"] if scope else []}
