"""EU certificates of every sort, good and bad, for whoever checks at ``CLOCK``."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from typing import Any

import base45
import cbor2

from records.codecs import hcert
from tests.records.codecs.hcert import codes
from tests.records.codecs.shc import values

CLOCK = codes.ISSUED + dt.timedelta(days=100)
TESTS_ONLY, OF_OTHERS = (bytes([number]) * 8 for number in (1, 2))
"""Ids of keys: for tests only, no longer used at the time, of somebody else."""


def certificates() -> Iterator[tuple[str, str]]:
    """Yield certificates with their names."""
    good = codes.code()
    yield "good", good
    yield "good between blanks", f" {good}\n"
    yield "small prefix", good.lower()
    yield "without prefix", good[4:]
    yield "written by the codec", _written()
    yield from _events()
    yield from _claim_times()
    yield from _messages()
    yield from _transport(good)
    yield from _cbor()


def _written() -> str:
    signer = hcert.document_signer(codes.private_key(), codes.certificate())
    payload = hcert.payload(
        values.PERSON,
        hcert.read(codes.code()).statement.doses[0],
        hcert.uvci("CZ", "ABC"),
        "VaxPass",
        country="CZ",
        issued_at=codes.ISSUED,
        expires_at=codes.EXPIRES,
    )
    return hcert.write(payload, hcert.DocumentSigner(codes.KID, signer.private_key, "CZ"))


def _events() -> Iterator[tuple[str, str]]:
    contents: dict[str, Any] = {
        "test": {"t": [codes.TEST]},
        "recovery": {"r": [codes.RECOVERY]},
        "dose beside null": {"v": [codes.DOSE], "t": None, "r": []},
        "dose and test": {"v": [codes.DOSE], "t": [codes.TEST]},
        "two doses": {"v": [codes.DOSE, codes.DOSE]},
        "two doses, earlier schema": {"v": [codes.DOSE, codes.DOSE], "ver": "1.2.1"},
        "no events": {"v": []},
        "event no list": {"v": codes.DOSE},
        "version": {"ver": "1.3"},
        "no names": {"nam": {}},
        "only given name": {"nam": {"gnt": "JIRINA"}},
        "small plain name": {"nam": {"fnt": "Novak"}},
        "long name": {"nam": {"fnt": "NOVAK", "fn": "ř" * 81}},
        "name that fits": {"nam": {"fnt": "NOVAK", "fn": "\U0001d48f" * 80}},
        "decomposed name": {"nam": {"fnt": "NOVAK", "fn": "Nova\u0301k"}},
    }
    for name, members in contents.items():
        yield name, codes.code(codes.dcc(**members))
    days = ("1979", "1979-04", "", " ", "1979-04-14T00:00:00", "1979-04-14 ?", "1879-01-01", "79")
    for day in (*days, 1979):
        yield f"born {day!r}", codes.code(codes.dcc(dob=day))
    for key, value in [
        *[("dn", number) for number in (0, 1, 3, 1.0, 1.5, "1", True, 2**70)],
        *[("dt", day) for day in ("2021-06-31", "2021-06-11T10:00:00Z", "2021-06-11T", 20210611)],
        *[("co", country) for country in ("cz", "", "CZE", 1)],
        *[("ci", identifier) for identifier in ("x" * 80, "x" * 81)],
        ("tg", None),
        ("is", 5),
    ]:
        yield f"dose {key}={value!r}", codes.code(codes.dcc(v=[{**codes.DOSE, key: value}]))
    for moment in ("2021-06-30T10:15:00Z", "2021-06-30 10:15", "2021-06-30", "2021-06-30T10:15+2"):
        yield f"sampled {moment}", codes.code(codes.dcc(t=[{**codes.TEST, "sc": moment}]))


def _claim_times() -> Iterator[tuple[str, str]]:
    now = int(CLOCK.timestamp())
    changed: dict[str, Any] = {
        "expired": {"c4": now - 1},
        "expires now": {"c4": now},
        "issued later": {"c6": now + 3600},
        "issued within the leeway": {"c6": now + 30},
        "valid later": {"c5": now + 3600},
        "fraction": {"c6": now - 0.5},
        "tagged time": {"c4": cbor2.CBORTag(1, now + 60)},
        "time as text": {"c4": str(now)},
        "time true": {"c6": True},
        "no time": {"c6": None},
        "endless time": {"c4": float("inf")},
        "time out of range": {"c4": 10**12},
        "huge time": {"c4": 2**70},
        "no issuer": {"c1": None},
        "issuer number": {"c1": 1},
        "issuer another country": {"c1": "DE"},
        "other claims": {"c7": b"x"},
        "no content": {"c-260": {}},
    }
    for name, changes in changed.items():
        named = {int(key[1:]): value for key, value in changes.items()}
        claims = {key: v for key, v in {**codes.claims(), **named}.items() if v is not None}
        yield f"claims {name}", codes.text(codes.tagged(codes.message(claims)))
    yield "claims no map", codes.text(codes.tagged(codes.message(["CZ"])))


def _messages() -> Iterator[tuple[str, str]]:
    message = codes.message()
    header, unprotected, body, signature = message
    kid = codes.KID
    for name, parts in {
        "PS256": codes.message(algorithm=codes.PS256),
        "high s": codes.with_high_s(message),
        "flipped signature": [header, unprotected, body, bytes([signature[0] ^ 1]) + signature[1:]],
        "short signature": [header, unprotected, body, signature[:63]],
        "of another body": [header, unprotected, cbor2.dumps(codes.claims(c1="DE")), signature],
        "unprotected kid": codes.message(protected={1: -7}, unprotected={4: kid}),
        "protected kid wins": codes.message(unprotected={4: b"another!"}),
        "no kid": codes.message(protected={1: -7}),
        "kid text": codes.message(protected={1: -7, 4: "kid"}),
        "kid empty": codes.message(protected={1: -7, 4: b""}),
        "kid 65 bytes": codes.message(protected={1: -7, 4: bytes(65)}),
        "unknown kid": codes.message(protected={1: -7, 4: bytes(8)}),
        "key for tests": codes.message(protected={1: -7, 4: TESTS_ONLY}),
        "key for tests, a test": codes.message(
            codes.claims(codes.dcc(t=[codes.TEST])), protected={1: -7, 4: TESTS_ONLY}
        ),
        "key of others": codes.message(protected={1: -7, 4: OF_OTHERS}),
        "algorithm unprotected": codes.message(protected={4: kid}, unprotected={1: -7}),
        "algorithm ES384": codes.message(protected={1: -35, 4: kid}),
        "algorithm as fraction": codes.message(protected={1: -7.0, 4: kid}),
        "PS256 named, ES256 made": [cbor2.dumps({1: -37, 4: kid}), {}, body, signature],
        "ES256 named, PS256 made": [header, {}, body, codes.sign(header, body, codes.PS256)],
        "crit": codes.message(protected={1: -7, 2: [9], 4: kid}),
        "unprotected crit": codes.message(unprotected={2: [9]}),
        "header list": codes.message(protected=[1]),
        "header empty": codes.message(protected=b""),
        "label as fraction": codes.message(protected={1: -7}, unprotected={4.0: kid}),
        "label true": codes.message(unprotected={True: 1}),
        "three parts": message[:3],
        "five parts": [*message, b""],
        "body text": [header, {}, "text", signature],
    }.items():
        yield f"message {name}", codes.text(codes.tagged(parts))
    yield "untagged", codes.text(message)
    yield "web token", codes.text(cbor2.CBORTag(61, codes.tagged(message)))
    yield "other tag", codes.text(cbor2.CBORTag(98, message))
    yield "tag twice", codes.text(cbor2.CBORTag(18, codes.tagged(message)))
    yield "tags swapped", codes.text(cbor2.CBORTag(18, cbor2.CBORTag(61, message)))


def _transport(good: str) -> Iterator[tuple[str, str]]:
    packed = base45.b45decode(good[4:])
    plain = zlib.decompress(packed)
    yield "bytes after the stream", codes.packed_text(packed + b"\0")
    yield "cut stream", codes.packed_text(packed[:-1])
    yield "wrong checksum", codes.packed_text(packed[:-1] + bytes([packed[-1] ^ 1]))
    yield "raw deflate", codes.packed_text(values.deflate(plain))
    yield "not compressed", codes.packed_text(plain)
    yield "bomb", codes.packed_text(zlib.compress(plain + bytes(500_000), 9))
    yield "prefix alone", "HC1:"
    yield "bad character", good[:-1] + "a"
    yield "group too large", good[:-3] + ":::"
    yield "one character too many", good + "0"
    yield "too long", good + "000" * 1400
    yield "bytes after the message", codes.text(plain + b"\0")


def _cbor() -> Iterator[tuple[str, str]]:
    """Yield claims in encodings of one's own; a good one is the map of four claims."""
    members = {key: (cbor2.dumps(key), cbor2.dumps(v)) for key, v in codes.claims().items()}
    pairs = [key + value for key, value in members.values()]
    joined = b"".join(pairs)
    expires = int(codes.EXPIRES.timestamp())
    content = cbor2.dumps(-260) + cbor2.dumps({1: codes.dcc()})
    for name, body in {
        "indefinite map": b"\xbf" + joined + b"\xff",
        "key twice": b"\xa5" + joined + pairs[0],
        "key twice, once longer": b"\xa5" + joined + b"\x18\x01" + b"\x62CZ",
        "longer numbers": b"\xa4" + joined.replace(b"\x04\x1a", b"\x18\x04\x1a", 1),
        "64-bit time": b"\xa4" + pairs[0] + b"\x04\x1b" + expires.to_bytes(8) + pairs[2] + content,
        "issuer in pieces": b"\xa4" + b"\x01\x7f\x61C\x61Z\xff" + b"".join(pairs[1:]),
        "issuer bad UTF-8": b"\xa4" + b"\x01\x62\xc3\x28" + b"".join(pairs[1:]),
        "undefined beside": b"\xa5" + joined + b"\x18\x63\xf7",
        "unknown tag": b"\xa5" + joined + b"\x18\x63" + cbor2.dumps(cbor2.CBORTag(37, b"x" * 16)),
        "text key": b"\xa5" + joined + b"\x61x\x01",
        "byte key": b"\xa5" + joined + b"\x41x\x01",
        "cut": b"\xa5" + joined,
        "proto": b"\xa5" + joined + cbor2.dumps("__proto__") + b"\x01",
    }.items():
        yield f"CBOR {name}", codes.text(codes.tagged(codes.message(body=body)))
    for depth in (10, 14, 15, 16, 17, 4000):
        nested = b"\x81" * depth + b"\x01"
        body = b"\xa5" + joined + b"\x18\x63" + nested
        yield f"CBOR depth {depth}", codes.text(codes.tagged(codes.message(body=body)))
