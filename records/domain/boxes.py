"""Keeps what was signed and shared unreadable in the database and its backups."""

from __future__ import annotations

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class BoxLocked(Exception):
    """None of ``CREDENTIAL_KEYS`` opens what is stored: a key was taken out too early."""


def seal(content: bytes) -> bytes:
    """Encrypt with the first key of ``CREDENTIAL_KEYS``."""
    return box(tuple(settings.CREDENTIAL_KEYS)).encrypt(content)


def unseal(sealed: bytes | memoryview[int]) -> bytes:
    """Decrypt with whichever key of ``CREDENTIAL_KEYS`` fits; raises ``BoxLocked`` for none."""
    try:
        return box(tuple(settings.CREDENTIAL_KEYS)).decrypt(bytes(sealed))
    except InvalidToken:
        raise BoxLocked("CREDENTIAL_KEYS lacks the key of stored content.") from None


@cache
def box(keys: tuple[str, ...]) -> MultiFernet:
    """Return what encrypts with the first of some Fernet keys and decrypts with all of them."""
    return MultiFernet([Fernet(key) for key in keys])
