"""One way to write: nothing outside records/domain saves, changes or deletes a record."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

# Where records are written: the domain, and the machinery below it.
WRITERS = ("records/domain/", "records/models/")
# Who writes rows that are no records: users, their addresses, groups.
OTHER_TABLES: dict[str, set[str]] = {
    "accounts/demo/logins.py": {"create"},
    "accounts/directory/accounts.py": {"save", "create", "delete"},
    "accounts/management/commands/makemessages.py": {"save"},  # a catalogue
    "accounts/invitations.py": {"save"},
    "accounts/languages.py": {"save"},
    "accounts/managing.py": {"save", "delete"},
    "accounts/models.py": {"save", "get_or_create"},
    "accounts/oauth/applications.py": {"save"},
    "accounts/oauth/tokens.py": {"update", "delete"},
    "accounts/oauth/validator.py": {"save"},
    "accounts/sessions.py": {"update"},
    "accounts/tour.py": {"save"},
    "accounts/role_sync.py": {"create", "save"},
    "records/codecs/qr.py": {"save"},  # a picture
}
WRITES = {
    "save",
    "save_base",
    "delete",
    "create",
    "update",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
    "bulk_history_create",
    "_raw_delete",
    "_update",
    "_insert",
}
WRITES |= {f"a{name}" for name in WRITES}
STATEMENTS = ("insert ", "update ", "delete ", "replace ", "truncate ", "load data")


def sources() -> list[Path]:
    """Return all files of the project that are neither migrations nor tests."""
    return [
        path
        for root in ("vaxpass", "accounts", "records")
        for path in sorted((settings.BASE_DIR / root).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def name_of(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix()


def writes_in(source: str) -> list[tuple[int, str]]:
    """Return line and name of every call that may write a row.

    ``mapping.update(other)`` and ``cache.delete(key)`` take what a queryset's never take: a
    positional argument. ``self.create(…)`` and the like are a class's own.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "Insert":
            found.append((node.lineno, "Insert"))  # records.statements
        if not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        plain = name.removeprefix("a") in {"update", "delete"}
        if name in WRITES and not (plain and node.args):
            found.append((node.lineno, name))
        if name in {"execute", "executemany"} and node.args and is_write(node.args[0]):
            found.append((node.lineno, name))
    return found


def is_write(statement: ast.expr) -> bool:
    """Tell whether a literal (or the start of an f-string) is SQL that writes."""
    if isinstance(statement, ast.JoinedStr):
        statement = statement.values[0]
    text = statement.value if isinstance(statement, ast.Constant) else ""
    return isinstance(text, str) and text.lstrip().lower().startswith(STATEMENTS)


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_file_writes_no_record(path):
    name = name_of(path)
    if name.startswith(WRITERS):
        assert path.exists()
        return
    allowed = OTHER_TABLES.get(name, set())

    found = [(line, call) for line, call in writes_in(path.read_text()) if call not in allowed]

    assert not found, f"{name} writes a row beside the domain: {found}"


@pytest.mark.parametrize("name", OTHER_TABLES)
def test_exception_is_still_needed(name):
    calls = {call for _, call in writes_in((settings.BASE_DIR / name).read_text())}

    assert calls >= OTHER_TABLES[name]


@pytest.mark.parametrize(
    "planted",
    [
        "patient.save()",
        "patient.save(update_fields=['city'])",
        "await patient.asave()",
        "patient.delete()",
        "Patient.objects.create(first_name='Ada')",
        "Patient.objects.filter(pk=1).update(city='Graz')",
        "Patient.objects.all().delete()",
        "Patient.objects.get_or_create(first_name='Ada')",
        "Patient.objects.update_or_create(first_name='Ada')",
        "Patient.objects.bulk_create(rows)",
        "Patient.objects.bulk_update(rows, ['city'])",
        "Patient.history.bulk_history_create(rows)",
        "Patient.objects.all()._raw_delete('default')",
        "access.visible_to(user, Dose).update(status='entered-in-error')",
        "super().save(commit=True)",
        "cursor.execute('DELETE FROM records_dose')",
        "cursor.execute(f'INSERT INTO {table} VALUES (1)')",
        "cursor.executemany('update records_dose set site = %s', rows)",
    ],
)
def test_planted_write_is_found(planted):
    source = f"async def f():\n    {planted}\n"

    assert [line for line, _ in writes_in(source)] == [2]


@pytest.mark.parametrize(
    "harmless",
    [
        "context.update({'a': 1})",
        "cache.delete('key')",
        "seen.update(other)",
        "cursor.execute('SELECT 1')",
        "doses.void_dose(by=user, dose=dose, version=1, reason='why')",
        "deletion.delete_record(by=user, record=lot, version=1, reason='why')",
    ],
)
def test_harmless_call_is_let_pass(harmless):
    assert writes_in(harmless) == []
