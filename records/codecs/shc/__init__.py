"""SMART Health Cards 1.4 (https://spec.smarthealth.cards/): signed cards, written and read.

``read`` believes nothing: ``credentials.signed_by`` tells whether a key made a card's signature.
"""

from records.codecs.shc.cards import payload
from records.codecs.shc.jws import LONGEST_JWS, write
from records.codecs.shc.keys import IssuerKey, jwk, public_key_of, thumbprint
from records.codecs.shc.reading import read
from records.codecs.shc.texts import file, numeric, read_file

__all__ = [
    "LONGEST_JWS",
    "IssuerKey",
    "file",
    "jwk",
    "numeric",
    "payload",
    "public_key_of",
    "read",
    "read_file",
    "thumbprint",
    "write",
]
