"""docs/roles.md says what the table of roles says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts import role_docs
from accounts.management.commands import document_roles
from accounts.role_docs import PATH, roles_page
from accounts.roles import ANALYTICS, ROLES


def test_the_page_is_up_to_date() -> None:
    call_command("document_roles", "--check")


def test_a_changed_role_is_noticed_and_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "roles.md"
    page.write_text(PATH.read_text())
    more = replace(ANALYTICS, permissions=ANALYTICS.permissions | {"records.view_patient"})
    roles = tuple(more if role is ANALYTICS else role for role in ROLES)
    monkeypatch.setattr(role_docs, "ROLES", roles)
    monkeypatch.setattr(document_roles, "PATH", page)

    with pytest.raises(CommandError, match="out of date"):
        call_command("document_roles", "--check")

    call_command("document_roles")
    call_command("document_roles", "--check")
    assert page.read_text() != PATH.read_text()


def test_every_permission_of_every_role_is_told() -> None:
    told = roles_page()
    for role in ROLES:
        section = told.split(f"## {role.name}\n")[1].split("\n## ")[0]
        words = [line for line in section.splitlines() if line.startswith("- **")]
        items = sum(line.count("; ") + 1 for line in words if "by SQL" not in line)
        assert items == len(role.permissions), role.name
