"""Between the text in a QR code and its bytes: ``HC1:``, base45 (RFC 9285), zlib (RFC 1950)."""

from __future__ import annotations

import zlib

import base45

from records.codecs.credentials import Malformed

PREFIX = "HC1:"
LONGEST_TEXT = 4296  # characters: the most that one QR code holds in alphanumeric mode
LONGEST_MESSAGE = 16 * 1024  # bytes after inflating; real ones have less than 1.5 KiB


def unpack(text: str) -> bytes:
    """Return the signed message in the text of a QR code; raises Malformed.

    Blanks around it go: no base45 text ends in a blank, for it would stand for more than two
    bytes hold.
    """
    text = text.strip()
    if not text.startswith(PREFIX):
        raise Malformed("The text does not begin with HC1:.")
    if len(text) > LONGEST_TEXT:
        raise Malformed("The text is longer than a QR code holds.")
    try:
        packed = base45.b45decode(text.removeprefix(PREFIX))
    except ValueError:
        raise Malformed("The text is not base45.") from None
    return _inflate(packed)


def _inflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        message = stream.decompress(packed, LONGEST_MESSAGE + 1)
    except zlib.error:
        raise Malformed("The message is not compressed with zlib, or is damaged.") from None
    if len(message) > LONGEST_MESSAGE:
        raise Malformed("The compressed message is too long.")
    if not stream.eof:
        raise Malformed("The compressed message is cut off.")
    if stream.unused_data:
        raise Malformed("Something follows the compressed message.")
    return message


def pack(message: bytes) -> str:
    """Return the text of the QR code for a signed message."""
    return PREFIX + base45.b45encode(zlib.compress(message, 9)).decode("ascii")
