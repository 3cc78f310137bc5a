"""COSE_Sign1 (RFC 9052) in CBOR (RFC 8949), as EU certificates use it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cbor2

from records.codecs.credentials import COORDINATE, Algorithm, Malformed

SIGN1 = 18  # the tag of COSE_Sign1
TOKEN = 61  # the tag of a CBOR Web Token (RFC 8392), allowed around it
DEEPEST = 16  # nested arrays, maps and tags; certificates need five
LONGEST_KID = 64  # bytes; the specification says eight

SemanticDecoder = Callable[[Any, bool], Any]

ALG, CRIT, KID = 1, 2, 4  # header labels
ALGORITHMS: Mapping[int, Algorithm] = {-7: "ES256", -37: "PS256"}


@dataclass(frozen=True, slots=True)
class Message:
    """A COSE_Sign1 message that was read and not yet believed."""

    algorithm: Algorithm
    kid: bytes
    payload: bytes
    signed: bytes
    signature: bytes


class _Tags(dict[int, Any]):
    """What each tag stands for: the named ones only, so none of the library's own readers runs."""

    def __missing__(self, tag: int) -> Any:
        raise cbor2.CBORDecodeError("a tag that certificates do not use")


def _only(*types: type) -> SemanticDecoder:
    def untagged(value: Any, _immutable: bool) -> Any:
        if type(value) not in types:
            raise cbor2.CBORDecodeError("a tag around another type")
        return value

    return untagged


def _kept(tag: int) -> SemanticDecoder:
    return lambda value, _immutable: cbor2.CBORTag(tag, value)


# Issuers tag dates (0: RFC 3339, 1004: RFC 8943) and times (1); what they hold is checked later.
_TAGS = _Tags(
    {0: _only(str), 1: _only(int, float), 1004: _only(str)}
    | {tag: _kept(tag) for tag in (SIGN1, TOKEN)}
)


def _named_by_label(found: Mapping[Any, Any], _immutable: bool) -> Mapping[Any, Any]:
    """Refuse keys that are neither numbers nor texts: 1.0 and true would pass for 1."""
    if any(type(key) not in (int, str) for key in found):
        raise cbor2.CBORDecodeError("a key that is neither a number nor a text")
    return found


def decode(encoded: bytes, what: str) -> Any:
    """Return the one CBOR value in the bytes; raises Malformed, naming ``what`` was read."""
    decoder = cbor2.CBORDecoder(
        BytesIO(encoded),
        semantic_decoders=_TAGS,
        object_hook=_named_by_label,
        max_depth=DEEPEST,
        allow_duplicate_keys=False,
    )
    try:
        value = decoder.decode()
    except (cbor2.CBORError, ValueError, TypeError, OverflowError):
        raise Malformed(f"CBOR that certificates do not use, in {what}.") from None
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return value
    raise Malformed(f"Something follows {what}.")


def absent(value: Any) -> bool:
    """Tell whether a member is missing, null or undefined; encoders write all three."""
    return value is None or value is cbor2.undefined


def encode(value: Any) -> bytes:
    """Return the value in the one canonical form: shortest, of definite length, keys sorted."""
    return cbor2.dumps(value, canonical=True)


def read_message(encoded: bytes) -> Message:
    """Return the parts of a COSE_Sign1 message; raises Malformed."""
    parts = _parts(decode(encoded, "the message"))
    protected, unprotected, payload, signature = parts
    if not all(isinstance(part, bytes) for part in (protected, payload, signature)):
        raise Malformed("Headers, payload and signature of the message must be bytes.")
    signed_header = decode(protected, "the protected header")
    if not isinstance(signed_header, Mapping) or not isinstance(unprotected, Mapping):
        raise Malformed("A header of the message is no map.")
    if CRIT in signed_header or CRIT in unprotected:
        raise Malformed("The message asks for an extension that certificates do not have.")
    algorithm = _algorithm(signed_header)
    if algorithm == "ES256" and len(signature) != 2 * COORDINATE:
        raise Malformed("An ES256 signature has 64 bytes.")
    kid = _kid(signed_header, unprotected)
    return Message(algorithm, kid, payload, to_be_signed(protected, payload), signature)


def _parts(message: Any) -> Any:
    for tag in (TOKEN, SIGN1):
        if isinstance(message, cbor2.CBORTag) and message.tag == tag:
            message = message.value
    if not isinstance(message, list | tuple) or len(message) != 4:
        raise Malformed("The message is not a COSE_Sign1 of four parts.")
    return message


def _algorithm(signed_header: Mapping[Any, Any]) -> Algorithm:
    """Return the algorithm by the signed header only: nobody vouches for the other one."""
    label = signed_header.get(ALG)
    if type(label) is not int or label not in ALGORITHMS:
        raise Malformed("The signed header names neither ES256 nor PS256.")
    return ALGORITHMS[label]


def _kid(signed_header: Mapping[Any, Any], unprotected: Mapping[Any, Any]) -> bytes:
    """Return the key's id; the signed header's wins."""
    kid = signed_header[KID] if KID in signed_header else unprotected.get(KID)
    if not isinstance(kid, bytes) or not 0 < len(kid) <= LONGEST_KID:
        raise Malformed("The message does not say which key signed it.")
    return kid


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Return the bytes that the signature covers (Sig_structure, RFC 9052 section 4.4)."""
    return encode(["Signature1", protected, b"", payload])


def signed_message(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """Return a COSE_Sign1 message of these parts, with nothing outside the signature."""
    return encode(cbor2.CBORTag(SIGN1, [protected, {}, payload, signature]))


def shown_kid(kid: bytes) -> str:
    """Return a key's id as trust lists write it: base64."""
    return base64.b64encode(kid).decode("ascii")
