"""EU certificates, and what could be done to them."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import base45
import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from records.codecs import hcert
from tests.mutations.judging import (
    Judge,
    Rng,
    bomb,
    change_char,
    flip_bit,
    other_signature,
    splice,
)
from tests.mutations.shc import ORDER

ES256, PS256 = -7, -37
ALGORITHM, KEY_ID = 1, 4
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:ab\u00e9"
NAMES = (("Núñez", "NUNEZ"), ("Müller-Lüdenscheidt", "MUELLER<LUEDENSCHEIDT"), ("Ø", "OE"))
SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certificate:
    """A COSE_Sign1 message in its parts."""

    protected: bytes
    payload: bytes
    signature: bytes = b""
    unprotected: dict[Any, Any] = field(default_factory=dict)

    @property
    def signing_input(self) -> bytes:
        """Return the bytes under the signature (RFC 9052, section 4.4)."""
        return cbor2.dumps(["Signature1", self.protected, b"", self.payload])

    @property
    def message(self) -> bytes:
        """Return the tagged message."""
        parts = [self.protected, self.unprotected, self.payload, self.signature]
        return cbor2.dumps(cbor2.CBORTag(18, parts))


Mutation = Callable[[Rng, Certificate], str]


def text_of(message: bytes, level: int = 9) -> str:
    """Return the text of a QR code."""
    packed: str = base45.b45encode(zlib.compress(message, level)).decode()
    return f"HC1:{packed}"


def signed(certificate: Certificate, key: SigningKey) -> Certificate:
    """Return the certificate with this key's signature."""
    data = certificate.signing_input
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return replace(certificate, signature=key.sign(data, pss, hashes.SHA256()))
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return replace(certificate, signature=r.to_bytes(32) + s.to_bytes(32))


def claims(rng: Rng, number: int) -> dict[Any, Any]:
    """Return what a certificate states."""
    name, plain = NAMES[number % len(NAMES)]
    dose = {
        "tg": "840539006",
        "vp": "1119349007",
        "mp": "EU/1/20/1528",
        "ma": "ORG-100030215",
        "dn": 1 + number % 2,
        "sd": 2,
        "dt": "2021-06-15",
        "co": "XX",
        "is": "Ministry",
        "ci": hcert.uvci("XX", f"{rng.randrange(36**8):08X}"),
    }
    person = {"fn": name, "fnt": plain, "gn": "Ann", "gnt": "ANN"}
    statement = {"ver": "1.3.0", "nam": person, "dob": "1980-02-29", "v": [dose]}
    return {1: "XX", 6: 1_623_750_000 + number, 4: 1_900_000_000, -260: {1: statement}}


