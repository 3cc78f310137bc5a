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
from records.models.notices import Notice, NoticeState, RecallMailing
from records.models.outbox import OutboxEvent
from records.models.people import (
    Assignment,
    Enrolment,
    Gender,
    MergedDose,
    MergedEnrolment,
    MergeProposal,
    Patient,
    PatientIdentifier,
    PatientMerge,
    ProposalOutcome,
    Volunteer,
)
from records.models.sites import Clinic
from records.models.staging import StagedDose
from records.models.supply import EuProduct, Lot, Manufacturer, Vaccine, VaccineTarget
from records.models.trust import RevokedCode, TrustedIssuer, TrustedKey
from records.models.workspace import (
    Attention,
    CheckIn,
    CheckInState,
    ScreeningAnswer,
    ScreeningQuestion,
)

__all__ = [
    "OPEN_ENDED",
    "RIGHTS",
    "Assignment",
    "AttemptCounter",
    "Attention",
    "AuditEntry",
    "AuditSeal",
    "CheckIn",
    "CheckInState",
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
    "MergeProposal",
    "MergedDose",
    "MergedEnrolment",
    "Notice",
    "NoticeState",
    "OutboxEvent",
    "Patient",
    "PatientGrant",
    "PatientIdentifier",
    "PatientMerge",
    "PatientPermission",
    "ProposalOutcome",
    "RecallMailing",
    "Record",
    "RevocationCause",
    "RevokedCode",
    "Route",
    "ScreeningAnswer",
    "ScreeningQuestion",
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
