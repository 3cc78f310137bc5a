"""Measure signed codes on one core, each beside what cryptography's bare ES256 takes.

    python -m tests.bench.credentials

needs no database, and writes the section "Signed codes" of docs/benchmarks.md. Ends with status 1
when a card misses its share of bare ES256, or too few pictures are drawn a second.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from records.codecs import hcert, qr, shc
from records.codecs.credentials import Person, StatedDose, signed_by
from tests.bench.reports import write

ROUNDS = 31
TURNS = 100
DRAWN = 5
TITLE = "## Signed codes"

SIGNED_SHARE = 0.30
VERIFIED_SHARE = 0.65
DRAWN_A_SECOND = 90

PERSON = Person("Anyperson", "Johanna Maria", birth_date="1951-01-20")
DOSES = [
    StatedDose(day="2021-01-04", vaccine="207", lot_number="EW0150", performer="Clinic by the Sea"),
    StatedDose(day="2021-02-01", vaccine="207", lot_number="EW0182", performer="Clinic by the Sea"),
]

CERTIFIED = StatedDose(
    day="2021-02-01",
    vaccine="1119349007",
    disease="840539006",
    product="EU/1/20/1528",
    holder="ORG-100030215",
    number=2,
    series=2,
    country="XX",
)


def compare(steps: dict[str, tuple[Callable[[], Any], int]]) -> dict[str, float]:
    """Return the median microseconds of each step, all taken in turns of so many calls.

    It is the processor's time, which others on the machine do not prolong.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, (step, turns) in steps.items():
            start = time.process_time()
            for _ in range(turns):
                step()
            times[name].append((time.process_time() - start) / turns * 1_000_000)
    # The first ones warm up.
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def cards() -> tuple[list[tuple[str, float, str, float]], bool]:
    """Return label, microseconds, what it is measured by and the share, and whether all is well."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    key = shc.IssuerKey(shc.thumbprint(public), private)
    es256 = ec.ECDSA(SHA256())

    def make() -> str:
        now = dt.datetime.now(dt.UTC)
        return shc.write(
            shc.payload("https://vaxpass.example/cards", now, PERSON, DOSES, "Zm9vYmFyYmF6"), key
        )

    scanned = shc.numeric(make())
    code = shc.read(scanned)
    der = encode_dss_signature(*decode_dss_signature(private.sign(code.signed, es256)))
    assert signed_by(code, public)
    took = compare(
        {
            "bare ES256 signature": (lambda: private.sign(code.signed, es256), TURNS),
            "card": (make, TURNS),
            "bare ES256 verification": (lambda: public.verify(der, code.signed, es256), TURNS),
            "verification": (lambda: signed_by(shc.read(scanned), public), TURNS),
            "SVG": (lambda: qr.svg(shc.numeric(make())), DRAWN),
            "PNG": (lambda: qr.png(shc.numeric(make())), DRAWN),
        }
    )
    signed = took["bare ES256 signature"] / took["card"]
    verified = took["bare ES256 verification"] / took["verification"]
    rows = [
        ("card of two doses, signed", took["card"], "bare ES256 signature", signed),
        ("card read and verified", took["verification"], "bare ES256 verification", verified),
    ]
    well = signed >= SIGNED_SHARE and verified >= VERIFIED_SHARE
    for picture in ("SVG", "PNG"):
        share = took["bare ES256 signature"] / took[picture]
        rows.append((f"card with its QR code as {picture}", took[picture], "", share))
        well = well and 1_000_000 / took[picture] >= DRAWN_A_SECOND
    return rows, well


def certificates() -> list[tuple[str, float, str, float]]:
    """Return label, microseconds, what it is measured by and the share, for EU certificates."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    signer = hcert.DocumentSigner(bytes(8), private, "XX")
    es256 = ec.ECDSA(SHA256())
    identifier = hcert.uvci("XX", "0123456789ABCDEF0123456789ABCDEF")

    def make() -> str:
        now = dt.datetime.now(dt.UTC)
        later = now + dt.timedelta(days=365)
        claims = hcert.payload(
            PERSON,
            CERTIFIED,
            identifier,
            "Ministry of Health",
            country="XX",
            issued_at=now,
            expires_at=later,
        )
        return hcert.write(claims, signer)

    text = make()
    code = hcert.read(text)
    der = private.sign(code.signed, es256)
    assert signed_by(code, public)
    took = compare(
        {
            "signature": (lambda: private.sign(code.signed, es256), TURNS),
            "certificate": (make, TURNS),
            "verification": (lambda: public.verify(der, code.signed, es256), TURNS),
            "verified": (lambda: signed_by(hcert.read(text), public), TURNS),
            "SVG": (lambda: qr.svg(make()), DRAWN),
        }
    )
    signed, verified, drawn = took["certificate"], took["verified"], took["SVG"]
    return [
        ("certificate, signed", signed, "bare ES256 signature", took["signature"] / signed),
        (
            "certificate read and verified",
            verified,
            "bare ES256 verification",
            took["verification"] / verified,
        ),
        ("certificate with its QR code as SVG", drawn, "", took["signature"] / drawn),
    ]


def report(rows: list[tuple[str, float, str, float]]) -> str:
    """Return the section as Markdown."""
    lines = [
        TITLE,
        "",
        "Made by `python -m tests.bench.credentials` (`make bench`) on one core, without a "
        f"database. Medians of {ROUNDS - 1} rounds, in which all are taken in turns. The share is "
        "that of cryptography's bare ES256 in the same process; a signed card must reach "
        f"{SIGNED_SHARE:.2f}, a verified one {VERIFIED_SHARE:.2f}, and one with its picture "
        f"{DRAWN_A_SECOND} a second.",
        "",
        "| code | µs | a second | share | of |",
        "|---|---:|---:|---:|---|",
    ]
    for name, took, measure, share in rows:
        part = f"{share:.2f} | {measure}" if measure else "|"
        lines.append(f"| {name} | {took:,.0f} | {1_000_000 / took:,.0f} | {part} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, write, and tell whether all is within bounds."""
    rows, well = cards()
    section = report(rows + certificates())
    print(section)  # noqa: T201
    write(section)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
