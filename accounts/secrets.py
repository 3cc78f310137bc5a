"""Keeps the secrets of second factors unreadable in the database and its backups."""

from __future__ import annotations

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from records.domain.boxes import box


def seal(text: str) -> str:
    """Encrypt with the first key of `MFA_KEYS`."""
    return box(tuple(settings.MFA_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt with whichever key of `MFA_KEYS` fits; raises ``ImproperlyConfigured`` for none."""
    try:
        return box(tuple(settings.MFA_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured("MFA_KEYS lacks the key of a stored second factor.") from None
