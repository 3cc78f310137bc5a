"""Looks are noted outside transactions that write: one that is rolled back would forget them."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

from tests.architecture.test_domain import calls, is_transactional

DOMAIN = settings.BASE_DIR / "records" / "domain"


def faults(source: str) -> list[str]:
    """Return the functions that run in a transaction of their own and note a look in it."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and is_transactional(node)
        and any(name.endswith("note_read") for name in calls(node))
    ]


@pytest.mark.parametrize("path", sorted(DOMAIN.glob("*.py")), ids=lambda path: path.stem)
def test_no_write_notes_a_look(path: Path) -> None:
    assert faults(path.read_text()) == []


def test_planted_look_is_found() -> None:
    planted = "@unit.transactional\ndef f(*, by):\n    reading.note_read(by=by)\n"
    assert faults(planted) == ["f"]
    assert faults(planted.replace("@unit.transactional\n", "")) == []
