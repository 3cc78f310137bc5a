"""Cards, and what could be done to them."""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from records.codecs import shc
from records.codecs.credentials import Person, StatedDose
from tests.mutations.judging import (
    Judge,
    Rng,
    bomb,
    change_char,
    flip_bit,
    other_signature,
    splice,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \u00e9"
NAMES = (("Núñez", "María"), ("O'Neil", "Anne-Marie"), ("الأحمد", "فاطمة"), ("Li", "X"))


@dataclass(frozen=True)
class Card:
    """A card in its three parts, decoded."""

    header: bytes
    payload: bytes  # deflated
    signature: bytes

    @property
    def claims(self) -> dict[str, Any]:
        """Return what it says."""
        claims: dict[str, Any] = json.loads(zlib.decompress(self.payload, -15))
        return claims

    @property
    def signing_input(self) -> bytes:
        """Return the bytes under the signature."""
        return f"{b64(self.header)}.{b64(self.payload)}".encode()


Mutation = Callable[[Rng, Card], str]


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return what such a text holds."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def deflated(text: str | bytes, level: int = 9) -> bytes:
    """Return the raw DEFLATE stream."""
    data = text.encode() if isinstance(text, str) else text
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def text_of(card: Card) -> str:
    """Return the JWS."""
    return f"{b64(card.header)}.{b64(card.payload)}.{b64(card.signature)}"


def signed(card: Card, key: ec.EllipticCurvePrivateKey) -> Card:
    """Return the card with this key's signature."""
    r, s = utils.decode_dss_signature(key.sign(card.signing_input, ec.ECDSA(hashes.SHA256())))
    return replace(card, signature=r.to_bytes(32) + s.to_bytes(32))


class Cards:
    """Some cards of one issuer, and the ways to change them."""

    def __init__(self, rng: Rng) -> None:
        """Make the keys and sign a few cards."""
        self.key, self.stranger = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.wide = ec.generate_private_key(ec.SECP384R1())
        kid = shc.thumbprint(self.key.public_key())
        issuer = shc.IssuerKey(kid, self.key)
        texts = [self._write(rng, issuer, number) for number in range(8)]
        parts = [map(unb64, text.split(".")) for text in texts]
        self.cards = [Card(*three) for three in parts]
        codes = [shc.read(text) for text in texts]
        statements = {code.signed: code.statement for code in codes}
        self.judge = Judge(shc.read, {kid: self.key.public_key()}, statements)

    def _write(self, rng: Rng, issuer: shc.IssuerKey, number: int) -> str:
        family, given = NAMES[number % len(NAMES)]
        doses = [
            StatedDose(f"2021-0{1 + each}-15", str(207 + each), lot_number=f"EN62{each}{number}")
            for each in range(1 + number % 3)
        ]
        person = Person(family, given, birth_date="1980-02-29")
        moment = dt.datetime(2021, 6, 1, tzinfo=dt.UTC) + dt.timedelta(days=number)
        rid = b64(rng.randbytes(8))
        return shc.write(shc.payload("https://issuer.example", moment, person, doses, rid), issuer)

    def mutations(self) -> list[Mutation]:
        """Return every way to change a card."""
        return [
            *(self.flip_header, self.flip_payload, self.flip_signature, self.flip_text),
            *(self.swap, self.splice_part, self.change_text, self.change_numeric),
            *(self.repack, self.rewrite, self.bomb, self.not_canonical, self.pad),
            *(self.other_key, self.other_claims, self.no_algorithm, self.by_public_key),
            *(self.wider_curve, self.der_signature, self.zero_signature, self.second_signature),
            *(self.header_member, self.doubled_member, self.other_kid, self.more_parts),
        ]

    def flip_header(self, rng: Rng, card: Card) -> str:
        """Turn a bit of the header."""
        return text_of(replace(card, header=flip_bit(rng, card.header)))

    def flip_payload(self, rng: Rng, card: Card) -> str:
        """Turn a bit of the deflated payload."""
        return text_of(replace(card, payload=flip_bit(rng, card.payload)))

    def flip_signature(self, rng: Rng, card: Card) -> str:
        """Turn a bit of the signature."""
        return text_of(replace(card, signature=flip_bit(rng, card.signature)))

    def flip_text(self, rng: Rng, card: Card) -> str:
        """Turn a bit of the text, as it is or as numbers."""
        text = rng.choice((text_of(card), shc.numeric(text_of(card))))
        return flip_bit(rng, text.encode()).decode("latin-1")

    def swap(self, rng: Rng, card: Card) -> str:
        """Take a part of another card."""
        part, other = rng.choice(("payload", "signature")), rng.choice(self.cards)
        return text_of(replace(card, **{part: getattr(other, part)}))

    def splice_part(self, rng: Rng, card: Card) -> str:
        """Cut and paste in one part."""
        part = rng.choice(("header", "payload", "signature"))
        return text_of(replace(card, **{part: splice(rng, getattr(card, part))}))

    def change_text(self, rng: Rng, card: Card) -> str:
        """Change, add or drop a character."""
        return change_char(rng, text_of(card), ALPHABET)

    def change_numeric(self, rng: Rng, card: Card) -> str:
        """Change, add or drop a digit of the QR code's text."""
        return change_char(rng, shc.numeric(text_of(card)), "0123456789/ \u0663")

    def repack(self, rng: Rng, card: Card) -> str:
        """Deflate the same claims otherwise, or add bytes behind the stream."""
        plain = zlib.decompress(card.payload, -15)
        payload = rng.choice(
            (
                deflated(plain, rng.choice((0, 1, 3))),
                card.payload + rng.randbytes(rng.randrange(1, 9)),
                zlib.compress(plain),
                plain,
            )
        )
        return text_of(replace(card, payload=payload))

    def rewrite(self, rng: Rng, card: Card) -> str:
        """Write the same claims otherwise: blanks, other order, escapes."""
        claims = card.claims
        text = rng.choice(
            (
                json.dumps(claims),
                json.dumps(dict(reversed(claims.items())), separators=(",", ":")),
                json.dumps(claims, indent=1),
            )
        )
        return text_of(replace(card, payload=deflated(text)))

    def bomb(self, rng: Rng, card: Card) -> str:
        """Deflate very much of nothing."""
        nested = rng.choice((b"[", b'{"a":')) * 10**5
        return text_of(replace(card, payload=rng.choice((bomb(-15), deflated(nested, 1)))))

    def not_canonical(self, rng: Rng, card: Card) -> str:
        """Set the spare bits of a part's last character, which decoding would drop."""
        parts = text_of(card).split(".")
        at = rng.choice([n for n, part in enumerate(parts) if len(part) % 4] or [2])
        last = ALPHABET.index(parts[at][-1]) if parts[at][-1] in ALPHABET[:62] else 63
        codes = ALPHABET[:62] + "-_"
        parts[at] = parts[at][:-1] + codes[(last + rng.randrange(1, 4)) % 64]
        return ".".join(parts)

    def pad(self, rng: Rng, card: Card) -> str:
        """Add padding, blanks or line breaks inside."""
        parts = text_of(card).split(".")
        at = rng.randrange(3)
        parts[at] += rng.choice(("=", "==", " ", "\n", "\x00"))
        return ".".join(parts) + "."[: rng.randrange(2)]

    def other_key(self, rng: Rng, card: Card) -> str:
        """Sign it with a key that nobody trusts, under the trusted key's name."""
        return text_of(signed(card, self.stranger))

    def other_claims(self, rng: Rng, card: Card) -> str:
        """Change what it says and keep the signature, or sign it with a stranger's key."""
        claims = card.claims
        claims["nbf"] = claims["nbf"] + rng.randrange(1, 10**6)
        entry = claims["vc"]["credentialSubject"]["fhirBundle"]["entry"]
        entry[0]["resource"]["name"][0]["family"] = f"Forger {rng.randrange(10**6)}"
        changed = replace(card, payload=deflated(json.dumps(claims, separators=(",", ":"))))
        return text_of(rng.choice((changed, signed(changed, self.stranger))))

    def no_algorithm(self, rng: Rng, card: Card) -> str:
        """Claim that nothing is signed."""
        signature = rng.choice((b"", card.signature))
        return text_of(replace(self._header(card, alg=rng.choice(("none", "None", "", None))),
                               signature=signature))  # fmt: skip

    def by_public_key(self, rng: Rng, card: Card) -> str:
        """Use the public key as a shared secret (HS256)."""
        changed = self._header(card, alg="HS256")
        public = self.key.public_key()
        secret = rng.choice(
            (
                public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
                public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
            )
        )
        mac = hmac.HMAC(secret, hashes.SHA256())
        mac.update(changed.signing_input)
        return text_of(replace(changed, signature=mac.finalize()))

    def wider_curve(self, rng: Rng, card: Card) -> str:
        """Sign on another curve."""
        changed = self._header(card, alg=rng.choice(("ES384", "ES256", "ES512", "PS256")))
        made = self.wide.sign(changed.signing_input, ec.ECDSA(hashes.SHA384()))
        r, s = utils.decode_dss_signature(made)
        return text_of(replace(changed, signature=r.to_bytes(48) + s.to_bytes(48)))

    def der_signature(self, rng: Rng, card: Card) -> str:
        """Write the right signature in DER."""
        r, s = (int.from_bytes(card.signature[at : at + 32]) for at in (0, 32))
        return text_of(replace(card, signature=utils.encode_dss_signature(r, s)))

    def zero_signature(self, rng: Rng, card: Card) -> str:
        """Sign with numbers that a careless verifier takes for anything's signature."""
        odd = (0, 1, ORDER, ORDER - 1, 2**256 - 1)
        r, s = rng.choice(odd), rng.choice(odd)
        return text_of(replace(card, signature=r.to_bytes(32) + s.to_bytes(32)))

    def second_signature(self, rng: Rng, card: Card) -> str:
        """Give the other valid signature: the one mutation that has to be taken."""
        return text_of(replace(card, signature=other_signature(card.signature, ORDER)))

    def header_member(self, rng: Rng, card: Card) -> str:
        """Add or drop a member of the header."""
        extra: dict[str, Any] = rng.choice(
            (
                {"crit": ["exp"], "exp": 1},
                {"jwk": {"kty": "EC"}},
                {"zip": None},
                {"zip": "GZIP"},
                {"b64": False},
                {"typ": "JWT"},
            )
        )
        return text_of(self._header(card, **extra))

    def doubled_member(self, rng: Rng, card: Card) -> str:
        """Say alg twice."""
        doubled = card.header.replace(b"{", b'{"alg":"none",', 1)
        return text_of(replace(card, header=doubled))

    def other_kid(self, rng: Rng, card: Card) -> str:
        """Name the stranger's key and sign with it."""
        kid = shc.thumbprint(self.stranger.public_key())
        return text_of(signed(self._header(card, kid=kid), self.stranger))

    def more_parts(self, rng: Rng, card: Card) -> str:
        """Give another number of parts, or a JSON serialization."""
        text = text_of(card)
        return rng.choice((f"{text}.{b64(b'x')}", text.rpartition(".")[0], f".{text}", f"[{text}]"))

    def _header(self, card: Card, **members: Any) -> Card:
        header = {**json.loads(card.header), **members}
        return replace(card, header=json.dumps(header, separators=(",", ":")).encode())