class Certificates:
    """Some certificates of one country, and the ways to change them."""

    def __init__(self, rng: Rng) -> None:
        """Make the keys and sign a few certificates, with ES256 and with PS256."""
        self.keys: dict[bytes, SigningKey] = {
            rng.randbytes(8): ec.generate_private_key(ec.SECP256R1()),
            rng.randbytes(8): rsa.generate_private_key(65537, 2048),
        }
        self.stranger = ec.generate_private_key(ec.SECP256R1())
        self.strange_rsa = rsa.generate_private_key(65537, 2048)
        self.cards = []
        for number in range(8):
            kid, key = list(self.keys.items())[number % 2]
            algorithm = ES256 if isinstance(key, ec.EllipticCurvePrivateKey) else PS256
            header = cbor2.dumps({ALGORITHM: algorithm, KEY_ID: kid})
            unsigned = Certificate(header, cbor2.dumps(claims(rng, number)))
            self.cards.append(signed(unsigned, key))
        codes = [hcert.read(text_of(card.message)) for card in self.cards]
        names = {base64.b64encode(kid).decode(): kid for kid in self.keys}
        public = {name: self.keys[kid].public_key() for name, kid in names.items()}
        self.judge = Judge(hcert.read, public, {code.signed: code.statement for code in codes})

    def mutations(self) -> list[Mutation]:
        """Return every way to change a certificate."""
        return [
            *(self.flip_protected, self.flip_payload, self.flip_signature, self.flip_message),
            *(self.flip_stream, self.flip_text, self.swap, self.splice_part, self.splice_message),
            *(self.change_text, self.repack, self.bomb, self.rewrite, self.trailing),
            *(self.other_key, self.other_claims, self.other_algorithm, self.algorithm_outside),
            *(self.no_algorithm, self.other_tag, self.odd_values, self.doubled_key),
            *(self.zero_signature, self.second_signature, self.unprotected_kid, self.other_prefix),
        ]

    def flip_protected(self, rng: Rng, card: Certificate) -> str:
        """Turn a bit of the protected header."""
        return text_of(replace(card, protected=flip_bit(rng, card.protected)).message)

    def flip_payload(self, rng: Rng, card: Certificate) -> str:
        """Turn a bit of the claims."""
        return text_of(replace(card, payload=flip_bit(rng, card.payload)).message)

    def flip_signature(self, rng: Rng, card: Certificate) -> str:
        """Turn a bit of the signature."""
        return text_of(replace(card, signature=flip_bit(rng, card.signature)).message)

    def flip_message(self, rng: Rng, card: Certificate) -> str:
        """Turn a bit anywhere in the message."""
        return text_of(flip_bit(rng, card.message))

    def flip_stream(self, rng: Rng, card: Certificate) -> str:
        """Turn a bit of the compressed message."""
        packed = flip_bit(rng, zlib.compress(card.message))
        return f"HC1:{base45.b45encode(packed).decode()}"

    def flip_text(self, rng: Rng, card: Certificate) -> str:
        """Turn a bit of the text."""
        return flip_bit(rng, text_of(card.message).encode()).decode("latin-1")

    def swap(self, rng: Rng, card: Certificate) -> str:
        """Take a part of another certificate."""
        other = rng.choice(self.cards)
        swapped = (
            replace(card, protected=other.protected),
            replace(card, payload=other.payload),
            replace(card, signature=other.signature),
        )
        return text_of(rng.choice(swapped).message)

    def splice_part(self, rng: Rng, card: Certificate) -> str:
        """Cut and paste in one part."""
        cut = (
            replace(card, protected=splice(rng, card.protected)),
            replace(card, payload=splice(rng, card.payload)),
            replace(card, signature=splice(rng, card.signature)),
        )
        return text_of(rng.choice(cut).message)

    def splice_message(self, rng: Rng, card: Certificate) -> str:
        """Cut and paste anywhere."""
        return text_of(splice(rng, card.message))

    def change_text(self, rng: Rng, card: Certificate) -> str:
        """Change, add or drop a character."""
        return change_char(rng, text_of(card.message), ALPHABET)

    def repack(self, rng: Rng, card: Certificate) -> str:
        """Compress otherwise, not at all, or with bytes behind the stream."""
        stream = zlib.compress(card.message)
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        raw = packer.compress(card.message) + packer.flush()
        packed = rng.choice((stream + rng.randbytes(3), raw, card.message, stream[:-4], stream * 2))
        return f"HC1:{base45.b45encode(packed).decode()}"

    def bomb(self, rng: Rng, card: Certificate) -> str:
        """Compress very much of nothing, or nest deeply."""
        nested = rng.choice((b"\x81", b"\xd8\x1c\x81", b"\xa1\x00")) * 10**5
        packed = rng.choice((bomb(15), zlib.compress(nested), zlib.compress(nested[:2000])))
        return f"HC1:{base45.b45encode(packed).decode()}"

    def rewrite(self, rng: Rng, card: Certificate) -> str:
        """Write the same claims in other CBOR: longer numbers, other order, open lengths."""
        said = cbor2.loads(card.payload)
        payload = rng.choice(
            (
                cbor2.dumps(dict(reversed(said.items()))),
                b"\xb8" + bytes([len(said)]) + card.payload[1:],
                b"\xbf" + card.payload[1:] + b"\xff",
                cbor2.dumps(cbor2.CBORTag(61, said)),
            )
        )
        return text_of(replace(card, payload=payload).message)

    def trailing(self, rng: Rng, card: Certificate) -> str:
        """Add bytes behind the message or the claims."""
        more = rng.randbytes(rng.randrange(1, 9))
        longer = replace(card, payload=card.payload + more)
        return text_of(rng.choice((card.message + more, longer.message)))

    def other_key(self, rng: Rng, card: Certificate) -> str:
        """Sign with a stranger's key under the trusted key's name."""
        return text_of(signed(card, rng.choice((self.stranger, self.strange_rsa))).message)

    def other_claims(self, rng: Rng, card: Certificate) -> str:
        """Say something else and keep the signature, or let a stranger sign it."""
        said = cbor2.loads(card.payload)
        said[-260][1]["nam"]["fn"] = f"Forger {rng.randrange(10**6)}"
        said[4] += rng.randrange(1, 10**6)
        changed = replace(card, payload=cbor2.dumps(said))
        return text_of(rng.choice((changed, signed(changed, self.stranger))).message)

    def other_algorithm(self, rng: Rng, card: Certificate) -> str:
        """Name another algorithm in the protected header."""
        header = cbor2.loads(card.protected)
        header[ALGORITHM] = rng.choice((ES256, PS256, -35, -36, -8, -257, -65535, 5, 0, "ES256"))
        return text_of(replace(card, protected=cbor2.dumps(header)).message)

    def algorithm_outside(self, rng: Rng, card: Certificate) -> str:
        """Move the algorithm to the header that nobody signs."""
        header = cbor2.loads(card.protected)
        outside = {ALGORITHM: header.pop(ALGORITHM)}
        moved = replace(card, protected=cbor2.dumps(header), unprotected=outside)
        return text_of(rng.choice((moved, signed(moved, self.stranger))).message)

    def no_algorithm(self, rng: Rng, card: Certificate) -> str:
        """Sign nothing."""
        protected = rng.choice((b"", b"\xa0", card.protected))
        return text_of(replace(card, protected=protected, signature=b"").message)

    def other_tag(self, rng: Rng, card: Certificate) -> str:
        """Call the message something else, or wrap it."""
        parts = [card.protected, card.unprotected, card.payload, card.signature]
        number = rng.choice((16, 17, 19, 96, 98, 0, 24, 28, 29, 35, 256, 258))
        return text_of(cbor2.dumps(cbor2.CBORTag(number, parts)))

    def odd_values(self, rng: Rng, card: Certificate) -> str:
        """Put what does not belong there into the message."""
        odd: tuple[Any, ...] = (
            None,
            True,
            1.5,
            float("nan"),
            "text",
            [],
            {},
            2**70,
            [card.payload],
            b"",
        )
        parts: list[Any] = [card.protected, card.unprotected, card.payload, card.signature]
        parts[rng.choice((0, 2, 3))] = rng.choice(odd)
        parts = rng.choice((parts, parts[:3], [*parts, b""]))
        return text_of(cbor2.dumps(cbor2.CBORTag(18, parts)))

    def doubled_key(self, rng: Rng, card: Certificate) -> str:
        """Say a claim or a header twice."""
        count = card.payload[0]
        payload = bytes([count + 1]) + card.payload[1:] + cbor2.dumps(1) + cbor2.dumps("YY")
        protected = bytes([card.protected[0] + 1]) + card.protected[1:] + b"\x01\x26"
        doubled = rng.choice((replace(card, payload=payload), replace(card, protected=protected)))
        return text_of(doubled.message)

    def zero_signature(self, rng: Rng, card: Certificate) -> str:
        """Sign with numbers that a careless verifier takes for anything's signature."""
        odd = (0, 1, ORDER, ORDER - 1, 2**256 - 1)
        made = rng.choice(odd).to_bytes(32) + rng.choice(odd).to_bytes(32)
        return text_of(replace(card, signature=rng.choice((made, made * 4))).message)

    def second_signature(self, rng: Rng, card: Certificate) -> str:
        """Give the other valid ECDSA signature, which has to be taken."""
        if len(card.signature) == 64:
            card = replace(card, signature=other_signature(card.signature, ORDER))
        return text_of(card.message)

    def unprotected_kid(self, rng: Rng, card: Certificate) -> str:
        """Name another key outside; the protected name wins."""
        kid = rng.choice((rng.randbytes(8), *self.keys))
        return text_of(replace(card, unprotected={KEY_ID: kid}).message)

    def other_prefix(self, rng: Rng, card: Certificate) -> str:
        """Use another version's prefix, small letters, or none."""
        text = text_of(card.message)
        return rng.choice((text[4:], f"HC2:{text[4:]}", f"hc1:{text[4:]}", text.lower(), text * 2))
