"""What the environment says about the directory; a wrong variable stops the start by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import Env

from accounts.directory.config import Directory, directory_from
from tests.vaxpass.test_settings import PRODUCTION, manage

GOOD = {
    "LDAP_URL": "ldaps://directory.example.org",
    "LDAP_BIND_DN": "cn=vaxpass,dc=example,dc=org",
    "LDAP_BIND_PASSWORD": "hunter2",
    "LDAP_USER_BASE": "ou=people,dc=example,dc=org",
    "LDAP_GROUP_BASE": "ou=groups,dc=example,dc=org",
    "LDAP_GROUPS": "Nurses=Volunteer; CN=DB Admins, OU=groups,dc=example,dc=org = DBA",
}


@pytest.fixture(autouse=True)
def _library() -> None:
    """Skip where the optional library is not installed; `make test` says so."""
    pytest.importorskip("django_auth_ldap.config")


def read(
    monkeypatch: pytest.MonkeyPatch, *, production: bool = True, **changes: str | None
) -> Directory | None:
    for name, value in {**GOOD, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return directory_from(Env(), production=production)


def test_site_without_an_address_has_no_directory(monkeypatch):
    assert read(monkeypatch, LDAP_URL=None) is None


def test_groups_are_found_by_name_and_by_dn_in_any_spelling(monkeypatch):
    directory = read(monkeypatch)
    assert directory
    assert directory.mapped == {"Volunteer", "DBA"}
    assert directory.roles([], ["NURSES", None]) == {"Volunteer"}
    assert directory.roles(["cn=db admins,ou=Groups,dc=example,dc=org"], ["x"]) == {"DBA"}
    # The name of a group elsewhere does not stand for the DN, nor a DN for a name.
    assert directory.roles(["cn=nurses,dc=elsewhere"], ["db admins"]) == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LDAP_URL", "directory.example.org"),
        ("LDAP_URL", "http://directory.example.org"),
        ("LDAP_URL", "ldaps://"),
        ("LDAP_URL", "ldaps://a ldaps://b"),
        ("LDAP_URL", "ldaps://a:port"),
        ("LDAP_URL", "ldaps://user:hunter2@a"),
        ("LDAP_URL", "ldap://directory.example.org"),
        ("LDAP_START_TLS", "yes"),
        ("LDAP_USER_BASE", None),
        ("LDAP_USER_BASE", "people"),
        ("LDAP_GROUP_BASE", ""),
        ("LDAP_BIND_PASSWORD", None),
        ("LDAP_GROUPS", None),
        ("LDAP_GROUPS", "nurses"),
        ("LDAP_GROUPS", "=Volunteer"),
        ("LDAP_GROUPS", "ou=,=DBA"),
        ("LDAP_USER_FILTER", "(mail=ada)"),
        ("LDAP_USER_FILTER", "(mail=%s)"),
        ("LDAP_USER_FILTER", "(mail=%(user)"),
        ("LDAP_CA_FILE", "/no/such/file.pem"),
    ],
)
def test_wrong_variable_is_named_and_the_password_is_not(monkeypatch, name, value):
    with pytest.raises(ImproperlyConfigured, match=name) as error:
        read(monkeypatch, **{name: value})
    assert "hunter2" not in str(error.value)


def test_unknown_role_stops_the_start_with_its_name(monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="there is no role “Root”"):
        read(monkeypatch, LDAP_GROUPS="nurses=Volunteer;wheel=Root")


@pytest.mark.parametrize(
    ("url", "production", "start_tls"),
    [
        ("ldap://127.0.0.1:389", True, "false"),
        ("ldap://[::1]", True, "false"),
        ("ldap://localhost", True, "false"),
        ("ldap://directory.example.org", True, "true"),
        ("ldap://directory.example.org", False, "false"),
    ],
)
def test_passwords_travel_in_clear_on_this_machine_and_in_development_only(
    monkeypatch, url, production, start_tls
):
    assert read(monkeypatch, production=production, LDAP_URL=url, LDAP_START_TLS=start_tls)


def test_password_of_the_directory_is_not_shown(monkeypatch):
    assert "hunter2" not in repr(read(monkeypatch))


def test_settings_sign_in_through_the_directory_only_where_it_is_named():
    program = """
from django.conf import settings
print(settings.AUTHENTICATION_BACKENDS[-1].rsplit(".", 1)[-1], settings.LDAP is None)
"""
    key = {"MFA_KEYS": "c29tZS1rZXktb2YtdGhlLXRlc3Qtb2Ytc2V0dGluZ3M="}
    environment = {**key, **PRODUCTION}
    with_directory = manage(environment | GOOD, "shell", "--no-imports", "-c", program)
    assert with_directory.stdout.strip() == "DirectoryBackend False", with_directory.stderr
    without = manage(environment, "shell", "--no-imports", "-c", program)
    assert without.stdout.strip().endswith(" True")
    assert "DirectoryBackend" not in without.stdout


def test_missing_library_is_named(tmp_path: Path):
    (tmp_path / "django_auth_ldap").mkdir()
    (tmp_path / "django_auth_ldap" / "__init__.py").touch()
    (tmp_path / "django_auth_ldap" / "config.py").write_text("raise ImportError\n")
    key = {"MFA_KEYS": "c29tZS1rZXktb2YtdGhlLXRlc3Qtb2Ytc2V0dGluZ3M="}
    result = manage({**key, **PRODUCTION, **GOOD, "PYTHONPATH": str(tmp_path)}, "check")
    assert result.returncode == 1
    assert "requirements/ldap.txt" in result.stderr
    assert len(result.stderr.splitlines()) == 1
