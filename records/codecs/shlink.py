"""SMART Health Links: the text that is passed on, and the encrypted files behind it.

After the specification of HL7 (https://hl7.org/fhir/uv/smart-health-cards-and-links/): the text is
``shlink:/`` and a JSON object in base64url; a file is a JWE with the link's own key, which the
server that hands it out need not know.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import orjson
from joserfc import jwe
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64encode

PREFIX = "shlink:/"
KEY_BYTES = 32  # of a file key and of a token: 43 characters of base64url
LONGEST_URL = 128
LONGEST_LABEL = 80
CARD_FILE = "application/smart-health-card"
JOSE = "application/jose"
ALGORITHMS = ["dir", "A256GCM"]


def new_secret() -> str:
    """Return 256 random bits in base64url, for a token or a file key."""
    return secrets.token_urlsafe(KEY_BYTES)


def text_of(
    url: str, key: str, *, label: str, expires_at: dt.datetime | None, has_passcode: bool
) -> str:
    """Return the link to the manifest at ``url``, whose files ``key`` opens.

    Its files are made at each request, so the link is flagged as long-term (L), and with P when
    it asks for a passcode. Raises ``ValueError`` for an address or a label that is too long.
    """
    if len(url) > LONGEST_URL or len(label) > LONGEST_LABEL:
        raise ValueError("The address or the label of the link is too long.")
    payload: dict[str, Any] = {"url": url, "key": key}
    if expires_at is not None:
        payload["exp"] = int(expires_at.timestamp())
    payload["flag"] = "LP" if has_passcode else "L"
    if label:
        payload["label"] = label
    payload["v"] = 1
    return PREFIX + urlsafe_b64encode(orjson.dumps(payload)).decode()


def encrypt(content: bytes, key: str, content_type: str) -> str:
    """Return a file as a compact JWE (RFC 7516) for whoever has the link's key."""
    header = {"alg": "dir", "enc": "A256GCM", "cty": content_type}
    file_key = OctKey.import_key({"kty": "oct", "k": key})
    return jwe.encrypt_compact(header, content, file_key, algorithms=ALGORITHMS)
