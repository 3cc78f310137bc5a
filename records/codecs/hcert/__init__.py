"""EU certificates (HCERT 1.0 with the DCC schema 1.3.2): read, write, name their parts.

What is refused, what is tolerated, and why: ``docs/formats.md``, "EU certificates".
"""

from __future__ import annotations

from records.codecs.hcert.names import transliterate
from records.codecs.hcert.reading import read
from records.codecs.hcert.signers import DocumentSigner, document_signer, key_id, usages_of
from records.codecs.hcert.uvci import uvci
from records.codecs.hcert.writing import payload, write

__all__ = [
    "DocumentSigner",
    "document_signer",
    "key_id",
    "payload",
    "read",
    "transliterate",
    "usages_of",
    "uvci",
    "write",
]
