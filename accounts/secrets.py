"""Keeps the secrets of second factors unreadable in the database and its backups."""

from __future__ import annotations

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(text: str) -> str:
    """Encrypt with the first key of `MFA_KEYS`."""
    return _box(tuple(settings.MFA_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt with whichever key of `MFA_KEYS` fits; raises ``ImproperlyConfigured`` for none."""
    try:
        return _box(tuple(settings.MFA_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured("MFA_KEYS lacks the key of a stored second factor.") from None
