"""The admin of the records: thin pages over ``records.domain``."""

from records.admin import (
    audit,
    credentials,
    doses,
    logs,
    lots,
    merging,
    patients,
    reference,
    volunteers,
)

__all__ = [
    "audit",
    "credentials",
    "doses",
    "logs",
    "lots",
    "merging",
    "patients",
    "reference",
    "volunteers",
]
