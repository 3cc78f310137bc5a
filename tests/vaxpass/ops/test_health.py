"""What a load balancer is told."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings


@pytest.fixture
def probe() -> Iterator[Client]:
    """A probe: an unknown host, no TLS, no user."""
    with override_settings(ALLOWED_HOSTS=["vaxpass.example.org"], SECURE_SSL_REDIRECT=True):
        yield Client(headers={"host": "10.0.0.1:8000"})


def test_livez_needs_no_database(probe: Client) -> None:
    response = probe.get("/livez")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_asks_the_database(probe: Client) -> None:
    response = probe.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok"}
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_readyz_fails_without_saying_why(probe: Client) -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError("password hunter2")):
        response = probe.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": "unavailable"}


def test_other_pages_still_refuse_an_unknown_host(probe: Client) -> None:
    assert probe.get("/", headers={"host": "10.0.0.1:8000"}).status_code in {301, 400}
