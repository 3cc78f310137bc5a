"""The envelope of a card: a compact JWS (RFC 7515) over raw DEFLATE (RFC 1951), signed by ES256.

Signing goes to cryptography directly: joserfc's way takes 25 microseconds longer than the
signature itself, which is more than the rest of a card. It has no way at all to take a token apart
without a key, and forgives what the reader must not.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from records.codecs.credentials import COORDINATE, ES256, Malformed
from records.codecs.shc import base64url, strict_json
from records.codecs.shc.keys import IssuerKey

LONGEST_JWS = 1195
"""Characters of a card that one QR code of version 22 holds."""

MOST_CHARACTERS = 1_000_000
"""Of a JWS that is looked at; a file may hold longer cards than a QR code."""

MOST_HEADER_CHARACTERS = 1000

MOST_BYTES = 2_000_000
"""Of an inflated payload. Cards for a QR code inflate to some thousand bytes."""

RAW = -zlib.MAX_WBITS
# Cards are shorter than this window of 4 KiB, and preparing 32 KiB takes longer than signing.
SMALL_RAW = -12


class Envelope(NamedTuple):
    """A JWS taken apart; ``signed`` are the bytes that the signature covers."""

    kid: str
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def write(payload: Mapping[str, Any], key: IssuerKey) -> str:
    """Return a payload as a card signed with a key: a compact JWS."""
    header = orjson.dumps({"alg": "ES256", "zip": "DEF", "kid": key.kid})
    deflater = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, SMALL_RAW)
    deflated = deflater.compress(orjson.dumps(payload)) + deflater.flush()
    signed = base64url.encode(header) + b"." + base64url.encode(deflated)
    r, s = decode_dss_signature(key.private_key.sign(signed, ES256))
    signature = r.to_bytes(COORDINATE) + s.to_bytes(COORDINATE)
    return (signed + b"." + base64url.encode(signature)).decode("ascii")


def unpack(jws: str) -> Envelope:
    """Take a JWS apart without believing it; raises ``Malformed``."""
    if len(jws) > MOST_CHARACTERS:
        raise Malformed("card: too long")
    if not jws.isascii():
        raise Malformed("card: neither shc:/ with digits nor a compact JWS")
    signed, _, signature_part = jws.encode("ascii").rpartition(b".")
    header_part, _, payload_part = signed.partition(b".")
    if not signature_part or not payload_part or b"." in payload_part:
        raise Malformed("card: neither shc:/ with digits nor a compact JWS of three parts")
    if len(header_part) > MOST_HEADER_CHARACTERS:
        raise Malformed("header: too long")
    kid = _kid(header_part)
    signature = base64url.decode(signature_part, "signature")
    if len(signature) != 2 * COORDINATE:
        raise Malformed("signature: not the 64 bytes of r and s")
    payload = strict_json.load(_inflate(base64url.decode(payload_part, "payload")), "payload")
    return Envelope(kid=kid, payload=payload, signed=signed, signature=signature)


@lru_cache(maxsize=256)
def _kid(header_part: bytes) -> str:
    """Return the key that a header names, once its algorithms are the only ones there are.

    Other members are ignored, as RFC 7515 section 4 asks; nothing here ever takes a key from
    them. ``crit`` names members that must be understood, and none is. All cards of one key have
    the same header, hence the cache.
    """
    header = strict_json.load(base64url.decode(header_part, "header"), "header")
    if header.get("alg") != "ES256":
        raise Malformed("header: alg is not ES256")
    if header.get("zip") != "DEF":
        raise Malformed("header: zip is not DEF")
    if "crit" in header:
        raise Malformed("header: crit asks for an extension")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise Malformed("header: kid is not a text")
    return kid


def _inflate(deflated: bytes) -> bytes:
    inflater = zlib.decompressobj(RAW)
    try:
        inflated = inflater.decompress(deflated, MOST_BYTES)
    except zlib.error:
        raise Malformed("payload: not raw DEFLATE") from None
    if not inflater.eof:
        # Cut off, or stopped at the bound.
        raise Malformed("payload: its DEFLATE stream has no end, or holds too much")
    if inflater.unused_data:
        raise Malformed("payload: bytes after the DEFLATE stream")
    return inflated
