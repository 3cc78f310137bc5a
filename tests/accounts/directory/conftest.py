"""A real directory for the tests of sign-in through one."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.records.factories import ensure_roles

if TYPE_CHECKING:
    from tests.accounts.directory.slapd import Slapd

BACKEND = "accounts.directory.backend.DirectoryBackend"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """Run an OpenLDAP server for the tests of one module."""
    lacking = [
        name
        for name, there in (
            ("slapd", shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec")),
            ("django-auth-ldap", importlib.util.find_spec("django_auth_ldap")),
            ("python-ldap", importlib.util.find_spec("ldap")),
        )
        if not there
    ]
    if lacking:
        message = f"no directory to test with: {', '.join(lacking)}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from tests.accounts.directory.slapd import running

    with running(tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture
def directory(slapd: Slapd, db: Any, settings: Any) -> Slapd:
    """Let the site sign people in through the directory."""
    ensure_roles()
    settings.LDAP = slapd.directory
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, BACKEND]
    return slapd


@pytest.fixture
def uid() -> str:
    """Return the name of somebody who is not in the directory yet."""
    return f"ada{next(_numbers)}"


@pytest.fixture
def address(uid: str) -> str:
    return f"{uid}@example.org"
