"""Fixtures of the API's tests."""

import uuid
from collections.abc import Iterator

import pytest
from django.core.cache.backends.locmem import LocMemCache

from records.api import throttles
from tests.records import factories as make


class Clock:
    """The time of day of the limits, in seconds."""

    now = 1_800_000_000.0  # a full hour

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _roles(db):
    make.ensure_roles()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Let the limits stand at a full hour, with counts of their own."""
    told = Clock()
    monkeypatch.setattr(throttles.ClientRate, "timer", told)
    monkeypatch.setattr(throttles, "cache", LocMemCache(str(uuid.uuid4()), {}))
    throttles._tally.clear()
    yield told
    throttles._tally.clear()
