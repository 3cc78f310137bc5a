"""Fixtures of the codec's tests."""

from tests.fhir_validator import validator

__all__ = ["validator"]
