"""Read an EU certificate."""

from __future__ import annotations

from records.codecs.credentials import SignedCode
from records.codecs.hcert import claims, cose, transport


def read(text: str) -> SignedCode:
    """Return what a certificate's text states, without believing it; raises only Malformed."""
    message = cose.read_message(transport.unpack(text))
    return SignedCode(
        statement=claims.statement_of(cose.decode(message.payload, "the payload")),
        kid=cose.shown_kid(message.kid),
        algorithm=message.algorithm,
        signed=message.signed,
        signature=message.signature,
    )
