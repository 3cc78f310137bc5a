"""Ways to a directory, and what holds while it is hung, gone or not to be trusted."""

from __future__ import annotations

import dataclasses
import logging
import socket
from collections.abc import Iterator

import pytest

from tests.accounts.directory.people import PASSWORD, gets_in, roles_of
from tests.accounts.guessers import WRONG, make_owner
from tests.accounts.signing_in import PASSWORD as OWN_PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port where connections are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_directory_with_tls_from_the_start_answers(directory, uid, address, settings):
    url = f"ldaps://127.0.0.1:{directory.tls_port}"
    settings.LDAP = dataclasses.replace(settings.LDAP, url=url, start_tls=False)
    directory.person(uid, address, groups=("nurses",))

    assert gets_in(address)


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_server_without_a_trusted_certificate_sees_no_password(
    directory, uid, address, settings, scheme, tmp_path
):
    from tests.accounts.directory.slapd import make_certificate

    make_certificate(tmp_path)
    port = directory.tls_port if scheme == "ldaps" else directory.port
    settings.LDAP = dataclasses.replace(
        settings.LDAP,
        url=f"{scheme}://127.0.0.1:{port}",
        start_tls=scheme == "ldap",
        ca_file=str(tmp_path / "cert.pem"),
    )
    directory.person(uid, address, groups=("nurses",))

    assert not gets_in(address)


@pytest.mark.parametrize("way", ["plain", "starttls", "ldaps", "gone"])
def test_local_accounts_get_in_while_the_directory_is_hung_or_gone(
    directory, uid, address, settings, caplog, silent_port, way
):
    directory.person(uid, address, groups=("nurses",))
    assert gets_in(address)
    make_owner("Patient", email=f"local-{address}")
    port = 1 if way == "gone" else silent_port
    scheme = "ldaps" if way == "ldaps" else "ldap"
    settings.LDAP = dataclasses.replace(
        settings.LDAP, url=f"{scheme}://127.0.0.1:{port}", start_tls=way == "starttls"
    )

    with caplog.at_level(logging.DEBUG):
        assert not gets_in(address)
    assert gets_in(f"local-{address}", OWN_PASSWORD)

    assert roles_of(address) == {"Volunteer"}
    assert "directory:" in caplog.text
    assert uid not in caplog.text


def test_log_names_nobody_and_no_password(directory, uid, address, caplog):
    directory.person(uid, address, groups=("nurses",))

    with caplog.at_level(logging.DEBUG):
        gets_in(address, WRONG)
        gets_in(address)

    assert uid not in caplog.text
    assert PASSWORD not in caplog.text
