"""Identifiers of EU certificates (UVCI; eHealth Network, interoperability guidelines, annex 2)."""

from __future__ import annotations

import re

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"
LONGEST = 80  # characters: the schema's bound
_PARTS = re.compile(r"[A-Z]{2}:[A-Z0-9/]+")


def uvci(country: str, opaque: str) -> str:
    """Return the identifier of an issuer's choice in its full form.

    ``country`` is ISO 3166-1 alpha-2, ``opaque`` capitals, digits and slashes. Raises ValueError.
    """
    if not _PARTS.fullmatch(f"{country}:{opaque}"):
        raise ValueError("A UVCI is made of a country code and of capitals, digits and slashes.")
    body = f"URN:UVCI:01:{country}:{opaque}"
    if len(body) + 2 > LONGEST:
        raise ValueError(f"A UVCI has at most {LONGEST} characters.")
    return f"{body}#{check_character(body)}"


def check_character(body: str) -> str:
    """Return the check character of a UVCI, prefix included: Luhn's algorithm modulo 38."""
    size = len(ALPHABET)
    total = 0
    for place, letter in enumerate(reversed(body)):
        value = ALPHABET.index(letter) * (1 if place % 2 else 2)
        total += value // size + value % size
    return ALPHABET[-total % size]
