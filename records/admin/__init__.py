"""The admin of the records: thin pages over ``records.domain``."""

from records.admin import (
    audit,
    credentials,
    doses,
    logs,
    lots,
    merging,
    patients,
    proposals,
    reference,
    volunteers,
    workspace,
)

__all__ = [
    "audit",
    "credentials",
    "doses",
    "logs",
    "lots",
    "merging",
    "patients",
    "proposals",
    "reference",
    "volunteers",
    "workspace",
]
