"""Reading a mutant as a verifier does."""

from __future__ import annotations

import functools
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from records.codecs.credentials import Malformed, PublicKey, SignedCode, Statement, signed_by

Rng = random.Random


class Verdict(StrEnum):
    """What became of a mutant."""

    REFUSED = "refused"
    KEPT = "kept"  # it says what was signed: only the signature's other form or blanks differ
    FORGED = "FORGED"
    CRASHED = "CRASHED"


@dataclass(frozen=True)
class Judge:
    """A reader, the keys that it trusts by ``kid``, and all that those keys ever signed."""

    read: Callable[[str], SignedCode]
    keys: Mapping[str, PublicKey]
    signed: Mapping[bytes, Statement]

    def judge(self, text: str) -> Verdict:
        """Return what a verifier makes of a text."""
        try:
            code = self.read(text)
            key = self.keys.get(code.kid)
            if key is None or not signed_by(code, key):
                return Verdict.REFUSED
        except Malformed:
            return Verdict.REFUSED
        except Exception:
            return Verdict.CRASHED
        return Verdict.KEPT if self.signed.get(code.signed) == code.statement else Verdict.FORGED


def flip_bit(rng: Rng, data: bytes) -> bytes:
    """Return the bytes with one bit turned."""
    at, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def splice(rng: Rng, data: bytes) -> bytes:
    """Return the bytes with a piece cut, doubled, moved or overwritten."""
    first, last = sorted(rng.sample(range(len(data) + 1), 2))
    piece = data[first:last]
    match rng.randrange(4):
        case 0:
            return data[:first] + data[last:]
        case 1:
            return data[:last] + piece[:64] + data[last:]
        case 2:
            return data[:first] + data[last:] + piece
        case _:
            return data[:first] + rng.randbytes(min(len(piece), 16)) + data[last:]


@functools.cache
def bomb(window: int) -> bytes:
    """Return some 200 kB that unpack to 200 MB of blanks, with this window (as zlib's wbits)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return b"".join(packer.compress(b" " * 10**6) for _ in range(200)) + packer.flush()


def change_char(rng: Rng, text: str, alphabet: Sequence[str]) -> str:
    """Return the text with one character replaced, put in, or left out."""
    at, char = rng.randrange(len(text)), rng.choice(alphabet)
    match rng.randrange(3):
        case 0:
            return text[:at] + char + text[at + 1 :]
        case 1:
            return text[:at] + char + text[at:]
        case _:
            return text[:at] + text[at + 1 :]


def other_signature(signature: bytes, order: int) -> bytes:
    """Return the second valid ECDSA signature: n - s in the place of s."""
    half = len(signature) // 2
    s = order - int.from_bytes(signature[half:])
    return signature[:half] + s.to_bytes(half)
