"""What the tests of the admin start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.roles import DBA
from tests.records.factories import make_user


@pytest.fixture
def dba() -> Any:
    """Return a DBA."""
    return make_user(DBA.name, is_staff=True, name="Dora Base")


@pytest.fixture
def login() -> Callable[[Any], Client]:
    """Return a function that signs a user in to a client of their own."""

    def as_user(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return as_user


@pytest.fixture
def page(dba: Any, login: Callable[[Any], Client]) -> Client:
    """Return a DBA's browser."""
    return login(dba)
