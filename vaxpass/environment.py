"""Settings as the environment gives them: typed, and a wrong one stops the start by name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

env = Env()

VAXPASS_MODE = env.str(
    "VAXPASS_MODE", "production", validate=validate.OneOf(["production", "development"])
)
DEVELOPMENT = VAXPASS_MODE == "development"
PRODUCTION = not DEVELOPMENT


def required(name: str, hint: str, default: str) -> str:
    """Return a variable that production must set; development falls back on `default`."""
    value = env.str(name, "").strip() or (default if DEVELOPMENT else "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is missing: {hint}. To try VaxPass out, set VAXPASS_MODE=development."
        )
    return value


def rate(name: str, default: str) -> str | None:
    """Return how many requests a client may send, such as 600/m; None for an empty variable."""
    value: str = env.str(name, default, validate=validate.Regexp(r"([1-9]\d*/[smhd])?\Z"))
    return value or None


def caches() -> dict[str, dict[str, Any]]:
    """Return the cache from `CACHE_URL`: Redis, or without it this process's memory."""
    url = env.str("CACHE_URL", "locmem://")
    if url.startswith("locmem://"):
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured("CACHE_URL is wrong: it must be redis://, rediss:// or unix://.")
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # A Redis that is gone or hangs costs a fraction of a second, once in a while.
    options = {
        "socket_connect_timeout": 0.2,
        "socket_timeout": 0.2,
        "retry": Retry(NoBackoff(), 0),
    }
    backend = "vaxpass.ops.cache.ForgivingRedisCache"
    return {"default": {"BACKEND": backend, "LOCATION": url, "OPTIONS": options}}


def fernet_keys(name: str, development: str) -> list[str]:
    """Return the keys of a comma-separated variable; production never takes the development one."""
    keys = [key.strip() for key in required(name, "see docs/operations.md", development).split(",")]
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = []
    if not keys or (PRODUCTION and development in keys):
        raise ImproperlyConfigured(f"{name} is wrong: set it to Fernet keys, comma-separated.")
    return keys


def audit_keys() -> dict[str, bytes]:
    """Return the keys of the audit's seals by their id; the first one signs.

    Only `seal_audit` and `verify_audit` need them. What serves pages should not have them.
    """
    default = "development:only-for-development-only-for-development" if DEVELOPMENT else ""
    pairs = [pair.strip().partition(":") for pair in env.list("AUDIT_KEYS", [default]) if pair]
    if any(not name or len(name) > 16 or len(key) < 32 for name, _colon, key in pairs):
        raise ImproperlyConfigured(
            "AUDIT_KEYS is wrong: set it to id:key pairs, comma-separated; an id has at most 16"
            " characters, a key 32 or more."
        )
    return {name: key.encode() for name, _colon, key in pairs}


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs credentials: ``url`` for cards, ``country`` for EU certificates; empty: neither.

    ``keys`` is a JSON Web Key Set with private keys; without it ``keys_file`` is read.
    """

    url: str
    name: str
    country: str
    keys: str
    keys_file: Path


def issuer(var: Path) -> Issuer:
    """Return who signs credentials. Without ``ISSUER_URL`` and ``ISSUER_COUNTRY`` nobody does."""
    url = env.str("ISSUER_URL", "http://127.0.0.1:8000" if DEVELOPMENT else "")
    country = env.str("ISSUER_COUNTRY", "XX" if DEVELOPMENT else "")
    parts = urlsplit(url)
    if url and (
        parts.scheme != ("http" if DEVELOPMENT and parts.port else "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or url.endswith("/")
    ):
        raise ImproperlyConfigured(
            "ISSUER_URL is wrong: set it to https://… without a slash at its end."
        )
    if not re.fullmatch(r"([A-Z]{2})?", country):
        raise ImproperlyConfigured("ISSUER_COUNTRY is wrong: set it to a country's two letters.")
    return Issuer(
        url=url,
        name=env.str("ISSUER_NAME", "VaxPass"),
        country=country,
        keys=env.str("ISSUER_KEYS", ""),
        keys_file=Path(env.str("ISSUER_KEYS_FILE", str(var / "issuer-keys.json"))),
    )
