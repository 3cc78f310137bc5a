"""Fixtures of the API's tests."""

import pytest

from tests.records import factories as make


@pytest.fixture(autouse=True)
def _roles(db):
    make.ensure_roles()
