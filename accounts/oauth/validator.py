"""What VaxPass asks of a request for a token, beyond what the library does."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django.db import transaction
from oauth2_provider.models import AccessToken, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2 import InvalidGrantError

from accounts.models import User
from accounts.oauth.tokens import family_of, is_admitted, is_vouched_for
from records.domain.account_log import log_account


class Validator(OAuth2Validator):
    """Refuses accounts that may not sign in, ends what was stolen, and notes what was given."""

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Tell whether a code is good; one that was used before ends the tokens that it gave."""
        if super().validate_code(client_id, code, client, request, *args, **kwargs):
            return is_admitted(request.user)
        self._replayed(family_of(code))
        return False

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Tell whether a refresh token is good; one that was used before ends its family."""
        used = RefreshToken.objects.filter(
            token_checksum=_checksum(refresh_token), revoked__isnull=False
        ).first()
        if used is not None and used.token_family:
            self._replayed(used.token_family)
        good = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        return bool(good) and is_admitted(request.user) and is_vouched_for(request.user)

    @transaction.atomic
    def revoke_token(
        self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any
    ) -> None:
        """End a token of the client that asks, and the one that belongs to it."""
        for kind in (AccessToken, RefreshToken):
            rows = kind.objects.filter(
                token_checksum=_checksum(token), application=request.client
            ).select_related("user")
            for row in rows:
                _note(row.user, request.client, "user.token_revoked")
        super().revoke_token(token, token_type_hint, request, *args, **kwargs)

    def _check_and_set_request_resource(self, request: Any) -> None:
        """Pass over RFC 8707's parameter: there is one API, and every token is for it."""
        request.resource = []

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        """Save the tokens and note them in the same transaction.

        Of two requests with one refresh token at the same moment, the second is refused: the
        library would answer it with the tokens of the first, which are stored as digests only.
        """
        used = getattr(request, "refresh_token_instance", None)
        if used is not None:
            rows = RefreshToken.objects.select_for_update().filter(pk=used.pk, revoked=None)
            if rows.first() is None:
                raise InvalidGrantError(request=request)
        super()._save_bearer_token(token, request, *args, **kwargs)
        _note(request.user, request.client, "user.token_issued", *token["scope"].split())

    def _create_refresh_token(
        self, request: Any, refresh_token_code: str, access_token: Any, previous_refresh_token: Any
    ) -> Any:
        """Put the first refresh token into the family of its code."""
        token = super()._create_refresh_token(
            request, refresh_token_code, access_token, previous_refresh_token
        )
        if previous_refresh_token is None:
            token.token_family = family_of(request.code)
            token.save(update_fields=["token_family"])
        return token

    @transaction.atomic
    def _replayed(self, family: uuid.UUID) -> None:
        """End the tokens of a family that somebody else has too, and note it once."""
        live = RefreshToken.objects.filter(token_family=family, revoked=None)
        for token in live.select_related("user", "application"):
            _note(token.user, token.application, "user.token_replayed", by=User.objects.system())
        RefreshToken.revoke_family(family)


def _note(user: Any, application: Any, action: str, *scopes: str, by: Any = None) -> None:
    """Write to the audit of the account; the application's own account where it is a system."""
    user = user or application.service_user
    log_account(
        by=by or user,
        user=user,
        action=action,
        fields=[f"application {application.public_id}", *scopes],
    )


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
