"""The ways in which a card is handed over: digits for a QR code, and a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import orjson

from records.codecs.credentials import Malformed
from records.codecs.shc import strict_json
from records.codecs.shc.jws import MOST_CHARACTERS

PREFIX = "shc:/"
LOWEST = 45  # ord("-"), the first character of base64url
LARGEST_PAIR = ord("z") - LOWEST

MOST_FILE_BYTES = 5_000_000
MOST_CARDS = 100
"""In one file."""

CHUNK = re.compile(r"shc:/([1-9][0-9]?)/([1-9][0-9]?)/([0-9]+)", re.ASCII)

# Two decimal digits stand for one character. Read as one hexadecimal byte they index a table of
# bytes, which turns a card in one go; what is no pair of a card becomes NUL.
FROM_PAIR = bytes(
    LOWEST + int(f"{byte:x}")
    if f"{byte:02x}".isdecimal() and int(f"{byte:x}") <= LARGEST_PAIR
    else 0
    for byte in range(256)
)
TO_PAIR = bytes(
    int(str(character - LOWEST), 16) if 0 <= character - LOWEST <= LARGEST_PAIR else 0
    for character in range(256)
)


def numeric(jws: str) -> str:
    """Return a card as its QR code holds it: ``shc:/`` and two digits for each character."""
    return PREFIX + jws.encode("ascii").translate(TO_PAIR).hex()


def jws_of(text: str) -> str:
    """Return the JWS that a scanned or pasted text holds.

    Takes ``shc:/`` with digits, all chunks of a card separated by blanks, and a bare JWS. The
    specification has deprecated chunks; one alone is not a card. Raises ``Malformed``.
    """
    if len(text) > 2 * MOST_CHARACTERS:
        raise Malformed("card: too long")
    text = text.strip()
    if not text.startswith(PREFIX):
        return text
    in_chunks = "/" in text[len(PREFIX) : len(PREFIX) + 3]
    digits = _joined(text.split()) if in_chunks else text[len(PREFIX) :]
    try:
        characters = bytes.fromhex(digits).translate(FROM_PAIR)
    except ValueError:
        characters = b""
    # Blanks between pairs would have been skipped.
    if len(digits) != 2 * len(characters) or not characters:
        raise Malformed("card: after shc:/ stands something else than pairs of digits")
    if 0 in characters:
        raise Malformed(f"card: a pair after shc:/ is no number up to {LARGEST_PAIR}")
    return characters.decode("ascii")


def _joined(texts: Sequence[str]) -> str:
    """Return the digits of a card that was given in chunks, in whatever order."""
    digits: dict[int, str] = {}
    totals = set()
    for text in texts:
        chunk = CHUNK.fullmatch(text)
        if chunk is None or int(chunk[1]) in digits:
            raise Malformed("card: not the chunks shc:/C/N/ of one card, each once")
        digits[int(chunk[1])] = chunk[3]
        totals.add(int(chunk[2]))
    if totals != {len(digits)} or max(digits) != len(digits):
        raise Malformed("card: one of several codes, a deprecated form; give all of them together")
    return "".join(digits[number] for number in sorted(digits))


def file(cards: Iterable[str]) -> bytes:
    """Return a ``.smart-health-card`` file of compact JWSs."""
    return orjson.dumps({"verifiableCredential": list(cards)})


def read_file(data: bytes) -> list[str]:
    """Return the texts in a ``.smart-health-card`` file, for ``read``; raises ``Malformed``."""
    if len(data) > MOST_FILE_BYTES:
        raise Malformed("file: too long")
    cards = strict_json.load(data, "file").get("verifiableCredential")
    if not isinstance(cards, list) or not all(isinstance(card, str) for card in cards):
        raise Malformed("file: verifiableCredential is not a list of texts")
    if not 0 < len(cards) <= MOST_CARDS:
        raise Malformed("file: no card in it, or too many")
    return cards
