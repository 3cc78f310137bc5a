"""Fixtures of the codec's tests."""

from tests.credential_judges import credential_judge
from tests.fhir_validator import validator

__all__ = ["credential_judge", "validator"]
