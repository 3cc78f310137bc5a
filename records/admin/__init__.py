"""The admin of the records: thin pages over ``records.domain``."""

from records.admin import doses, logs, lots, merging, patients, reference, volunteers

__all__ = ["doses", "logs", "lots", "merging", "patients", "reference", "volunteers"]
