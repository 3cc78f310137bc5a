"""Cards of every sort, good and bad, for whoever checks at ``CLOCK``."""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from records.codecs import shc
from tests.records.codecs.hcert.codes import P256_ORDER
from tests.records.codecs.shc import values

CLOCK = values.ISSUED_AT + dt.timedelta(days=30)
REVOKED, REVOKED_BEFORE, REVOKED_AFTER = "revoked-rid", "older-rid", "newer-rid"


def cards() -> Iterator[tuple[str, str]]:
    """Yield cards with their names."""
    good = values.sealed()
    yield "good", good
    yield "good digits", shc.numeric(good)
    yield "good between blanks", f"\n {shc.numeric(good)}\t\n"
    yield "written by the codec", shc.write(values.payload(), values.KEY)
    yield from _times_and_withdrawals()
    yield from _signatures(good)
    yield from _texts(good)
    yield from _headers()
    yield from _payloads()
    yield from _bundles()


def _claims(rid: str | None = None, **changes: Any) -> dict[str, Any]:
    claims = values.payload(**changes)
    if rid is not None:
        claims["vc"]["rid"] = rid
    return claims


def _times_and_withdrawals() -> Iterator[tuple[str, str]]:
    now = CLOCK.timestamp()
    for name, seconds in {
        "future": now + 3600,
        "within the leeway": now + 30.5,
        "negative": -1,
        "milliseconds": now * 1000,
        "year 9999": 253402300799,
        "text": "1600000000",
        "true": True,
        "null": None,
    }.items():
        yield f"nbf {name}", values.sealed(_claims(nbf=seconds))
    yield "nbf missing", values.sealed({k: v for k, v in _claims().items() if k != "nbf"})
    for name, expires in {"past": now - 1, "now": now, "later": now + 1, "null": None}.items():
        yield f"exp {name}", values.sealed(_claims(exp=expires))
    for rid in (REVOKED, REVOKED_BEFORE, REVOKED_AFTER, "a" * 25, "pa.dded", ""):
        yield f"rid {rid}", values.sealed(_claims(rid))
    yield "revoked and expired", values.sealed(_claims(REVOKED, exp=now - 5))
    yield "revoked with another key", values.sealed(_claims(REVOKED), values.header(kid="gone"))
    yield "of another issuer", values.sealed(_claims(iss="https://other.example"))
    yield "issuer with a slash", values.sealed(_claims(iss=values.ISSUER + "/"))
    yield "issuer no URL", values.sealed(_claims(iss="vaxpass.example"))


def _signatures(good: str) -> Iterator[tuple[str, str]]:
    signed, _, signature = good.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    high = P256_ORDER - int.from_bytes(raw[32:])
    yield "high s", f"{signed}.{values.part(raw[:32] + high.to_bytes(32))}"
    yield "flipped signature", f"{signed}.{values.part(bytes([raw[0] ^ 1]) + raw[1:])}"
    yield "zero signature", f"{signed}.{values.part(bytes(64))}"
    yield "short signature", f"{signed}.{values.part(raw[:63])}"
    other = values.sealed(_claims("other"))
    swapped = [*good.split(".")[:1], other.split(".")[1], good.split(".")[2]]
    yield "payload of another card", ".".join(swapped)
    stranger = shc.IssuerKey(values.KEY.kid, ec.generate_private_key(ec.SECP256R1()))
    yield "signed by a stranger", shc.write(values.payload(), stranger)


def _texts(good: str) -> Iterator[tuple[str, str]]:
    digits = shc.numeric(good)
    yield "padding", good + "=="
    yield "spare bits", good[:-1] + chr(ord(good[-1]) + 1)
    yield "blank within", good.replace(".", ". ", 1)
    yield "standard base64", values.sealed().replace("-", "+").replace("_", "/")
    yield "two parts", good.rpartition(".")[0]
    yield "four parts", good + ".e30"
    yield "odd digits", digits[:-1]
    yield "pair above 77", digits[:-2] + "78"
    yield "capital prefix", digits.upper()
    yield "letters for digits", digits[:-2] + "0a"
    yield "prefix alone", "shc:/"
    half = len(digits) // 4 * 2
    first, second = f"shc:/1/2/{digits[5:half]}", f"shc:/2/2/{digits[half:]}"
    yield "one chunk", first
    yield "both chunks", f"{second}\n{first}"
    yield "a chunk twice", f"{first} {first}"
    yield "empty", ""
    yield "prose", "Hello, is this a vaccination code?"
    yield "link", "shlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnIn0"
    yield "other script", "shc:/١٢٣٤"
    yield "not ASCII", "eyJ\u00e9.e30.AA"


def _headers() -> Iterator[tuple[str, str]]:
    for name, header in {
        "alg none": values.header(alg="none"),
        "alg HS256": values.header(alg="HS256"),
        "alg PS256": values.header(alg="PS256"),
        "zip missing": {"alg": "ES256", "kid": values.KEY.kid},
        "zip GZ": values.header(zip="GZ"),
        "crit": values.header(crit=["exp"]),
        "unknown kid": values.header(kid="unknown"),
        "kid number": values.header(kid=1),
        "kid empty": values.header(kid=""),
        "extra member": values.header(typ="JWT", jwk=values.JWK),
        "list": [],
    }.items():
        yield f"header {name}", values.sealed(head=header)
    twice = json.dumps(values.header())[:-1] + ', "alg": "none"}'
    yield "header alg twice", values.sealed(head=twice.encode())
    first = '{"alg": "none", ' + json.dumps(values.header())[1:]
    yield "header alg none before ES256", values.sealed(head=first.encode())


