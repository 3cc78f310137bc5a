"""The writes of credentials."""

from __future__ import annotations

from typing import Any

from accounts.roles import DBA, PATIENT, VOLUNTEER
from records.domain import credentials
from tests.records import factories as make
from tests.records import issuer
from tests.records.domain import given
from tests.records.domain.operation import Operation

REVOKED = frozenset({"revoked_at", "revocation_cause"})


def _patient() -> Any:
    return make.make_dose().patient


CREDENTIALS = (
    Operation(
        credentials.issue_credentials,
        lambda: {"patient": _patient(), "format": "shc"},
        frozenset({VOLUNTEER.name, PATIENT.name}),
        "credential.issued",
        frozenset({"patient", "format", "kid", "identifier", "issued_by", "issued_at"}),
    ),
    Operation(
        credentials.revoke_credential,
        lambda: given.of("credential", issuer.issue_one(_patient())),
        frozenset({DBA.name, VOLUNTEER.name}),
        "credential.revoked",
        REVOKED,
    ),
    Operation(
        credentials.revoke_signed,
        lambda: {"kid": issuer.issue_one(_patient()).kid, "reason": given.WHY},
        frozenset({DBA.name}),
        "credential.revoked",
        REVOKED,
    ),
)
