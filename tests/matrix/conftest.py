"""The matrix's world, made once for the tests of a file and rolled back after them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.matrix.walk import taken_back
from tests.matrix.world import World, build


@pytest.fixture
def _django_db_helper() -> None:
    """Leave out pytest-django's transaction of each test: the world's spans them all."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Return the world; every request of a cell takes back what it wrote."""
    logging.disable(logging.ERROR)
    with django_db_blocker.unblock(), taken_back():
        yield build()
    logging.disable(logging.NOTSET)
