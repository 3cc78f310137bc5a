"""base64url as JOSE has it (RFC 7515, appendix C), in its one canonical form.

Decoders in general forgive padding, foreign characters and spare bits, which gives one card many
spellings; joserfc does too, so the check is made here.
"""

from __future__ import annotations

import base64
import binascii

from records.codecs.credentials import Malformed

# What base64 has and base64url has not becomes something that neither has.
TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/...")
PADDING = b"=="

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LAST = (_ALPHABET, _ALPHABET[::16], _ALPHABET[::4])
"""Which characters may end a text, by the number of bytes in its last group."""


def encode(data: bytes) -> bytes:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decode(text: bytes, what: str) -> bytes:
    """Return what a base64url text holds.

    Raises ``Malformed``, naming ``what``, for all that ``encode`` would not have written.
    """
    try:
        data = binascii.a2b_base64(
            text.translate(TO_BASE64) + PADDING[: -len(text) % 4], strict_mode=True
        )
    except binascii.Error:
        data = b""
    # Where the last group is not full, its last character has bits to spare: they must be nought.
    if not data or text[-1] not in LAST[len(data) % 3]:
        raise Malformed(f"{what}: not canonical base64url")
    return data
