"""Settings as the environment gives them: typed, and a wrong one stops the start by name."""

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
