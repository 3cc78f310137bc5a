"""The environment decides; a wrong one stops the start and names the variable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "VAXPASS_MODE": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "vaxpass.example.org",
    "DATABASE_URL": "sqlite:///:memory:",
    "MFA_KEYS": "c29tZSBvdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXQ=",
    "CREDENTIAL_KEYS": "c29tZSBvdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXQ=",
}


def manage(
    environment: dict[str, str], *arguments: str, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run manage.py with an environment of nothing but `environment`."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_deploy_finds_nothing_in_production() -> None:
    result = manage(PRODUCTION, "check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "MFA_KEYS", "CREDENTIAL_KEYS"]
)
@pytest.mark.parametrize("value", [None, " "])
def test_production_names_the_missing_variable(name: str, value: str | None) -> None:
    environment = {k: v for k, v in PRODUCTION.items() if k != name}
    if value is not None:
        environment[name] = value
    result = manage(environment, "check")
    assert result.returncode == 1
    assert result.stderr.startswith(f"VaxPass cannot start: {name} is missing")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VAXPASS_MODE", "prod"),
        ("SECRET_KEY", "only-for-development"),
        ("SECRET_KEY", "x" * 60),
        ("AUDIT_KEYS", "2026:hunter2"),
        ("AUDIT_KEYS", "hunter2" * 10),
        ("DATABASE_URL", "postgres://vaxpass:hunter2@db/vaxpass"),
        ("DATABASE_URL", "hunter2"),
        ("MFA_KEYS", "hunter2"),
        ("MFA_KEYS", "b25seS1mb3ItZGV2ZWxvcG1lbnQtb25seS1mb3ItZGU="),
        ("CREDENTIAL_KEYS", "b25seS1mb3ItZGV2ZWxvcG1lbnQtb25seS1mb3ItZGU="),
        ("ISSUER_URL", "http://example.org"),
        ("ISSUER_URL", "https://example.org/"),
        ("ISSUER_COUNTRY", "Utopia"),
        ("CACHE_URL", "memcached://hunter2"),
        ("TRUSTED_PROXIES", "-1"),
        ("SESSION_COOKIE_AGE", "long"),
    ],
)
def test_production_names_the_wrong_variable_without_its_secret(name: str, value: str) -> None:
    result = manage(PRODUCTION | {name: value}, "check")
    assert result.returncode == 1
    assert name in result.stderr
    assert "hunter2" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_production_is_what_an_empty_environment_means() -> None:
    result = manage({}, "check")
    assert result.returncode == 1
    assert "SECRET_KEY" in result.stderr


def test_development_needs_no_environment_and_no_working_directory(tmp_path: Path) -> None:
    result = manage({"VAXPASS_MODE": "development"}, "check", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


def test_production_is_strict() -> None:
    program = """
import json
from django.conf import settings as s
print(json.dumps([s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT,
                  s.ALLOWED_HOSTS, s.PASSWORD_HASHERS[0]]))
"""
    result = manage(PRODUCTION, "shell", "--no-imports", "-c", program)
    assert result.stdout.strip() == (
        '[false, true, true, true, ["vaxpass.example.org"],'
        ' "django.contrib.auth.hashers.Argon2PasswordHasher"]'
    )


@pytest.mark.mariadb
@pytest.mark.django_db
def test_the_mariadb_connection_is_strict() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT @@sql_mode, @@tx_isolation, @@time_zone, @@character_set_connection,"
            " @@optimizer_join_limit_pref_ratio"
        )
        mode, isolation, zone, charset, ratio = cursor.fetchone()
    assert {"STRICT_ALL_TABLES", "NO_ZERO_DATE"} <= set(mode.split(","))
    assert (isolation, zone, charset, ratio) == ("READ-COMMITTED", "+00:00", "utf8mb4", 10)


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_the_sqlite_connection_is_durable() -> None:
    with connection.cursor() as cursor:
        values = [
            cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert values == ["wal", 2, 1, 30_000]
    with transaction.atomic(), connection.cursor() as cursor:
        # IMMEDIATE: the write lock is held before the first write.
        assert connection.connection.in_transaction
        cursor.execute("SELECT 1")
