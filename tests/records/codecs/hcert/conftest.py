"""Fixtures of the codec's tests."""

from tests.credential_judges import credential_judge

__all__ = ["credential_judge"]