def _payloads() -> Iterator[tuple[str, str]]:
    plain = json.dumps(values.payload()).encode()
    yield "spaced JSON", values.sealed(raw=json.dumps(values.payload(), indent=2).encode())
    yield "key twice", values.sealed(raw=plain[:-1] + b', "nbf": 1}')
    escaped = plain[:-1] + b', "\\u006ebf": 1}'
    yield "key twice, once escaped", values.sealed(raw=escaped)
    yield "key twice within", values.sealed(raw=plain.replace(b'"rid"', b'"rid": "x", "rid"'))
    yield "text after JSON", values.sealed(raw=plain + b"{}")
    yield "BOM", values.sealed(raw=b"\xef\xbb\xbf" + plain)
    yield "bad UTF-8", values.sealed(raw=plain[:-1] + b', "x": "\xff"}')
    yield "half a surrogate pair", values.sealed(raw=plain[:-1] + b', "x": "\\ud800"}')
    for number in (b"NaN", b"Infinity", b"1e999", b"1e3", b"01", b"123456789012345678901"):
        yield (
            f"number {number.decode()}",
            values.sealed(raw=plain[:-1] + b', "x": ' + number + b"}"),
        )
    for depth in (253, 254, 5000):
        nested = b"[" * depth + b"]" * depth
        yield f"depth {depth}", values.sealed(raw=plain[:-1] + b', "x": ' + nested + b"}")
    body = values.deflate(plain)
    yield "bytes after the stream", values.sealed(body=body + b"\0")
    yield "cut stream", values.sealed(body=body[:-3])
    yield "zlib, not raw", values.sealed(body=zlib.compress(plain))
    yield "not compressed", values.sealed(body=plain)
    yield "bomb", values.sealed(body=values.deflate(plain + b" " * 50_000_000))
    yield "empty payload", values.sealed(raw=b"")
    yield "list", values.sealed(raw=b"[]")
    yield "proto", values.sealed(raw=plain[:-1] + b', "__proto__": {"a": 1}}')


def _bundles() -> Iterator[tuple[str, str]]:
    patient: Any = values.PATIENT
    dose: Any = values.IMMUNIZATION
    test: Any = values.OBSERVATION
    several = {"name": [{"family": "A"}, {"use": "usual", "family": "B"}, {"use": "official"}]}
    for name, resources in {
        "least": [patient, dose],
        "test": [patient, test],
        "dose and test": [patient, dose, test],
        "measured": [
            patient,
            {**test, "valueCodeableConcept": None, "valueQuantity": {"value": 2}},
        ],
        "no patient": [dose],
        "two patients": [patient, patient, dose],
        "nothing stated": [patient],
        "only an error": [patient, {**dose, "status": "entered-in-error"}],
        "unknown status": [patient, {**dose, "status": "done"}],
        "several names": [{**patient, **several}, dose],
        "name as text": [{**patient, "name": [{"text": "Jo Doe"}]}, dose],
        "name no list": [{**patient, "name": "Jo"}, dose],
        "given with null": [{**patient, "name": [{"given": [None, "Jo", "Q"]}]}, dose],
        "given number": [{**patient, "name": [{"given": [1]}]}, dose],
        "no name": [{"resourceType": "Patient"}, dose],
        "native script": [{**patient, "name": [{"family": "نجيب", "given": ["لمى"]}]}, dose],
        "series": [patient, {**dose, "protocolApplied": [{"doseNumberPositiveInt": 2}]}],
        "series 0": [patient, {**dose, "protocolApplied": [{"doseNumberPositiveInt": 0}]}],
        "series true": [patient, {**dose, "protocolApplied": [{"seriesDosesPositiveInt": True}]}],
        "not coded": [patient, {**dose, "vaccineCode": {"text": "BCG"}}],
        "no vaccine": [patient, {**dose, "vaccineCode": {}}],
        "two systems": [
            patient,
            {**dose, "vaccineCode": {"coding": [{"code": "x"}, *dose["vaccineCode"]["coding"]]}},
        ],
        "performer": [patient, {**dose, "performer": [{"actor": {"display": "Clinic"}}]}],
        "performer text": [patient, {**dose, "performer": ["Clinic"]}],
        "time without a day": [patient, {**dose, "occurrenceDateTime": None}],
        "described time": [
            patient,
            {**dose, "occurrenceDateTime": None, "occurrenceString": "in childhood"},
        ],
        "null entries": [patient, dose, {}],
    }.items():
        yield f"bundle {name}", values.sealed(values.with_bundle(*resources))
    for day in ("1951", "1951-02", "1951-02-29", "1952-02-29", "1951-2-3", "0000-01-01", "today"):
        yield f"born {day}", values.sealed(values.with_bundle({**patient, "birthDate": day}, dose))
        given = {**dose, "occurrenceDateTime": day}
        yield f"given {day}", values.sealed(values.with_bundle(patient, given))
    for time in ("T10:15:00Z", "T10:15", "T10", "T10:15:00.5+02:00", "x"):
        given = {**dose, "occurrenceDateTime": "2021-05-17" + time}
        yield f"given at {time}", values.sealed(values.with_bundle(patient, given))
    yield "no bundle", values.sealed(values.with_bundle(patient, dose, resourceType="List"))
    for kind in ("searchset", "history", "bundle", "", None):
        yield f"bundle type {kind}", values.sealed(values.with_bundle(patient, dose, type=kind))
    yield "bundle without entries", values.sealed(values.with_bundle(entry=None))
    for name, changes in {
        "other type": {"type": ["https://smarthealth.cards#immunization"]},
        "two types": {"type": ["https://smarthealth.cards#health-card", "x"]},
        "type text": {"type": "https://smarthealth.cards#health-card"},
        "no subject": {"credentialSubject": None},
    }.items():
        yield f"vc {name}", values.sealed(_claims(vc=values.payload()["vc"] | changes))
