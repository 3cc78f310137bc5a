"""The writes by which a record reaches a person's account, and leaves it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from accounts.roles import PATIENT, VOLUNTEER
from records.domain import claims, patients, portal, share_links
from tests.records import factories as make
from tests.records.domain import given
from tests.records.domain.operation import Operation

PATIENT_FIELDS = frozenset({"first_name", "last_name", "date_of_birth", "gender"})

PORTAL = (
    Operation(
        patients.register_own_record,
        lambda: {"first_name": "Ada", "last_name": "Novak", "date_of_birth": dt.date(1980, 1, 2)},
        frozenset({PATIENT.name}),
        "patient.registered",
        PATIENT_FIELDS,
    ),
    Operation(
        claims.issue_claim_code,
        given.confirmed_patient,
        frozenset({VOLUNTEER.name}),
        "claimcode.issued",
        frozenset({"patient", "template", "clinic", "issued_by", "expires_at"}),
    ),
    Operation(
        claims.pass_to_patient,
        given.grown_up,
        frozenset({VOLUNTEER.name}),
        "patientgrant.revoked",
        frozenset(),
    ),
    Operation(
        claims.claim_record,
        given.printed_code,
        frozenset({PATIENT.name}),
        "patientgrant.claimed",
        frozenset({"user", "patient", "template", "granted_by"}),
    ),
    Operation(
        portal.remove_access,
        lambda: {
            "grant": make.make_grant(
                make.make_user(PATIENT.name), make.make_patient(), template="relative"
            )
        },
        frozenset({PATIENT.name}),
        "patientgrant.revoked",
        frozenset(),
    ),
    Operation(
        share_links.create_share_link,
        lambda: {
            "patient": given.confirmed_patient()["patient"],
            "label": "School",
            "passcode": "blue heron",
            "expires_at": timezone.now() + dt.timedelta(days=7),
        },
        frozenset({PATIENT.name}),
        "sharelink.created",
        frozenset({"patient", "created_by", "created_at", "label", "expires_at"}),
    ),
    Operation(
        share_links.revoke_share_link,
        lambda: given.without(given.of("link", given.share_link()), "reason"),
        frozenset({PATIENT.name}),
        "sharelink.revoked",
        frozenset({"revoked_at"}),
    ),
)
