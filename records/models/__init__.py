"""The tables of the record store, one file per subject."""

from records.models.access import (
    RIGHTS,
    ClaimCode,
    GrantTemplate,
    PatientGrant,
    PatientPermission,
)
from records.models.audit import AuditEntry, AuditSeal
from records.models.base import OPEN_ENDED, Record
from records.models.credentials import (
    Credential,
    CredentialDose,
    CredentialFormat,
    RevocationCause,
    ShareLink,
    ShareView,
)
from records.models.doses import Dose, DoseStatus, Route, Site
from records.models.idempotency import IdempotencyKey
from records.models.jobs import ImportChunk, ImportJob, ImportProblem, ImportState
from records.models.limits import AttemptCounter
from records.models.outbox import OutboxEvent
from records.models.people import (
    Assignment,
    Enrolment,
    Gender,
    MergedDose,
    MergedEnrolment,
    Patient,
    PatientIdentifier,
    PatientMerge,
    Volunteer,
)
from records.models.sites import Clinic
from records.models.staging import StagedDose
from records.models.supply import EuProduct, Lot, Manufacturer, Vaccine, VaccineTarget
from records.models.trust import RevokedCode, TrustedIssuer, TrustedKey

__all__ = [
    "OPEN_ENDED",
    "RIGHTS",
    "Assignment",
    "AttemptCounter",
    "AuditEntry",
    "AuditSeal",
    "ClaimCode",
    "Clinic",
    "Credential",
    "CredentialDose",
    "CredentialFormat",
    "Dose",
    "DoseStatus",
    "Enrolment",
    "EuProduct",
    "Gender",
    "GrantTemplate",
    "IdempotencyKey",
    "ImportChunk",
    "ImportJob",
    "ImportProblem",
    "ImportState",
    "Lot",
    "Manufacturer",
    "MergedDose",
    "MergedEnrolment",
    "OutboxEvent",
    "Patient",
    "PatientGrant",
    "PatientIdentifier",
    "PatientMerge",
    "PatientPermission",
    "Record",
    "RevocationCause",
    "RevokedCode",
    "Route",
    "ShareLink",
    "ShareView",
    "Site",
    "StagedDose",
    "TrustedIssuer",
    "TrustedKey",
    "Vaccine",
    "VaccineTarget",
    "Volunteer",
]
