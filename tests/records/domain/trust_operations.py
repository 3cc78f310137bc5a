"""The writes of the trust list."""

from __future__ import annotations

from typing import Any

from accounts.roles import DBA
from records.codecs.credentials import Format
from records.domain import trust
from tests.records import factories as make
from tests.records.domain import given
from tests.records.domain.operation import Operation
from tests.records.signing import ISS, CardIssuer, trusted

KEEPERS = frozenset({DBA.name})


def distrusted() -> Any:
    row = trusted(CardIssuer())
    return trust.distrust(by=make.system(), issuer=row, reason=given.WHY)


def empty() -> Any:
    return trust.keep_issuer(by=make.system(), format=Format.SHC, identifier=ISS)


TRUST = (
    Operation(
        trust.keep_issuer,
        lambda: {"format": Format.SHC, "identifier": ISS, "name": "Clinic"},
        KEEPERS,
        "trustedissuer.added",
        frozenset({"format", "identifier", "name"}),
    ),
    Operation(
        trust.keep_keys,
        lambda: {"issuer": empty(), "keys": [CardIssuer().key]},
        KEEPERS,
        "trustedkey.added",
        frozenset({"issuer", "kid", "digest", "public_key"}),
    ),
    Operation(
        trust.distrust,
        lambda: {"issuer": trusted(CardIssuer()), "reason": given.WHY},
        KEEPERS,
        "trustedissuer.distrusted",
        frozenset({"distrusted_at"}),
    ),
    Operation(
        trust.trust_again,
        lambda: {"issuer": distrusted(), "reason": given.WHY},
        KEEPERS,
        "trustedissuer.trusted_again",
        frozenset({"distrusted_at"}),
    ),
    Operation(
        trust.note_revocations,
        lambda: {"key": trusted(CardIssuer()).keys.get(), "counter": 1, "rids": ["abc"]},
        KEEPERS,
        "trustedkey.revocations_noted",
        frozenset({"revocations"}),
    ),
)
