"""The programs that may ask for tokens."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from oauth2_provider.models import AbstractApplication

LOOPBACK = "127.0.0.1"  # a policy of the browser can name no IPv6 address
# As the policy names it and a person reads it: other letters stand as punycode.
HOST = re.compile(r"[a-z0-9.-]+(:[0-9]{1,5})?", re.IGNORECASE)


class Application(AbstractApplication):
    """An app that acts for whoever signs in to it, or a system with an account of its own."""

    # What the library offers and VaxPass does not: no consent is skipped, no secret is kept in
    # clear, there is no OpenID, and nobody registers an application but a user manager.
    user = None
    hash_client_secret = True
    skip_authorization = False
    algorithm = ""
    allowed_origins = ""
    post_logout_redirect_uris = ""
    registration_source = AbstractApplication.RegistrationSource.MANUAL
    cimd_expires_at = None

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    scopes = models.TextField(help_text="The most that its tokens can be for.")
    service_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The account that a system acts as; its role and assignments decide.",
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Clear this instead of deleting an application."
    )

    class Meta(AbstractApplication.Meta):
        ordering = ("name", "id")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.CheckConstraint(
                name="application_acts_for_somebody",
                condition=Q(
                    authorization_grant_type=AbstractApplication.GRANT_AUTHORIZATION_CODE,
                    service_user__isnull=True,
                )
                | Q(
                    authorization_grant_type=AbstractApplication.GRANT_CLIENT_CREDENTIALS,
                    client_type=AbstractApplication.CLIENT_CONFIDENTIAL,
                    service_user__isnull=False,
                ),
            ),
        )

    def clean(self) -> None:
        """Check the addresses that codes are sent to, and whom the application acts as."""
        errors: dict[str, Any] = {}
        try:
            super().clean()
        except ValidationError as error:
            errors = error.error_dict
        if "redirect_uris" not in errors and not all(map(is_safe, self.redirect_uris.split())):
            message = (
                f"Addresses use https; only http://{LOOPBACK} may do without."
                " They name a host in ASCII, a port at most, and nobody."
            )
            errors["redirect_uris"] = [ValidationError(message)]
        account: Any = self.service_user
        wanted = self.authorization_grant_type == self.GRANT_CLIENT_CREDENTIALS
        if wanted and (account is None or account.kind != account.Kind.SERVICE):
            errors["service_user"] = [ValidationError("Choose the account of a service.")]
        if wanted and self.client_type != self.CLIENT_CONFIDENTIAL:
            errors["client_type"] = [ValidationError("A system keeps a secret.")]
        if not wanted and account is not None:
            errors["service_user"] = [ValidationError("An app acts for whoever signs in.")]
        if errors:
            raise ValidationError(errors)

    def get_allowed_schemes(self) -> list[str]:
        """Return the schemes of redirects; `clean` lets http through on the loopback only."""
        return ["https", "http"]

    def is_usable(self, request: Any) -> bool:
        """Tell whether the application, and the account that it acts as, are switched on."""
        return self.is_active and (self.service_user is None or self.service_user.is_active)


def is_safe(uri: str) -> bool:
    """Tell whether a code that is sent to this address cannot be read on the way."""
    parts = urlsplit(uri)
    if not HOST.fullmatch(parts.netloc):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == LOOPBACK)
