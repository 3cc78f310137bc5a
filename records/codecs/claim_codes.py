"""One-time codes that a clinic prints: 60 random bits that people can read and type.

Crockford's base 32 (https://www.crockford.com/base32.html) leaves out letters that look like
digits or like each other, and reads those that are typed all the same.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
GROUP = 4

_READ_AS = str.maketrans("OIL", "011")


def new_code() -> str:
    """Return a fresh code, as ``read_code`` gives it back."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def show_code(code: str) -> str:
    """Return a code as it is printed: ``7QK2-M9XD-0RTA``."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def read_code(text: str) -> str:
    """Return what was typed without case, blanks and dashes, mistaken letters set right.

    Returns an empty text for what cannot be a code.
    """
    code = "".join(text.replace("-", " ").split()).upper().translate(_READ_AS)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""
