"""The matrix's world, and what the fuzz takes from it."""

import pytest

from tests.fuzz.target import Target
from tests.matrix.conftest import _django_db_helper, world

__all__ = ["_django_db_helper", "world"]


@pytest.fixture(scope="module")
def target(world):
    """Return where the requests go; it keeps nothing that they write."""
    return Target.of(world)
